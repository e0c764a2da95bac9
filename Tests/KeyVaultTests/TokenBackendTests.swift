import Cryptography
import Foundation
import GRDB
import GlobalPlatform
import KeyVaultAPI
@testable import KeyVaultService
@testable import PKCS11
import Testing

/// The vault on a PKCS #11 token (SoftHSM 2): the same answers as with keys in software, and what happens when the token goes.
@Suite(.serialized, .enabled(if: SoftHSM.isAvailable, Comment(rawValue: SoftHSM.missing)))
struct TokenBackendTests {
    private func tokenVault() async throws -> (TestVault, SoftToken) {
        let token = try SoftHSM.makeToken()
        try token.makeRootKey()
        return (try await TestVault.make(token.source()), token)
    }

    private static let kdd = HexBytes((0..<10).map { UInt8($0 * 7) })

    private func diversified(_ vault: TestVault, _ index: String, _ scheme: KeyVaultAPI.DiversificationScheme, _ length: Int) async throws -> KeySetDescription {
        try await vault.vault.createKeySet(CreateKeySetRequest(
            origin: .diversified(masterKeyIndex: index, keyDiversificationData: Self.kdd, scheme: scheme), purpose: .supplementarySecurityDomain,
            keyLength: length, keyVersionNumber: 0x31, owner: TestVault.owner, label: ""))
    }

    @Test(arguments: [(16, .kdf3), (24, .kdf3), (32, .kdf3), (16, .emvCps11), (16, .visa2)] as [(Int, KeyVaultAPI.DiversificationScheme)])
    func derivesWhatSoftwareDerives(length: Int, scheme: KeyVaultAPI.DiversificationScheme) async throws {
        let (vault, _) = try await tokenVault()
        let software = try await TestVault.make()
        let master = try SystemRandom().bytes(length)
        for each in [vault, software] { try await each.importNamed("m", .master, master) }
        let (one, two) = (try await diversified(vault, "m", scheme, length), try await diversified(software, "m", scheme, length))
        #expect(one.keyCheckValues == two.keyCheckValues)

        // A card that has the derived keys: channel with keys derived for the occasion.
        let schemes: [KeyVaultAPI.DiversificationScheme: GlobalPlatform.DiversificationScheme] = [.kdf3: .kdf3, .emvCps11: .emvCPS11, .visa2: .visa2]
        let keys = try #require(schemes[scheme]).keys(master: SecretBytes(copying: master), keyDiversificationData: Self.kdd.bytes)
        var card = TestCard(keys, version: 0x30)
        var request = openRequest("x", commands: [.apdu(getStatus)])
        request.keys = .diversified(masterKeyIndex: "m", keyDiversificationData: Self.kdd, scheme: scheme, keyVersionNumber: 0x30)
        let script = try await vault.vault.openChannel(request)
        #expect(try await vault.vault.report(channel: script.channelId, predictedReport(try card.run(script.all))).outcome == .complete)
        try await software.stop()
        try await vault.stop()
    }

