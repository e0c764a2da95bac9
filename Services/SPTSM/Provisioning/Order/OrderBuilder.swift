import GlobalPlatform
import TrustedServiceModel

/// Makes a SERAM order of pieces: commands in sequence, with notifications for the SP app's listener between the steps.
public enum OrderBuilder {
    /// - Parameters:
    ///   - start: the process start, told before the first C-APDU of a process; nil later.
    ///   - progressBefore, progressAfter: share of the process (0…100) before and after this order.
    ///   - progress: makes the notification of a percentage; nil for dialogs without a listener.
    public static func order(_ pieces: [OrderPiece], component: SERAM.SecureElement, start: String?, progressBefore: Int, progressAfter: Int,
                             progress: ((Int) -> String)?) -> SERAM.Order {
        var commands: [SERAM.Command] = []
        if let start { commands += [.start, .notification(start)] }
        let total = max(1, pieces.reduce(0) { $0 + $1.commands.count })
        var sent = 0
        var lastTold = progressBefore
        for piece in pieces {
            var at = 0
            while at < piece.commands.count {
                let end = piece.steps.first { $0.first <= at && at < $0.first + $0.count }.map { $0.first + $0.count } ?? piece.commands.count
                commands.append(.apdus(piece.commands[at..<end].map { Hex.encodeUpperCase($0.bytes) }))
                sent += end - at
                at = end
                let percent = progressBefore + (progressAfter - progressBefore) * sent / total
                if let progress, percent > lastTold {
                    commands.append(.notification(progress(percent)))
                    lastTold = percent
                }
            }
        }
        return SERAM.Order(delay: 0, chosenSecureElement: component, ramCommands: commands)
    }
}
