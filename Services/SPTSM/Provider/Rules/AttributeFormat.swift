import Foundation
import GlobalPlatform
import TrustedServiceModel

/// What a value must look like; a violation is category 1008.
indirect enum AttributeFormat: Sendable {
    /// At most so many characters, as JSON Schema counts them: code points. So below.
    case text(Int)
    /// ID of another entity. Any string: an impossible ID is one that does not exist (1009).
    case reference
    /// `a.b.c` with one to three digits each.
    case versionTag
    case boolean
    case integer(ClosedRange<Int>)
    /// Hexadecimal, 5 to 16 bytes.
    case aid
    /// Hexadecimal of even length up to so many digits: the hash of an app's certificate.
    case hash(Int)
    /// Hexadecimal TLV objects of so many characters at most; spaces between bytes are dropped.
    case tlv(Int)
    /// Absolute URI with a host.
    case uri(Int)
    case oneOf([String])
    case list(AttributeFormat)
    case map(AttributeFormat)
    case object(EntityRules)

    /// The value in the form that is stored.
    func normalised(_ value: JSONValue) -> JSONValue {
        switch (self, value) {
        case (.tlv, .string(let text)): .string(text.filter { $0 != " " })
        case (.list(let format), .array(let items)): .array(items.map(format.normalised))
        case (.map(let format), .object(let members)): .object(members.mapValues(format.normalised))
        default: value
        }
    }

    /// The first place where the value is not in this format.
    func check(_ value: JSONValue, at path: String) throws(GeneralError) {
        switch (self, value) {
        case (.list(let format), .array(let items)):
            for (index, item) in items.enumerated() { try format.check(item, at: "\(path)[\(index)]") }
        case (.map(let format), .object(let members)):
            for (key, member) in members.sorted(by: { $0.key < $1.key }) {
                guard key.unicodeScalars.count <= 255 else { throw .invalidFormat(key, for: path, supported: "keys of at most 255 characters") }
                try format.check(member, at: "\(path).\(key)")
            }
        case (.object, .object): break
        default:
            guard accepts(value) else { throw .invalidFormat(value.shown, for: path, supported: explanation) }
        }
    }

    private func accepts(_ value: JSONValue) -> Bool {
        switch (self, value) {
        case (.text(let maximum), .string(let text)): text.unicodeScalars.count <= maximum
        case (.reference, .string(let text)): text.unicodeScalars.count <= 255
        case (.versionTag, .string(let text)): Self.isVersionTag(text)
        case (.boolean, .boolean): true
        case (.integer(let range), .integer(let number)): range.contains(number)
        case (.aid, .string(let text)): (try? AID(hex: text)) != nil
        case (.hash(let maximum), .string(let text)): !text.isEmpty && text.utf8.count <= maximum && (try? Hex.decode(text)) != nil
        case (.tlv(let maximum), .string(let text)): text.utf8.count <= maximum && Self.isTLV(text)
        case (.uri(let maximum), .string(let text)): text.unicodeScalars.count <= maximum && Self.isAbsoluteURI(text)
        case (.oneOf(let names), .string(let text)): names.contains(text)
        default: false
        }
    }

    var explanation: String {
        switch self {
        case .text(let maximum): "a string of at most \(maximum) characters"
        case .reference: "an identifier"
        case .versionTag: "<Major>.<Minor>.<Revision>, one to three digits each"
        case .boolean: "true or false"
        case .integer(let range): "an integer from \(range.lowerBound) to \(range.upperBound)"
        case .aid: "an AID of 5 to 16 bytes in hexadecimal"
        case .hash(let maximum): "hexadecimal, an even number of at most \(maximum) digits"
        case .tlv(let maximum): "TLV objects in hexadecimal, at most \(maximum) characters"
        case .uri(let maximum): "an absolute URI of at most \(maximum) characters"
        case .oneOf(let names): "one of \(names.joined(separator: ", "))"
        case .list: "an array"
        case .map: "a map"
        case .object(let rules): "an object \(rules.name)"
        }
    }

    static func isVersionTag(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 3 && parts.allSatisfy { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }
    }

    /// "Format <TLV-Structures>" (TR-03165 4.1.4.13): definite lengths, nothing left over.
    private static func isTLV(_ text: String) -> Bool {
        guard let bytes = try? Hex.decode(text.filter { $0 != " " }) else { return false }
        var reader = TLVReader(bytes)
        do {
            while try reader.next() != nil {}
            return true
        } catch {
            return false
        }
    }

    private static func isAbsoluteURI(_ text: String) -> Bool {
        guard !text.contains(where: \.isWhitespace), let components = URLComponents(string: text), let scheme = components.scheme, let host = components.host else { return false }
        return !scheme.isEmpty && !host.isEmpty
    }
}
