import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Logging
import Testing

@Suite struct RootKeyTests {
    private var scratch: String { FileManager.default.temporaryDirectory.appendingPathComponent("root-key-\(UUID().uuidString)").path }

    @Test func aFileIsMadeOnceAndOnlyForUs() throws {
        let path = scratch
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try RootKeyFile.load(path) == nil)
        #expect(try RootKeyFile.create(path))
        let content = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(content.count == 32)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try !RootKeyFile.create(path))
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == content)
        #expect(try RootKeyFile.load(path) != nil)
        for mode in [0o640, 0o604, 0o644] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            #expect(throws: KeyVaultError.self) { try RootKeyFile.load(path) }
        }
    }

    @Test(arguments: [0, 31, 33, 5000]) func aFileOfAnotherLengthIsNone(count: Int) throws {
        let path = scratch
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(FileManager.default.createFile(atPath: path, contents: Data(count: count), attributes: [.posixPermissions: 0o600]))
        #expect(throws: KeyVaultError.self) { try RootKeyFile.load(path) }
    }

    @Test func withoutRootKeyTheVaultIsSealed() async throws {
        let vault = try await TestVault.make()
        let set = try await vault.createSSD()
        try await vault.stop()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let sealed = try await VaultEngine.open(directory: vault.directory, rootKey: nil, settings: vault.settings, logger: logger)
        #expect(sealed.isSealed && sealed.failure != nil)
        let session = sealed.as(TestVault.tsm)
        #expect(await refusal { try await session.keySet(id: set.id) } == .sealed)
        #expect(await refusal { try await session.openChannel(openRequest(set.id)) } == .sealed)
        #expect(await refusal { try await session.attestationKey() } == .sealed)
        #expect(await refusal { try await sealed.checkHealth() } == .sealed)
        // Roles come first: whoever may not learns nothing of the seal.
        #expect(await refusal { try await sealed.as(TestVault.people).openChannel(openRequest(set.id)) } == .forbidden)
        try await sealed.close()
        try await vault.start()
        #expect(try await vault.vault.keySet(id: set.id) == set)
        try await vault.stop()
    }

    @Test func anotherRootKeyIsRefused() async throws {
        let vault = try await TestVault.make()
        try await vault.stop()
        let other = try SoftwareRootKey(SecretBytes(copying: [UInt8](repeating: 1, count: 32)))
        let code = await refusal { try await VaultEngine.open(directory: vault.directory, rootKey: other, settings: vault.settings) }
        #expect(code == .sealed)
        try await vault.start()
        try await vault.stop()
    }

    /// A sealed value is bound to its row: copied into another one it does not open.
    @Test func sealedValuesCannotBeMoved() async throws {
        let vault = try await TestVault.make()
        let (one, two) = (try await vault.createSSD(), try await vault.createSSD())
        try await vault.importNamed("t", .transport, Array(0...31))
        try await vault.stop()
        let queue = try DatabaseQueue(path: vault.directory + "/store.sqlite")
        try await queue.write { db in
            try db.execute(sql: "UPDATE key_set SET sealed = (SELECT sealed FROM key_set WHERE id = ?) WHERE id = ?", arguments: [one.id, two.id])
        }
        try queue.close()
        try await vault.start()
        #expect(await refusal { try await vault.vault.openChannel(openRequest(one.id, version: 0x31)) } == nil)
        #expect(await refusal { try await vault.vault.openChannel(openRequest(two.id, version: 0x31)) } == .internalError)
        #expect(await refusal { try await vault.vault.exportKeySet(id: two.id, ExportKeySetRequest(transportKeyIndex: "t")) } == .internalError)
        try await vault.stop()
    }

    /// The content of a destroyed set is gone from the file, not only from the row.
    @Test func destroyedMeansGone() async throws {
        let vault = try await TestVault.make()
        let (kept, destroyed) = (try await vault.createSSD(), try await vault.createSSD())
        try await vault.stop()
        let file = vault.directory + "/store.sqlite"
        func sealed(_ id: String) async throws -> Data? {
            let queue = try DatabaseQueue(path: file)
            defer { try? queue.close() }
            return try await queue.read { db in try Data.fetchOne(db, sql: "SELECT sealed FROM key_set WHERE id = ?", arguments: [id]) }
        }
        let (keptContent, gone) = (try #require(try await sealed(kept.id)), try #require(try await sealed(destroyed.id)))
        try await vault.start()
        _ = try await vault.vault.changeState(ofKeySet: destroyed.id, ChangeKeySetStateRequest(state: .destroyed))
        try await vault.stop()
        #expect(try await sealed(destroyed.id) == nil)
        let content = try Data(contentsOf: URL(fileURLWithPath: file))
        #expect(content.range(of: keptContent) != nil)
        #expect(content.range(of: gone) == nil && content.range(of: gone.prefix(24)) == nil)
    }
}
