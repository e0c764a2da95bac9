import Cryptography
import GlobalPlatform
import KeyVaultAPI
import KeyVaultService
import Testing

/// The vault against sessions that were computed elsewhere: the host challenge is laid out, everything else must follow.
@Suite(.enabled(if: !ReferenceVectors.goldenSessions.isEmpty)) struct ChannelVectorTests {
    @Test(arguments: ReferenceVectors.goldenSessions) func goldenSession(_ golden: ReferenceVectors.Session) async throws {
        let vault = try await TestVault.make()
        let keys = try staticKeys(hex(golden.key_enc), hex(golden.key_mac), hex(golden.key_dek))
        let initialize = try CommandAPDU(bytes: hex(golden.initialize_update))
        let response = try InitializeUpdateResponse(ResponseAPDU(bytes: hex(golden.initialize_update_response)))
        let domain = try AID(CommandAPDU(bytes: hex(golden.select)).data)
        let set = try await vault.importKnown(keys, version: initialize.p1, purpose: .supplementarySecurityDomain)
        // The key set that one of the sessions puts.
        let length = keys.keyLength
        func key(_ from: UInt8) -> [UInt8] { Array((Array(from..<(from + 16)) + Array(from..<(from + 16))).prefix(length)) }
        let put = try await vault.importKnown(staticKeys(key(0x10), key(0x20), key(0x30)), version: 0x31, purpose: .supplementarySecurityDomain)
        var commands: [ChannelCommand] = []
        for exchange in golden.exchanges {
            let isPut = try CommandAPDU(bytes: hex(exchange.plain)).ins == Instruction.putKey
            commands.append(isPut ? .putKey(keySetId: put.id, keyVersionNumber: 0x31, replacing: nil) : .apdu(HexBytes(try hex(exchange.plain))))
        }
        vault.random.lay(initialize.data)
        let script = try await vault.vault.openChannel(
            openRequest(
                set.id, version: initialize.p1, parameter: response.parameter.rawValue, level: 0x33,
                mode: .predicted(sequenceCounter: HexBytes(try #require(response.sequenceCounter).bytes)), domain: domain, commands: commands))
        #expect(script.initializeUpdate?.description == golden.initialize_update)
        #expect(script.externalAuthenticate?.description == golden.external_authenticate)
        #expect(script.wrapped.map { $0.map(\.description) } == golden.exchanges.map { [$0.wrapped] })

        let report = ChannelReport(
            initializeUpdateResponse: HexBytes(try hex(golden.initialize_update_response)), externalAuthenticateResponse: HexBytes([0x90, 0x00]),
            responses: try golden.exchanges.map { HexBytes(try hex(#require($0.response_wrapped))) })
        try await vault.restart()
        let verified = try await vault.vault.report(channel: script.channelId, report)
        #expect(verified.outcome == .complete)
        #expect(verified.responses.map { $0.data.description + Hex.encode([UInt8($0.statusWord >> 8), UInt8($0.statusWord & 0xFF)]) } == golden.exchanges.map(\.response_plain))
        #expect(verified.responses.allSatisfy { $0.proven })
        #expect(verified.sequenceCounter?.bytes == response.sequenceCounter?.bytes)
        #expect(try await vault.vault.keySet(id: set.id).unprovenAuthentications == 0)
        try await vault.stop()
    }
}
