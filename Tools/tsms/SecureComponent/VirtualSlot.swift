import ArgumentParser
import SecureComponentSimulator

/// A slot of vsmartcard's virtual reader, on the command line.
struct VirtualSlot: ParsableArguments {
    @Option(help: ArgumentHelp("Where the virtual reader (pcscd with vsmartcard-vpcd) listens.", valueName: "host")) var host = VPCDAttachment.defaultHost
    @Option(help: ArgumentHelp("Its port; the second slot has the next one.", valueName: "port")) var port = VPCDAttachment.defaultPort
    @Flag(help: "Wait for the virtual reader, and for the next one when it goes, until Ctrl-C.") var wait = false

    /// Keeps a card in the slot until it is pulled (Ctrl-C), it fails, or the reader goes.
    func hold(_ card: any AttachableCard, _ console: Console, about: String) async throws -> ExitStatus {
        var pause = BackOff()
        while true {
            let attachment: VPCDAttachment
            do throws(AttachmentError) {
                attachment = try VPCDAttachment(card, host: host, port: port)
            } catch {
                guard wait, error.code == "reader-unreachable" else { throw ToolFailure(error.description) }
                guard await pause.wait() else { return .done }
                continue
            }
            console.note("\(about) is in the virtual reader at \(host):\(port); Ctrl-C takes it out")
            console.object(["event": "attached", "host": host, "port": String(port)])
            let end: VPCDAttachment.End
            do throws(AttachmentError) { end = try await attachment.run() } catch { throw ToolFailure(error.description) }
            switch end {
            case .detached: return .done
            case .readerClosed:
                guard wait else { throw ToolFailure("the virtual reader is gone") }
            }
        }
    }
}
