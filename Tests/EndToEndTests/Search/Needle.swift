import Foundation
import GlobalPlatform

/// Bytes that are looked for, in every form in which a program might leave them behind.
struct Needle: Sendable, Hashable {
    /// What it is, for the report.
    var name: String
    var bytes: [UInt8]

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    /// As text that is looked for literally.
    init(text: String) { self.init(text, Array(text.utf8)) }

    struct Form: Sendable, Hashable {
        var name: String
        var bytes: [UInt8]
    }

    /// Raw, hexadecimal in both cases, base64 in both alphabets wherever in a longer value the bytes may stand.
    var forms: [Form] {
        var forms = [Form(name: "raw", bytes: bytes), Form(name: "hex", bytes: Array(Hex.encode(bytes).utf8)), Form(name: "HEX", bytes: Array(Hex.encodeUpperCase(bytes).utf8))]
        for offset in 0..<3 {
            let text = Data([UInt8](repeating: 0, count: offset) + bytes).base64EncodedString()
            // Only characters that depend on nothing but the bytes: 6 bits each.
            let first = (offset * 8 + 5) / 6
            let end = (offset + bytes.count) * 8 / 6
            let core = Array(text.utf8)[first..<end]
            forms.append(Form(name: "base64/\(offset)", bytes: Array(core)))
            let url = core.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0 }
            if url != Array(core) { forms.append(Form(name: "base64url/\(offset)", bytes: url)) }
        }
        return forms
    }
}

/// Where something was found.
struct Finding: Sendable, Hashable, CustomStringConvertible {
    var needle: String
    var form: String
    var place: String

    var description: String { "\(needle) (\(form)) in \(place)" }
}
