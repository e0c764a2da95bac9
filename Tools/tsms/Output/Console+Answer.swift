import Foundation
import ServiceKit

extension Console {
    /// A JSON answer of a service as the verb's result, whatever is in it: one line in JSON mode, indented otherwise; nothing says "done".
    /// - Throws: for bytes that are no JSON.
    func answer(_ bytes: [UInt8]) throws {
        guard !bytes.isEmpty else {
            object(["result": "ok"])
            return text("done")
        }
        let value = try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
        let options: JSONSerialization.WritingOptions = json ? [.withoutEscapingSlashes, .sortedKeys] : [.withoutEscapingSlashes, .sortedKeys, .prettyPrinted]
        Console.write(String(decoding: try JSONSerialization.data(withJSONObject: value, options: options), as: UTF8.self) + "\n", to: STDOUT_FILENO)
    }
}
