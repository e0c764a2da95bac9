/// Something about a CAP file that is odd and does not matter to a card: what goes to the card is in the components alone.
public struct CAPWarning: Hashable, Sendable, CustomStringConvertible {
    public enum Code: String, Hashable, Sendable {
        /// The manifest contradicts the components.
        case manifest = "cap-manifest"
        /// APPLET-INF/applet.xml cannot be read, or contradicts the components.
        case appletDescription = "cap-applet-xml"
        /// A Debug component, which is not loaded.
        case debug = "cap-debug"
        /// A component's file has the other of the extensions `.cap` and `.capx`.
        case fileExtension = "cap-file-extension"
        /// Components that are no part of the Java Card specification; they are not loaded.
        case customComponent = "cap-custom-component"
    }

    public let code: Code
    /// The archive's entry.
    public let place: String
    public let problem: String

    public var description: String { "\(place): \(problem)" }

    static func find(files: CAPComponentFiles, zip: ZIPArchive, header: CAPHeader, applets: [CAPApplet], manifest: CAPManifest?) -> [CAPWarning] {
        var warnings: [CAPWarning] = []
        for kind in CAPComponent.Kind.allCases {
            guard let item = files.items[kind] else { continue }
            let expected = kind.entryName(inExtendedFile: header.isExtended)
            if item.hasLongExtension != expected.hasSuffix("x") { warnings.append(CAPWarning(code: .fileExtension, place: item.name, problem: "\(expected) is its right name")) }
            if kind == .debug { warnings.append(CAPWarning(code: .debug, place: item.name, problem: "debug information is not loaded; it may tell others more than is meant")) }
        }
        warnings += files.custom.map { CAPWarning(code: .customComponent, place: $0.name, problem: "a component of somebody's own is not loaded") }
        if let manifest {
            warnings += manifest.contradictions(header: header, applets: applets).map { CAPWarning(code: .manifest, place: "META-INF/MANIFEST.MF", problem: $0) }
        }
        for entry in zip.entries where AppletDescription.isEntry(entry.name) {
            warnings += AppletDescription.contradictions(of: entry.content, applets: applets).map { CAPWarning(code: .appletDescription, place: entry.name, problem: $0) }
        }
        return warnings
    }
}
