import Foundation
import Synchronization

/// One loaded, checked set of credentials. Listeners and clients take their TLS contexts from it; after `reload()`
/// new connections use the new files, connections that are up go on undisturbed.
public final class TLSCredentials: Sendable {
    /// A material with the number of its loading, which tells contexts made from it apart.
    struct Generation: Sendable {
        let number: Int
        let material: TLSMaterial
    }
    public let files: TLSFiles
    private let state: Mutex<Generation>

    /// Loads and checks: EC at least 250 bits and RSA at least 3000 bits on the whole chain and the anchors, key and leaf belong together.
    public init(files: TLSFiles) throws(TLSError) {
        self.files = files
        self.state = Mutex(Generation(number: 0, material: try TLSMaterial(files: files)))
    }

    /// Reads the files again. If anything is wrong with them the credentials in use stay, and the error says why.
    public func reload() throws(TLSError) {
        let material = try TLSMaterial(files: files)
        state.withLock { $0 = Generation(number: $0.number + 1, material: material) }
    }

    /// The leaf certificate in use, DER.
    public var leafCertificateDER: [UInt8] { current.material.leaf.der }
    /// When the leaf certificate in use ends.
    public var certificateNotAfter: Date { current.material.leaf.notAfter }
    /// The subject of the leaf certificate in use, RFC 2253.
    public var subject: String { current.material.leaf.subject }

    var current: Generation { state.withLock { $0 } }
}
