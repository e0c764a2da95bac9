import GlobalPlatform
import TrustedServiceModel

/// Takes an agent's report apart by the layout of the order that it answers.
public enum ReportSplitter {
    /// R-APDUs of each piece, in order. A piece after the point where the order stopped is empty.
    ///
    /// SERAM agents of other makers do not stop at an error: they answer what they could not run with an empty string. From the
    /// first empty answer on nothing counts, since what the card saw after it is not known.
    /// - Throws: `TSMFailure(.executionInterrupted)` for reports that cannot belong to the order: more answers than commands,
    ///   answers that are no R-APDU.
    public static func split(_ report: SERAM.Report, by layout: OrderLayout) throws(TSMFailure) -> [[HexBytes]] {
        var answers: [HexBytes] = []
        reading: for response in report.ramResponses ?? [] {
            for text in response.listOfRAPDU {
                if text.isEmpty { break reading }
                guard let bytes = try? Hex.decode(text), bytes.count >= 2, bytes.count <= 258 else {
                    throw TSMFailure(.executionInterrupted, "the handset reported an answer that is no R-APDU; start the operation again")
                }
                answers.append(HexBytes(bytes))
                guard answers.count <= layout.total else {
                    throw TSMFailure(.executionInterrupted, "the handset reported more answers than commands were sent; start the operation again")
                }
            }
        }
        var parts: [[HexBytes]] = []
        var at = 0
        for entry in layout.entries {
            let end = min(at + entry.count, answers.count)
            parts.append(Array(answers[at..<end]))
            at = end
        }
        return parts
    }
}
