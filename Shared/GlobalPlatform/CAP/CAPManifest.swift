/// The attributes of META-INF/MANIFEST.MF, all sections in one (JAR file specification); informative only, the components decide.
public struct CAPManifest: Hashable, Sendable {
    public let attributes: [String: String]

    /// Lines that are no attributes are skipped; a line that begins with a space goes on with the value before it.
    public init(parsing bytes: [UInt8]) {
        var attributes: [String: String] = [:]
        var current: String?
        for line in bytes.split(whereSeparator: { $0 == 0x0A || $0 == 0x0D }) {
            if line.first == 0x20 {
                if let current { attributes[current]?.append(String(decoding: line.dropFirst(), as: UTF8.self)) }
                continue
            }
            current = nil
            guard let colon = line.firstIndex(of: 0x3A) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            var value = line[(colon + 1)...]
            if value.first == 0x20 { value = value.dropFirst() }
            attributes[name] = String(decoding: value, as: UTF8.self)
            current = name
        }
        self.attributes = attributes
    }

    public subscript(name: String) -> String? { attributes[name] }

    /// Class names by AID, from Java-Card-Applet-n-AID and -Name; AIDs are written 0xf0:0x54:….
    var appletNames: [AID: String] {
        var names: [AID: String] = [:]
        for number in 1...255 {
            guard let text = attributes["Java-Card-Applet-\(number)-AID"], let name = attributes["Java-Card-Applet-\(number)-Name"] else { break }
            let digits = text.split(separator: ":").map { $0.hasPrefix("0x") ? $0.dropFirst(2) : $0 }
            let hex = digits.map { $0.count == 1 ? "0\($0)" : String($0) }.joined()
            if let aid = try? AID(hex: hex) { names[aid] = name }
        }
        return names
    }
}
