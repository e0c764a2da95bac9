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

    /// What it calls the applets: `Java-Card-Applet-n-…`, in an extended file `Java-Card-Package-m-Java-Card-Applet-n-…`.
    private var applets: [(aid: String, name: String)] {
        let prefixes = [""] + (1...255).map { "Java-Card-Package-\($0)-" }
        return prefixes.flatMap { prefix in
            (1...255).lazy.map { "\(prefix)Java-Card-Applet-\($0)-" }.prefix { attributes["\($0)AID"] != nil }
                .map { (attributes["\($0)AID"] ?? "", attributes["\($0)Name"] ?? "") }
        }
    }

    /// Class names by AID.
    var appletNames: [AID: String] {
        var names: [AID: String] = [:]
        for applet in applets where !applet.name.isEmpty {
            // An AID that cannot be read names no applet; it is told as a contradiction.
            if let aid = CAPManifest.aid(applet.aid) { names[aid] = applet.name }
        }
        return names
    }

    /// Where it says other things than the components; what it does not say contradicts nothing.
    func contradictions(header: CAPHeader, applets: [CAPApplet]) -> [String] {
        var found: [String] = []
        func compare(_ attribute: String, _ isRight: (String) -> Bool, _ truth: String) {
            if let text = self[attribute], !isRight(text) { found.append("\(attribute) is '\(text.prefix(80))', the components say \(truth)") }
        }
        let kind = header.isExtended ? "CAP" : "Package"
        compare("Java-Card-\(kind)-AID", { CAPManifest.aid($0) == header.packageAID }, "\(header.packageAID)")
        compare("Java-Card-\(kind)-Version", { (try? VersionNumber($0)) == header.packageVersion }, "\(header.packageVersion)")
        compare("Java-Card-CAP-File-Version", { (try? VersionNumber($0)) == header.formatVersion }, "\(header.formatVersion)")
        compare("Java-Card-Integer-Support-Required", { ($0.lowercased() == "true") == header.flags.contains(.integers) }, "\(header.flags.contains(.integers))")
        let named = self.applets
        let aids = named.compactMap { CAPManifest.aid($0.aid) }
        if !named.isEmpty, Set(aids) != Set(applets.map(\.aid)) || aids.count != named.count {
            found.append("it names \(named.count) applets, the components \(applets.count), and not the same ones")
        }
        return found
    }

    /// Written as 0xf0:0x54:…; nil for what is no AID.
    static func aid(_ text: String) -> AID? {
        let digits = text.split(separator: ":").map { $0.hasPrefix("0x") || $0.hasPrefix("0X") ? $0.dropFirst(2) : $0 }
        return try? AID(hex: digits.map { $0.count == 1 ? "0\($0)" : String($0) }.joined())
    }
}
