import Cryptography
import Foundation
import GlobalPlatform
import Identity
import SecureComponentSimulator
import Testing
@testable import tsms

@Suite struct TestbedTests {
    private func directory() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-tool-\(UUID().uuidString)").path
        try TestbedLayout.make(path)
        return path
    }

    @Test func aDomainsFilesAreForTheirOwnerAndItsCertificatesCarryTheTestMarker() throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let domain = try TrustDomain(name: "a.example", directory: root + "/ca", now: Date())
        let files = try domain.enroll("service", in: root + "/service", host: "192.0.2.1")
        let leaf = try CertificateFile(path: files.certificate).leaf
        #expect(leaf.spiffeID?.description == "spiffe://a.example/service")
        #expect(leaf.isTestCertificate)
        func mode(_ path: String) throws -> Int { try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int) }
        for path in [files.key, root + "/ca/ca.key"] { #expect(try mode(path) == 0o600) }
        for path in [root, root + "/ca", root + "/service"] { #expect(try mode(path) == 0o700) }
    }

    @Test func aManufacturedCardHoldsTheKeysThatItsInventoryEntryLeadsTo() throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let master = try CeremonyKey(length: 16)
        #expect(zip(master.components[0].bytes, master.components[1].bytes).map { $0 ^ $1 } == master.key.withUnsafeBytes { Array($0) })
        let manufacturer = CardManufacturer(profile: .eSE, profileId: "p", masterKey: master.key, masterKeyIndex: "m", issuerIdentificationNumber: [1, 2, 3])
        let card = try manufacturer.make(cardImageNumber: [4, 5], path: root + "/card.json")
        #expect(card.id == "0102030405")
        let keys = try DiversificationScheme.kdf3.keys(master: master.key, keyDiversificationData: card.inventoryEntry.keyDiversificationData.bytes)
        let opened = try SimulatedCard(opening: CardFile(path: root + "/card.json"))
        let challenge = [UInt8](repeating: 7, count: 8)
        let command = SCP03HostSession.initializeUpdate(kvn: card.inventoryEntry.keyVersionNumber, hostChallenge: challenge)
        let response = try InitializeUpdateResponse(try opened.transmit(command))
        #expect(try SCP03HostSession.verifies(response, hostChallenge: challenge, staticKeys: keys))
        #expect(response.keyDiversificationData == card.inventoryEntry.keyDiversificationData.bytes)
    }

    @Test func whatChangedOnACardIsNamed() throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let manufacturer = CardManufacturer(profile: .eSE, profileId: "p", masterKey: try CeremonyKey(length: 16).key, masterKeyIndex: "m", issuerIdentificationNumber: [1])
        _ = try manufacturer.make(cardImageNumber: [2], path: root + "/card.json")
        let state = CardState(of: try SimulatedCard(opening: CardFile(path: root + "/card.json")))
        #expect(state.differences(from: state).isEmpty)
        var other = state
        other.registry.insert(RegistryEntry(aid: try AID(hex: "f054534d5301")))
        other.freeNonVolatile -= 1
        other.accessRules = []
        #expect(other.differences(from: state).count == 3)
        #expect(state.differences(from: other).first == "f054534d5301 is no longer in the registry as it was")
    }

    @Test func aDirectoryWithoutTestbedIsSaidToBeOne() throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        #expect(throws: ToolFailure.self) { try TestbedDescription.read(directory: root) }
        try Data(#"{"name":7}"#.utf8).write(to: URL(fileURLWithPath: root + "/testbed.json"))
        #expect { try TestbedDescription.read(directory: root) } throws: { "\($0)".contains("name has the wrong type") }
    }

    @Test func aLockedCardIsRefusedAndFreeAgainAfterwards() async throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        var first: CardLock? = try await CardLock(path: root + "/lock")
        await #expect(throws: ToolFailure.self) { _ = try await CardLock(path: root + "/lock", patience: .zero) }
        withExtendedLifetime(first) {}
        first = nil
        _ = try await CardLock(path: root + "/lock", patience: .zero)
    }

    @Test func onlyProcessesThatWereStartedWithTheWordAreTouched() async throws {
        let root = try directory()
        defer { try? FileManager.default.removeItem(atPath: root) }
        let pid = try SpawnedProcess.start("/bin/sleep", ["1000"], log: root + "/log")
        // The kernel lets the parent go on a moment before the new command line can be read.
        let deadline = ContinuousClock.now + .seconds(60)
        while !ProcessControl.isRunning(pid, withArgument: "1000"), ContinuousClock.now < deadline { await Task.yield() }
        #expect(ProcessControl.isRunning(pid, withArgument: "1000"))
        #expect(await ProcessControl.stop(pid, withArgument: "something else") == .wasGone)
        #expect(ProcessControl.isRunning(pid))
        #expect(await ProcessControl.stop(child: pid) == .stopped)
        #expect(await ProcessControl.stop(child: pid) == .wasGone)
        #expect(throws: ToolFailure.self) { try SpawnedProcess.start(root + "/missing", [], log: root + "/log") }
    }
}