    @Test func keySetsTravel() async throws {
        let (vault, _) = try await tokenVault()
        let transport = try SystemRandom().bytes(32)
        try await vault.importNamed("t", .transport, transport)
        for length in [16, 24, 32] {
            let set = try await vault.createSSD(keyLength: length)
            let wrapped = try await vault.vault.exportKeySet(id: set.id, ExportKeySetRequest(transportKeyIndex: "t"))
            // libcrypto opens what the token wrapped, and the other way round.
            let keys = try [wrapped.enc, wrapped.mac, wrapped.dek].map { try AESKeyWrap.unwrap($0.bytes, under: SecretBytes(copying: transport)) }
            #expect(try keys.map { HexBytes(try aesKeyCheckValue($0)) } == set.keyCheckValues)
            let own = try randomKeys(length)
            var travelling = try TestVault.wrap(own, version: 0x30, under: transport, index: "t")
            let imported = try await vault.vault.importKeySet(ImportKeySetRequest(wrapped: travelling, purpose: .supplementarySecurityDomain, owner: TestVault.owner, label: ""))
            #expect(try imported.keyCheckValues == own.keyCheckValues().map { HexBytes($0) })
            travelling.mac.bytes[9] ^= 1
            #expect(await refusal { try await vault.vault.importKeySet(ImportKeySetRequest(wrapped: travelling, purpose: .supplementarySecurityDomain, owner: "o", label: "")) } == .unwrapFailed)
            travelling.mac = HexBytes([1, 2, 3])
            #expect(await refusal { try await vault.vault.importKeySet(ImportKeySetRequest(wrapped: travelling, purpose: .supplementarySecurityDomain, owner: "o", label: "")) } == .unwrapFailed)
        }
        // Altered keys are their sender's fault: the vault goes on.
        #expect(try !vault.engine.isSealed)
        try await vault.stop()
    }

    @Test func signaturesAndRestart() async throws {
        let (vault, _) = try await tokenVault()
        let request = AttestationTokenRequest(processId: UUID().uuidString.lowercased(), flavorId: UUID().uuidString.lowercased(), diversifiedKeySetId: nil)
        let token = try GlobalPlatform.AttestationToken(parsing: try await vault.vault.attestationToken(request).token.bytes)
        let key = try await vault.vault.attestationKey()
        let publicKey = try ECPublicKey(subjectPublicKeyInfo: key.subjectPublicKeyInfo.bytes)
        #expect(try publicKey.isValid(ECDSASignature(der: token.signature, curve: .p256), of: token.content.toBeSigned, hash: .sha256))
        #expect(try await vault.engine.auditAnchor(TestVault.people).isSigned())
        try await vault.importNamed("t", .transport, Array(0...31))
        let set = try await vault.createSSD()
        try await vault.restart()
        #expect(try await vault.vault.attestationKey() == key)
        #expect(try await vault.vault.exportKeySet(id: set.id, ExportKeySetRequest(transportKeyIndex: "t")).keyCheckValues == set.keyCheckValues)
        try await vault.stop()
    }

