import Cryptography
import Foundation
import GlobalPlatform
import Identity
import TestMaterial
import Testing
@testable import tsms

@Suite("attestation tokens, held against the published certificate by tsms and by the script")
struct AttestationTests {
    /// A signing key with its certificate, as a TSM publishes it.
    private struct Signer {
        let key: ECPrivateKey
        let certificate: String

        init(_ curve: EllipticCurve = .p256, in directory: String, _ name: String = "attestation") throws {
            key = try ECPrivateKey.generate(on: curve)
            let authority = try CertificateAuthority(name: "CA", testMarker: true, now: Date())
            let pem = try authority.issue(CertificateProfile(commonName: name, purpose: .signing), forPublicKey: key.publicKey.subjectPublicKeyInfo(), now: Date())
            certificate = "\(directory)/\(name).pem"
            try AtomicFile.write(pem.utf8, to: certificate, mode: AtomicFile.publicMode)
        }

        func token(diversified: Bool = true, tsm: String = "2.999.3165.1") throws -> AttestationToken {
            let content = try AttestationContent(
                tsm: ASN1ObjectIdentifier(tsm), processID: UUIDOctets("00112233-4455-6677-8899-aabbccddeeff"), flavorID: UUIDOctets("ffeeddcc-bbaa-9988-7766-554433221100"),
                diversification: diversified ? .init(masterKeyIndex: UUIDOctets("0a1b2c3d-0000-4000-8000-0a0b0c0d0e0f"), keyDiversificationData: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) : nil,
                subjectKeyIdentifier: AttestationContent.subjectKeyIdentifier(ofPublicKey: key.publicKey.point()))
            return try AttestationToken(content: content, signature: try key.signature(of: content.toBeSigned).derRepresentation())
        }
    }

    private func withDirectory(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-attestation-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    /// Exit code and output of the script.
    private func script(_ token: [UInt8], _ certificate: String, _ more: [String] = []) throws -> (code: Int32, output: String) {
        let file = certificate + ".token"
        try Data(token).write(to: URL(fileURLWithPath: file))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = [ReferenceData.packageRoot.appendingPathComponent("deploy/attestation/verify-token.sh").path, file, certificate] + more
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, output)
    }

    private func tool(_ token: [UInt8], _ certificate: String, _ expectation: AttestationVerification.Expectation = .init()) throws {
        try AttestationVerification(certificate: certificate).verify(AttestationVerification.token(token), expecting: expectation)
    }

    @Test("a good token, with and without diversification data, on both curves: both say the same of it", arguments: [EllipticCurve.p256, .p384], [true, false])
    func good(curve: EllipticCurve, diversified: Bool) throws {
        try withDirectory { directory in
            let signer = try Signer(curve, in: directory)
            let token = try signer.token(diversified: diversified)
            try tool(token.bytes, signer.certificate)
            let run = try script(token.bytes, signer.certificate)
            #expect(run.code == 0, "\(run.output)")
            let report = AttestationReport(token, try AttestationVerification(certificate: signer.certificate).certificate).text.split(separator: "\n")
            // All lines but the certificate's, which the script leaves to openssl.
            #expect(run.output.split(separator: "\n").map(String.init) == report.dropLast().map(String.init) + ["signature             good"])
            #expect(report.count == (diversified ? 7 : 5))
        }
    }

    @Test("object identifiers are read alike", arguments: ["0.9.2342", "1.3.6.1.4.1.32473.1", "2.999.3165.1", "2.47", "2.0", "1.2.840.113549.4611686018427387903"])
    func objectIdentifiers(_ text: String) throws {
        try withDirectory { directory in
            let signer = try Signer(in: directory)
            let token = try signer.token(tsm: text)
            let run = try script(token.bytes, signer.certificate, ["--tsm", text])
            #expect(run.code == 0 && run.output.contains("TSM                   \(text)\n"), "\(run.output)")
            try tool(token.bytes, signer.certificate, .init(tsm: text))
        }
    }

