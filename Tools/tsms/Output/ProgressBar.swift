import Foundation
import Synchronization
import TrustedServiceModel
import TSMAPI

/// The SP app's listener as a progress bar; plain lines where there is no terminal. Notes what it was told, for checks afterwards.
final class ProgressBar: ProcessListener {
    struct Told: Sendable {
        var starts = 0
        var progress: [Int] = []
    }

    private let console: Console
    private let label: String
    private let told = Mutex(Told())

    init(label: String, console: Console) {
        self.label = label
        self.console = console
    }

    var heard: Told { told.withLock { $0 } }

    func onProcessStart(_ start: ProcessStart) async throws {
        told.withLock { $0.starts += 1 }
        if console.drawsProgress { draw(0, "") } else { console.note("\(label): process \(start.processId) started") }
        console.object(Event(event: "processStart", processId: start.processId, progress: 0, operation: nil))
    }

    func onProcessProgress(_ progress: ProcessProgress) async {
        told.withLock { $0.progress.append(progress.progress) }
        if console.drawsProgress { draw(progress.progress, "") } else { console.note("\(label): \(progress.progress) %") }
        console.object(Event(event: "processProgress", processId: progress.processId, progress: progress.progress, operation: progress.operation.rawValue))
    }

    /// Ends the line of the bar.
    func finish() {
        if console.drawsProgress && heard.starts > 0 { Console.write("\n", to: STDERR_FILENO) }
    }

    private struct Event: Encodable {
        var event: String
        var processId: String
        var progress: Int
        var operation: Int?
    }

    private func draw(_ percent: Int, _ remark: String) {
        let width = 40
        let filled = min(max(percent, 0), 100) * width / 100
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
        Console.write("\r\(label) \(bar) \(percent) %", to: STDERR_FILENO)
    }
}