    /// The keys are in the token, each for its one use, and the store names them only.
    @Test func keysStayWhereTheyAre() async throws {
        let (vault, soft) = try await tokenVault()
        let (master, transport) = (try SystemRandom().bytes(16), try SystemRandom().bytes(32))
        try await vault.importNamed("m", .master, master)
        try await vault.importNamed("t", .transport, transport)
        let sealer = try vault.engine.state.sealer()
        let token = try soft.configuration.token()
        func identifier(_ name: String) async throws -> [UInt8] {
            let sealed = try await vault.engine.read { db in try db.row("SELECT sealed FROM named_key WHERE name = ?", [name])?.bytes("sealed") ?? [] }
            return try sealer.open(sealed, row: name, .namedKey)
        }
        let (masterKey, transportKey) = (TokenKey(try await identifier("m"), .aes), TokenKey(try await identifier("t"), .aes))
        #expect(masterKey.identifier.count == 16 && masterKey.identifier != master)
        // No attribute gives the value, and neither does wrapping.
        for key in [masterKey, transportKey] {
            let failure = #expect(throws: TokenFailure.self) { try token.run { session in try token.attribute(.value, of: try token.handle(of: key, session), session) } }
            #expect(failure?.kind == .refused)
        }
        // Each does what it is for and nothing else.
        #expect(throws: TokenFailure.self) { try token.wrap([SecretBytes(copying: master)], under: masterKey) }
        #expect(throws: TokenFailure.self) { try token.cmac(over: [[1]], with: transportKey) }
        #expect(throws: TokenFailure.self) { try token.sign(digest: [UInt8](repeating: 1, count: 32), with: masterKey) }
        #expect(try token.cmac(over: [[1]], with: masterKey) == [SecretBytes(consuming: AESCMAC.code(over: [1], key: SecretBytes(copying: master)))])
        let files = try FileManager.default.contentsOfDirectory(atPath: vault.directory).map { try Data(contentsOf: URL(fileURLWithPath: vault.directory + "/" + $0)) }
        for file in files { #expect(file.range(of: Data(master)) == nil && file.range(of: Data(transport)) == nil) }
        token.close()
        try await vault.stop()
    }

    /// Nothing is half done, and nothing stays in the token, when a row cannot be written.
    @Test func aKeyWithoutRowIsTakenBack() async throws {
        let (vault, soft) = try await tokenVault()
        let token = try soft.configuration.token()
        let queue = try DatabaseQueue(path: vault.directory + "/store.sqlite")
        try await queue.write { try $0.execute(sql: "CREATE TRIGGER no BEFORE INSERT ON named_key BEGIN SELECT RAISE(ABORT, 'no'); END") }
        #expect(await refusal { try await vault.importNamed("t", .transport, Array(0...31)) } == .auditUnavailable)
        #expect(try token.identifiers(label: "tsms transport t").isEmpty)
        try await queue.write { try $0.execute(sql: "DROP TRIGGER no") }
        try queue.close()
        try await vault.importNamed("t", .transport, Array(0...31))
        #expect(try token.identifiers(label: "tsms transport t").count == 1)
        #expect(await refusal { try await vault.importNamed("t", .transport, Array(0...31)) } == .wrongState)
        #expect(try token.identifiers(label: "tsms transport t").count == 1)
        token.close()
        try await vault.stop()
    }

    @Test func aTokenThatGoesAndComes() async throws {
        let (vault, _) = try await tokenVault()
        try await vault.importNamed("m", .master, Array(0...15))
        try await vault.engine.checkHealth()
        let before = try await vault.engine.verifyAuditChain().intactLines
        try SoftHSM.hideTokens(true)
        #expect(await refusal { try await diversified(vault, "m", .kdf3, 16) } == .sealed)
        #expect(try vault.engine.isSealed && vault.engine.failure?.contains("token") == true)
        #expect(await refusal { try await vault.engine.checkHealth() } == .sealed)
        // Sealed means sealed: not even what would need no token.
        #expect(await refusal { try await vault.createSSD() } == .sealed)
        try SoftHSM.hideTokens(false)
        try await vault.engine.checkHealth()
        #expect(try !vault.engine.isSealed && vault.engine.failure == nil)
        _ = try await diversified(vault, "m", .kdf3, 16)
        let lines = try await vault.engine.auditRecords(after: Int64(before), limit: 10, TestVault.people).map(\.line)
        #expect(lines.map(\.outcome) == ["sealed", "sealed", "ok"])
        try await vault.stop()
    }

    /// The token fails in the middle of several operations that belong together: none of them happened.
    @Test(arguments: [0x30, 0x32, 0xB3, 0xE0] as [UInt]) func nothingIsHalfDone(value: UInt) async throws {
        let soft = try SoftHSM.makeToken()
        try soft.makeRootKey()
        TokenFaults.clear()
        let vault = try await TestVault.make(soft.faultySource())
        defer { TokenFaults.clear() }
        try await vault.importNamed("m", .master, Array(0...15))
        let creation = { (origin: CreateKeySetRequest.Origin) in
            VaultStep.createKeySet(request: CreateKeySetRequest(
                origin: origin, purpose: .supplementarySecurityDomain, keyLength: 16, keyVersionNumber: 0x31, owner: TestVault.owner, label: ""))
        }
        TokenFaults.set(.sign, value, after: 1)
        let batch = VaultBatch([creation(.random), creation(.diversified(masterKeyIndex: "m", keyDiversificationData: nil, scheme: .kdf3))])
        #expect(await refusal { try await vault.vault.batch(batch) } == .sealed)
        func count() async throws -> Int { try await vault.engine.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM key_set") ?? -1 } }
        #expect(try await count() == 0)
        TokenFaults.clear()
        try await vault.engine.watchToken()
        #expect(try !vault.engine.isSealed)
        #expect(try await vault.vault.batch(batch).steps.count == 2)
        #expect(try await count() == 2)
        // One loss is mended without anybody noticing.
        #expect(try await vault.engine.verifyAuditChain().brokenAt == nil)
        try await vault.stop()
    }

    @Test func aWrongPINIsTriedOnce() async throws {
        let soft = try SoftHSM.makeToken()
        try soft.makeRootKey()
        try SoftHSM.writePIN("4321", to: soft.configuration.pinFile)
        TokenFaults.clear()
        let vault = try await TestVault.make(soft.faultySource())
        #expect(try vault.engine.isSealed && vault.engine.failure?.contains("PIN") == true)
        #expect(TokenFaults.calls(.login) == 1)
        for _ in 0..<5 { #expect(await refusal { try await vault.engine.checkHealth() } == .sealed) }
        #expect(TokenFaults.calls(.login) == 1)
        try SoftHSM.writePIN("1234", to: soft.configuration.pinFile)
        try await vault.engine.checkHealth()
        #expect(try !vault.engine.isSealed)
        #expect(TokenFaults.calls(.login) > 1)

        // Locked while it works: said so, and over when somebody has unlocked it.
        TokenFaults.set(.login, 0xA4)
        TokenFaults.set(.find, 0x101)
        try await vault.engine.watchToken()
        #expect(try vault.engine.failure?.contains("locked") == true)
        TokenFaults.clear()
        try await vault.engine.watchToken()
        #expect(try !vault.engine.isSealed)
        try await vault.stop()
    }

    @Test func theWrongTokenOrBackend() async throws {
        let (vault, _) = try await tokenVault()
        try await vault.stop()
        let other = try SoftHSM.makeToken()
        #expect(await refusal { try await VaultEngine.open(directory: vault.directory, source: other.source(), settings: vault.settings) } == .sealed)
        #expect(await refusal { try await VaultEngine.open(directory: vault.directory, rootKey: vault.rootKey, settings: vault.settings) } == .sealed)
        let software = try await TestVault.make()
        try await software.stop()
        #expect(await refusal { try await VaultEngine.open(directory: software.directory, source: other.source(), settings: vault.settings) } == .sealed)
        // A token without root key: init makes it, once, and never beside a store.
        let empty = try SoftHSM.makeToken()
        #expect(throws: KeyVaultError.self) { try VaultInitialisation.run(token: empty.configuration.token(), label: "tsms-root", storeDirectory: vault.directory) }
        #expect(try VaultInitialisation.run(token: empty.configuration.token(), label: "tsms-root", storeDirectory: "/nonexistent") == .created)
        #expect(try VaultInitialisation.run(token: empty.configuration.token(), label: "tsms-root", storeDirectory: "/nonexistent") == .present)
    }

    @Test func aModuleThatIsNone() {
        let failure = #expect(throws: TokenFailure.self) { try TokenModule.load("/nonexistent.so") }
        #expect(failure?.kind == .module)
        #expect(throws: TokenFailure.self) { try TokenModule.load("/usr/lib/x86_64-linux-gnu/libc.so.6") }
    }

    @Test func rotationInTheToken() async throws {
        let (vault, _) = try await tokenVault()
        try await vault.importNamed("t", .transport, Array(0...31))
        let set = try await vault.createSSD()
        let status = try await vault.engine.rotateRootKey(TestVault.people)
        try await vault.engine.rotationEnd()
        #expect(status.generation == 2 && !status.sealed)
        #expect(try await vault.engine.sealStatus(TestVault.people).remaining == nil)
        try await vault.restart()
        #expect(try await vault.vault.exportKeySet(id: set.id, ExportKeySetRequest(transportKeyIndex: "t")).keyCheckValues == set.keyCheckValues)
        try await vault.stop()
    }
}
