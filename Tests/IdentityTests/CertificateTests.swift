import Crypto
import Foundation
import Identity
import SwiftASN1
import Testing
@_spi(FixedExpiryValidationTime) import X509

@Suite final class CertificateTests {
    static let now = Date(timeIntervalSince1970: 1_900_000_000)
    let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "identity-tests-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func root(marked: Bool = false, curve: CertificateAuthority.Curve = .p256) throws -> CertificateAuthority {
        try CertificateAuthority(name: "Test Root", organization: "Example", curve: curve, testMarker: marked, now: Self.now)
    }

    @Test(arguments: [CertificateAuthority.Curve.p256, .p384])
    func issuesAWorkloadCertificate(curve: CertificateAuthority.Curve) async throws {
        let root = try root(curve: curve)
        let id = try SPIFFEID("spiffe://sp-tsm.example/key-vault")
        let issued = try root.issue(.workload(id), curve: curve, now: Self.now)
        let leaf = try Certificate(pemEncoded: issued.certificatePEM)
        #expect(leaf.subject.description == "CN=key-vault")
        #expect(try leaf.extensions.extendedKeyUsage?.contains(.serverAuth) == true)
        #expect(try leaf.extensions.extendedKeyUsage?.contains(.clientAuth) == true)
        #expect(try leaf.extensions.basicConstraints == .notCertificateAuthority)
        let rootCertificate = try Certificate(pemEncoded: root.certificatePEM)
        #expect(try leaf.extensions.authorityKeyIdentifier?.keyIdentifier == rootCertificate.extensions.subjectKeyIdentifier?.keyIdentifier)
        #expect(rootCertificate.publicKey.isValidSignature(leaf.signature, for: leaf))
        let names = try #require(try leaf.extensions.subjectAlternativeNames)
        #expect(names.contains(.uniformResourceIdentifier(id.description)))
        #expect(names.contains(.dnsName("localhost")))
        #expect(names.contains(.ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1]))))

        var verifier = Verifier(rootCertificates: CertificateStore([rootCertificate])) { RFC5280Policy(fixedExpiryValidationTime: Self.now) }
        guard case .validCertificate = await verifier.validate(leaf: leaf, intermediates: CertificateStore()) else {
            Issue.record("the chain does not verify")
            return
        }
        let loaded = try #require(try CertificateFile.parse(pem: issued.certificatePEM).first)
        #expect(loaded.spiffeID == id)
        #expect(loaded.dnsNames == ["localhost"])
        #expect(!loaded.isTestCertificate && !loaded.isCertificateAuthority)
        #expect(loaded.thumbprint.count == 64)
        #expect(abs(loaded.notAfter.timeIntervalSince(Self.now) - 90 * 86_400) < 1)
    }

    @Test func serialNumbersDiffer() throws {
        let root = try root()
        let profile = CertificateProfile(commonName: "a", purpose: .client)
        let serials = try Set((0..<5).map { _ in try Certificate(pemEncoded: root.issue(profile, now: Self.now).certificatePEM).serialNumber.description })
        #expect(serials.count == 5)
    }

    @Test func aLeafNeverOutlivesItsRoot() throws {
        let root = try CertificateAuthority(name: "Short", testMarker: false, lifetime: 3600, now: Self.now)
        let issued = try root.issue(CertificateProfile(commonName: "a", purpose: .client, lifetime: 7200), now: Self.now)
        #expect(try CertificateFile.parse(pem: issued.certificatePEM)[0].notAfter == Self.now + 3600)
    }

    @Test func theMarkerReachesEveryCertificateAndProductionRefusesIt() throws {
        let root = try root(marked: true)
        let issued = try root.issue(CertificateProfile(commonName: "a", purpose: .server, dnsNames: ["a.example"]), now: Self.now)
        let path = directory + "/a.pem"
        try issued.write(certificate: path, privateKey: directory + "/a.key")
        let file = try CertificateFile(path: path)
        #expect(file.leaf.isTestCertificate)
        #expect(try CertificateFile.parse(pem: root.certificatePEM)[0].isTestCertificate)
        try file.requireUsable(at: Self.now, testbed: true)
        let error = #expect(throws: IdentityError.self) { try file.requireUsable(at: Self.now, testbed: false) }
        #expect(error?.code == .testCertificate)
        // The reloaded authority keeps marking.
        let again = try CertificateAuthority(certificatePEM: root.certificatePEM, privateKeyPEM: root.privateKeyPEM)
        #expect(again.issuesTestCertificates)
    }

    @Test func validityIsChecked() throws {
        let path = directory + "/b.pem"
        try root().issue(CertificateProfile(commonName: "b", purpose: .client, lifetime: 60), now: Self.now).write(certificate: path, privateKey: directory + "/b.key")
        let file = try CertificateFile(path: path)
        try file.requireUsable(at: Self.now, testbed: false)
        #expect(#expect(throws: IdentityError.self) { try file.requireUsable(at: Self.now + 61, testbed: false) }?.code == .certificateExpired)
        #expect(#expect(throws: IdentityError.self) { try file.requireUsable(at: Self.now - 3600, testbed: false) }?.code == .certificateNotYetValid)
    }

    @Test func keyFilesAreForTheirOwnerOnly() throws {
        let issued = try root().issue(CertificateProfile(commonName: "c", purpose: .client), now: Self.now)
        try issued.write(certificate: directory + "/c.pem", privateKey: directory + "/c.key")
        let attributes = try FileManager.default.attributesOfItem(atPath: directory + "/c.key")
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == ["c.key", "c.pem"])
        var dumped = ""
        dump(issued, to: &dumped)
        dump(try root(), to: &dumped)
        #expect(!"\(issued) \(try root()) \(dumped)".contains("PRIVATE"))
        let file = try CertificateFile(path: directory + "/c.pem")
        try file.requireKey(at: directory + "/c.key")
        let other = try root().issue(CertificateProfile(commonName: "d", purpose: .client), now: Self.now)
        try other.write(certificate: directory + "/d.pem", privateKey: directory + "/d.key")
        #expect(#expect(throws: IdentityError.self) { try file.requireKey(at: directory + "/d.key") }?.code == .keyDoesNotMatch)
    }

    @Test func issuesForAKeyHeldElsewhere() throws {
        let key = P256.Signing.PrivateKey()
        let pem = try root().issue(CertificateProfile(commonName: "Attestation", purpose: .signing), forPublicKey: Array(key.publicKey.derRepresentation), now: Self.now)
        let certificate = try Certificate(pemEncoded: pem)
        #expect(P256.Signing.PublicKey(certificate.publicKey)?.rawRepresentation == key.publicKey.rawRepresentation)
        #expect(try certificate.extensions.extendedKeyUsage == nil)
        #expect(try certificate.extensions.keyUsage?.digitalSignature == true)
    }

    @Test func refusesBrainpoolAndRubbishKeys() throws {
        // SubjectPublicKeyInfo with the curve brainpoolP256r1 (1.3.36.3.3.2.8.1.1.7) and a made-up point.
        let brainpool: [UInt8] = [0x30, 0x5A, 0x30, 0x14, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04] + [UInt8](repeating: 7, count: 64)
        let root = try root()
        for der in [brainpool, [], [0x30], [UInt8](repeating: 0xFF, count: 100)] {
            let error = #expect(throws: IdentityError.self) { try root.issue(CertificateProfile(commonName: "x", purpose: .signing), forPublicKey: der, now: Self.now) }
            #expect(error?.code == .unsupportedCurve)
        }
    }

    @Test func aRootNeedsItsOwnKey() throws {
        let one = try root()
        let other = try root()
        #expect(#expect(throws: IdentityError.self) { try CertificateAuthority(certificatePEM: one.certificatePEM, privateKeyPEM: other.privateKeyPEM) }?.code == .keyDoesNotMatch)
        #expect(#expect(throws: IdentityError.self) { try CertificateAuthority(certificatePEM: "x", privateKeyPEM: other.privateKeyPEM) }?.code == .invalidCertificate)
        #expect(#expect(throws: IdentityError.self) { try CertificateAuthority(certificatePEM: one.certificatePEM, privateKeyPEM: "secret") }?.code == .invalidKey)
        let leaf = try one.issue(CertificateProfile(commonName: "leaf", purpose: .client), now: Self.now)
        #expect(#expect(throws: IdentityError.self) { try CertificateAuthority(certificatePEM: leaf.certificatePEM, privateKeyPEM: leaf.privateKeyPEM) }?.code == .invalidCertificate)
    }

    @Test func badFilesAreTypedErrors() throws {
        func code(_ content: String?) throws -> IdentityError.Code? {
            let path = directory + "/" + UUID().uuidString
            if let content { try Data(content.utf8).write(to: URL(fileURLWithPath: path)) }
            return #expect(throws: IdentityError.self) { try CertificateFile(path: path) }?.code
        }
        let issued = try root().issue(CertificateProfile(commonName: "e", purpose: .client), now: Self.now)
        #expect(try code(nil) == .unreadableFile)
        #expect(try code("") == .invalidCertificate)
        #expect(try code("no PEM at all") == .invalidCertificate)
        #expect(try code(String(issued.certificatePEM.prefix(200))) == .invalidCertificate)
        #expect(try code(issued.certificatePEM + "\n" + issued.privateKeyPEM) == .invalidCertificate)
        #expect(try code("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n") == .invalidCertificate)
        var generator = SeededGenerator(seed: 7)
        let der = try CertificateFile.parse(pem: issued.certificatePEM)[0].der
        for _ in 0..<300 {
            // Either it still reads as a certificate, or it is this error; nothing else.
            var changed = der
            changed[Int.random(in: 0..<changed.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
            let cut = Array(changed.prefix(Int.random(in: 0...changed.count, using: &generator)))
            for candidate in [changed, cut] {
                do throws(IdentityError) {
                    _ = try LoadedCertificate(der: candidate)
                } catch {
                    #expect(error.code == .invalidCertificate)
                }
            }
        }
    }

    @Test func fingerprintsTellARewrittenFile() throws {
        let path = directory + "/f"
        #expect(FileFingerprint(path: path) == nil)
        try AtomicFile.write([1], to: path, mode: AtomicFile.publicMode)
        let first = FileFingerprint(path: path)
        #expect(first != nil && FileFingerprint(path: path) == first)
        try AtomicFile.write([2], to: path, mode: AtomicFile.publicMode)
        #expect(FileFingerprint(path: path) != first)
    }

    @Test func anUnwritablePathIsATypedError() {
        let error = #expect(throws: IdentityError.self) { try AtomicFile.write([1], to: directory + "/missing/file", mode: 0o600) }
        #expect(error?.code == .unwritableFile)
    }
}

/// SplitMix64: the same bytes on every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