    @Test("what is expected otherwise is refused")
    func expectations() throws {
        try withDirectory { directory in
            let signer = try Signer(in: directory)
            let token = try signer.token()
            let good = ["--tsm", "2.999.3165.1", "--process", "00112233-4455-6677-8899-AABBCCDDEEFF", "--flavor", "ffeeddcc-bbaa-9988-7766-554433221100"]
            #expect(try script(token.bytes, signer.certificate, good).code == 0)
            try tool(token.bytes, signer.certificate, .init(tsm: good[1], process: good[3], flavor: good[5]))
            let other = "00000000-0000-4000-8000-000000000000"
            for (option, value, expectation) in [("--tsm", "2.999.3165.2", AttestationVerification.Expectation(tsm: "2.999.3165.2")), ("--process", other, .init(process: other)), ("--flavor", other, .init(flavor: other))] {
                let run = try script(token.bytes, signer.certificate, [option, value])
                #expect(run.code == 1 && run.output.contains("not \(value)"), "\(run.output)")
                #expect(throws: ToolFailure.self) { try tool(token.bytes, signer.certificate, expectation) }
            }
            #expect(try script(token.bytes, signer.certificate, ["--issuer", "x"]).code == 2)
            #expect(try script(token.bytes, signer.certificate, ["--tsm"]).code == 2)
        }
    }

    @Test("every byte flipped, in each field, tag and length: refused; by the script too, which is asked for some of each field")
    func tampered() throws {
        try withDirectory { directory in
            let signer = try Signer(in: directory)
            let token = try signer.token().bytes
            for offset in token.indices {
                var bytes = token
                bytes[offset] ^= 0x01
                #expect(throws: (any Error).self, "byte \(offset)") { try tool(bytes, signer.certificate) }
                guard offset < 8 || offset % 6 == 0 else { continue }
                let run = try script(bytes, signer.certificate)
                #expect(run.code == 1 && run.output.contains("not valid") && !run.output.contains("good"), "byte \(offset): \(run.output)")
            }
        }
    }

    @Test("cut short, overlong, empty, random, and with another's certificate: refused by both")
    func bad() throws {
        try withDirectory { directory in
            let signer = try Signer(in: directory), other = try Signer(in: directory, "other")
            let token = try signer.token().bytes
            var generator = SystemRandomNumberGenerator()
            let random = (0..<100).map { _ in UInt8.random(in: 0...255, using: &generator) }
            for bytes in [Array(token.dropLast()), token + [0], [], [0x7F], [0x7F, 0x41], [0x7F, 0x41, 0x00], Array(repeating: 0, count: 5000), random, token + token] {
                #expect(throws: (any Error).self) { try tool(bytes, signer.certificate) }
                #expect(try script(bytes, signer.certificate).code == 1, "\(Hex.encode(bytes.prefix(200)))")
            }
            #expect(throws: ToolFailure.self) { try tool(token, other.certificate) }
            #expect(try script(token, other.certificate).code == 1)
            // Another key that claims to be the signer.
            let forged = try AttestationToken(content: signer.token().content, signature: other.key.signature(of: signer.token().content.toBeSigned).derRepresentation())
            #expect(throws: ToolFailure.self) { try tool(forged.bytes, signer.certificate) }
            #expect(try script(forged.bytes, signer.certificate).code == 1)
            let none = directory + "/none.pem"
            try Data("nonsense".utf8).write(to: URL(fileURLWithPath: none))
            #expect(throws: ToolFailure.self) { try AttestationVerification(certificate: none) }
            #expect(try script(token, none).code == 2)
        }
    }

    @Test("tokens come in binary or in hexadecimal")
    func forms() throws {
        let bytes: [UInt8] = [0x7F, 0x41, 0x01]
        #expect(try AttestationVerification.bytes(of: bytes) == bytes)
        #expect(try AttestationVerification.bytes(of: Array("7f 41\n01\r\n".utf8)) == bytes)
        for text in ["", " \n", "7f4", "token"] { #expect(throws: ToolFailure.self) { try AttestationVerification.bytes(of: Array(text.utf8)) } }
    }
}
