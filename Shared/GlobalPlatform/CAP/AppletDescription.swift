/// APPLET-INF/applet.xml: names and AIDs of applets, as tools for the handset's side read them. No card sees it, so nothing that is wrong with it
/// stops a CAP file.
enum AppletDescription {
    static let maximumSize = 1 << 18

    static func isEntry(_ name: String) -> Bool { name.lowercased() == "applet-inf/applet.xml" }

    /// Where it cannot be read, or says other things than the components.
    static func contradictions(of bytes: [UInt8], applets: [CAPApplet]) -> [String] {
        guard bytes.count <= maximumSize else { return ["it has \(bytes.count) bytes and was not read; \(maximumSize) are reasonable"] }
        let texts: [String]
        do {
            texts = try XMLTexts.read(bytes, element: "applet-AID")
        } catch {
            return ["it is no well-formed XML: \(error)"]
        }
        let aids = texts.map { aid($0) }
        if let index = aids.firstIndex(of: nil) { return ["'\(texts[index].prefix(80))' is no AID"] }
        guard Set(aids.compactMap { $0 }) == Set(applets.map(\.aid)) else { return ["it lists \(texts.count) applets, the components \(applets.count), and not the same ones"] }
        return []
    }

    /// `//aid/<RID>/<PIX>`
    private static func aid(_ text: String) -> AID? {
        let prefix = "//aid/"
        guard text.lowercased().hasPrefix(prefix) else { return nil }
        return try? AID(hex: text.dropFirst(prefix.count).filter { $0 != "/" })
    }
}
