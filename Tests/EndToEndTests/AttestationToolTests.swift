import Foundation
import GlobalPlatform
import SecureComponent
import TestMaterial
import Testing

extension EndToEnd.Shared {
    @Test("the token of a deployment: tsms attestation verify and the script accept it, and refuse it with any field flipped")
    func attestationTools() async throws {
        let testbed = try RunningTestbed.required()
        let work = try TemporaryDirectory()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let instance = try await handset.create(testbed)
            let deployed = await handset.deploy(instance.id)
            try #require(deployed.serviceInstanceState == .operational, "\(deployed.processInfo.executionMessage)")
            let session = try await handset.readers.reader(named: deployed.reader).openSession()
            let channel = try await session.openLogicalChannel(try AID(hex: "F054534D5301010101"))
            let token = try await channel.transmit(CommandAPDU(cla: 0x80, ins: 0x12, p1: 0, p2: 0, expectedLength: 256)).data
            await session.close()
            try await handset.clear(testbed)

            let attestation = testbed.file.attestation
            let flavor: String = try #require(deployed.technicalInformation.flavorId)
            let expected = ["--tsm", attestation.tsmOid, "--process", deployed.processInfo.processId, "--flavor", flavor]
            let script = ReferenceData.packageRoot.appendingPathComponent("deploy/attestation/verify-token.sh").path
            let file = work.path + "/token"
            func runs(_ bytes: [UInt8], _ more: [String]) async throws -> [ProgramRun] {
                try Data(bytes).write(to: URL(fileURLWithPath: file))
                return [try await ProgramRun.run(try Executables.directory() + "/tsms", ["attestation", "verify", file, "--certificate", attestation.certificate] + more),
                        try await ProgramRun.run(script, [file, attestation.certificate] + more)]
            }
            for run in try await runs(token, expected) {
                #expect(run.exitCode == 0 && run.output.contains(deployed.processInfo.processId) && run.output.hasSuffix("signature             good\n"), "\(run.errors)\(run.output)")
            }
            // The value of each field, and the signature: the last byte of each object.
            let content = try AttestationToken(parsing: token).content
            let values = [content.tsm.content, content.processID.bytes, content.flavorID.bytes, try #require(content.diversification).masterKeyIndex.bytes,
                          try #require(content.diversification).keyDiversificationData, content.subjectKeyIdentifier]
            for value in values {
                let start = try #require(token.indices.first { Array(token[$0...].prefix(value.count)) == value })
                var bytes = token
                bytes[start + value.count - 1] ^= 0x01
                for run in try await runs(bytes, []) { #expect(run.exitCode == 1, "\(run.errors)\(run.output)") }
            }
            var bytes = token
            bytes[token.count - 1] ^= 0x01
            for run in try await runs(bytes, []) { #expect(run.exitCode == 1 && run.errors.contains("signature"), "\(run.errors)\(run.output)") }
        }
    }
}
