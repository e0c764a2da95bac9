import Foundation
import Identity
import Logging
import Testing

@testable import ServiceKit

@Suite struct CertificateWatchTests {
    private func watch(testbed: Bool = true) -> CertificateWatch {
        CertificateWatch(environment: .system, isTestbed: testbed, logger: StoreTests.logger)
    }

    @Test func newFilesAreTakenUp() throws {
        let domain = try TestDomain()
        let watch = watch()
        let tls = try domain.tls("a")
        let credentials = try watch.credentials(tls)
        #expect(try watch.credentials(tls) === credentials)
        let before = credentials.leafCertificateDER
        watch.look()
        #expect(credentials.leafCertificateDER == before)
        _ = try domain.tls("a")
        watch.look()
        #expect(credentials.leafCertificateDER != before)
        #expect(try CertificateFile(path: tls.certificate).leaf.der == credentials.leafCertificateDER)
    }

    @Test func unusableFilesLeaveTheOldOnes() throws {
        let domain = try TestDomain()
        let watch = watch()
        let tls = try domain.tls("a")
        let credentials = try watch.credentials(tls)
        let before = credentials.leafCertificateDER
        // Half of a renewal: the certificate without its key
        let next = try domain.root.issue(.workload(domain.id("a")), now: Date())
        try AtomicFile.write(next.certificatePEM.utf8, to: tls.certificate, mode: 0o644)
        watch.look()
        #expect(credentials.leafCertificateDER == before)
        // The other half
        try AtomicFile.write(next.privateKeyPEM.utf8, to: tls.key.path, mode: 0o600)
        watch.look()
        #expect(credentials.leafCertificateDER != before)
        // Expired
        let good = credentials.leafCertificateDER
        _ = try domain.tls("a", lifetime: 60, now: Date() - 3600)
        watch.look()
        #expect(credentials.leafCertificateDER == good)
    }

    @Test func productionStaysProduction() throws {
        let domain = try TestDomain(marked: false)
        let watch = watch(testbed: false)
        let tls = try domain.tls("a")
        let credentials = try watch.credentials(tls)
        let before = credentials.leafCertificateDER
        let marked = try TestDomain().root.issue(.workload(domain.id("a")), now: Date())
        try marked.write(certificate: tls.certificate, privateKey: tls.key.path)
        watch.look()
        #expect(credentials.leafCertificateDER == before)
    }
}
