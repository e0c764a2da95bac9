import TSMAPI
import TrustedServiceModel

/// Tells the user how far a process is.
struct ProgressPrinter: ProcessListener {
    func onProcessStart(_ start: ProcessStart) async throws { print("  process \(start.processId) begins") }
    func onProcessProgress(_ progress: ProcessProgress) async { print("  \(progress.progress) %") }
}
