import DeploymentDocument
import Foundation
import HTTP2
import Identity

/// Certificates of an online service's domain and of the SP TSM's, in a directory of their own.
final class OnlinePKI: Sendable {
    static let spTsm = "spiffe://sp-tsm.example/sp-tsm-handset"

    let directory = FileManager.default.temporaryDirectory.appending(path: "online-\(UUID().uuidString)").path
    let online: CertificateAuthority
    let other: CertificateAuthority
    let tsm: CertificateAuthority

    init() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let now = Date()
        online = try CertificateAuthority(name: "online root", testMarker: true, now: now)
        other = try CertificateAuthority(name: "another root", testMarker: true, now: now)
        tsm = try CertificateAuthority(name: "sp-tsm root", testMarker: true, now: now)
        try issue("server", by: online, CertificateProfile(commonName: "server", purpose: .server, dnsNames: ["localhost"], ipAddresses: [CertificateProfile.loopbackAddress]))
        try issue("sibling", by: online, CertificateProfile(commonName: "server", purpose: .server, dnsNames: ["localhost"], ipAddresses: [CertificateProfile.loopbackAddress]))
        try issue("elsewhere", by: online, CertificateProfile(commonName: "127.0.0.1", purpose: .server, dnsNames: ["elsewhere.example"]))
        try issue("expired", by: online, CertificateProfile(commonName: "server", purpose: .server, ipAddresses: [CertificateProfile.loopbackAddress], lifetime: 60), at: now.addingTimeInterval(-86_400))
        try issue("foreign", by: other, CertificateProfile(commonName: "server", purpose: .server, dnsNames: ["localhost"], ipAddresses: [CertificateProfile.loopbackAddress]))
        try issue("tsm", by: tsm, .workload(try SPIFFEID(Self.spTsm)))
        for (name, authority) in [("online", online), ("other", other), ("tsm", tsm)] {
            try authority.certificatePEM.write(toFile: path("\(name)-ca.pem"), atomically: true, encoding: .utf8)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func issue(_ name: String, by authority: CertificateAuthority, _ profile: CertificateProfile, at date: Date = Date()) throws {
        try authority.issue(profile, now: date).write(certificate: path("\(name).pem"), privateKey: path("\(name).key"))
    }

    func path(_ file: String) -> String { "\(directory)/\(file)" }

    func pem(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

    /// - Parameter anchors: whom the bearer trusts.
    func credentials(_ name: String, anchors: String? = "tsm") throws -> TLSCredentials {
        try TLSCredentials(files: TLSFiles(certificateChain: path("\(name).pem"), privateKey: path("\(name).key"), trustAnchors: anchors.map { path("\($0)-ca.pem") }))
    }
}
