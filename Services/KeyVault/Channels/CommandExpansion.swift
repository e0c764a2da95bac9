import Cryptography
import GlobalPlatform
import KeyVaultAPI

/// A command's plain C-APDUs, and the key set in it if it is a directive that puts one on the card.
struct ExpandedCommand: Sendable {
    var apdus: [CommandAPDU]
    var keySetId: String?
}

extension VaultWork {
    /// Turns commands into plain C-APDUs: directives are filled with keys, encrypted under the channel's DEK, or with the token that is signed for them.
    func expand(_ commands: [ChannelCommand], under static: SCP03StaticKeys, keyVersionNumber: UInt8, securityDomain: AID, maximumPayload: Int) throws -> [ExpandedCommand] {
        var target = PersonalizationTarget(securityDomain: securityDomain)
        var expanded: [ExpandedCommand] = []
        expanded.reserveCapacity(commands.count)
        for (number, command) in commands.enumerated() {
            switch command {
            case .apdu(let bytes):
                let apdu = try plainCommand(bytes.bytes, number)
                target.note(apdu)
                expanded.append(ExpandedCommand(apdus: [apdu], keySetId: nil))
            case .putKey(let id, let version, let replacing):
                let (record, keys) = try keysToPut(id, version)
                guard replacing != 0 else { throw KeyVaultError(.invalidRequest, "command \(number): nothing is replaced by leaving `replacing` out, not by 0") }
                // GPCS 11.8.2.3: a replacement has the type and length of what it replaces.
                guard replacing != keyVersionNumber || keys.keyLength == `static`.keyLength else {
                    throw KeyVaultError(.invalidRequest, "key set \(id) has keys of \(keys.keyLength) bytes and cannot replace keys of \(`static`.keyLength)")
                }
                let put = PutKeyCommand(replacing: replacing ?? 0, newVersion: version, components: try components(record, keys, under: `static`))
                expanded.append(ExpandedCommand(apdus: [try put.apdu()], keySetId: id))
            case .storeFirstKeys(let id, let version):
                let (record, keys) = try keysToPut(id, version)
                let parts = try components(record, keys, under: `static`)
                let first = FirstKeySet(version: version, encryption: parts[0], mac: parts[1], dataEncryption: parts[2])
                expanded.append(ExpandedCommand(apdus: try first.commands(maximumPayload: maximumPayload).map(\.apdu), keySetId: id))
            case .storeAttestationToken(let request):
                // An operation of its own, with its own check and line.
                let token = try run(VaultCall(.attestationToken, caller.identity, process: request.processId)) { work, call in
                    try work.attestationToken(request, &call)
                }
                let parts = try StoreDataCommand.split(token.token.bytes, structure: .berTLV, maximumPayload: maximumPayload)
                expanded.append(ExpandedCommand(apdus: parts.map(\.apdu), keySetId: nil))
                for part in parts { target.note(part.apdu) }
            case .storeEncrypted(let bytes, let parts):
                let apdu = try plainCommand(bytes.bytes, number)
                guard apdu.ins == Instruction.storeData, target.isApplication else {
                    throw KeyVaultError(.invalidRequest, "command \(number): data is encrypted in STORE DATA for an application only, after INSTALL [for personalization]")
                }
                target.note(apdu)
                expanded.append(ExpandedCommand(apdus: [try encrypting(parts, of: apdu, under: `static`, number)], keySetId: nil))
            }
        }
        return expanded
    }

    /// Commands that would end or replace the session, and keys that do not come from the vault, are no business of a script's.
    private func plainCommand(_ bytes: [UInt8], _ number: Int) throws -> CommandAPDU {
        let apdu: CommandAPDU
        do {
            apdu = try CommandAPDU(bytes: bytes)
        } catch {
            throw KeyVaultError(.invalidRequest, "command \(number): \(error.description)")
        }
        guard apdu.cla == 0x80 || apdu.cla == 0x00, !apdu.isExtended else {
            throw KeyVaultError(.invalidRequest, "command \(number): a plain short C-APDU with class 80 or 00 is expected")
        }
        switch apdu.ins {
        case Instruction.putKey:
            throw KeyVaultError(.invalidRequest, "command \(number): keys are put by the putKey directive")
        case Instruction.initializeUpdate, Instruction.externalAuthenticate, Instruction.select, Instruction.manageChannel:
            throw KeyVaultError(.invalidRequest, "command \(number): \(Hex.encode([apdu.ins])) is not a command within a secure channel")
        default: return apdu
        }
    }

    private func encrypting(_ parts: [DataPart], of command: CommandAPDU, under static: SCP03StaticKeys, _ number: Int) throws -> CommandAPDU {
        var command = command
        var end = 0
        for part in parts {
            guard part.offset >= end, part.count > 0, part.count.isMultiple(of: 16), part.count <= command.data.count, part.offset <= command.data.count - part.count else {
                throw KeyVaultError(.invalidRequest, "command \(number): parts to be encrypted are whole blocks of 16 bytes within the data, one after the other")
            }
            end = part.offset + part.count
            command.data.replaceSubrange(part.offset..<end, with: try `static`.encryptKeyData(SecretBytes(copying: Array(command.data[part.offset..<end]))))
        }
        return command
    }

    private func keysToPut(_ id: String, _ version: UInt8) throws -> (KeySetRecord, SCP03StaticKeys) {
        let record = try KeySetRecord.require(id, db)
        try KeySetPolicy.require(.putOnCard, of: record)
        guard record.keyVersionNumber == version else {
            throw KeyVaultError(.invalidRequest, "key set \(id) was made for version \(Hex.encode([record.keyVersionNumber])), not \(Hex.encode([version]))")
        }
        return (record, try record.staticKeys(sealer))
    }

    private func components(_ record: KeySetRecord, _ keys: SCP03StaticKeys, under static: SCP03StaticKeys) throws -> [PutKeyCommand.Component] {
        try zip(keys.all, record.checkValues).map { key, checkValue in
            PutKeyCommand.Component(keyLength: key.count, encryptedKey: try `static`.encryptKeyData(key), checkValue: checkValue.bytes)
        }
    }
}

extension SCP03HostSession {
    /// Wraps all, in order; the result is per command as it was given.
    mutating func wrap(_ commands: [ExpandedCommand]) throws -> [[HexBytes]] {
        let wantsResponse = level.contains(.responseMAC)
        var wrapped: [[HexBytes]] = []
        wrapped.reserveCapacity(commands.count)
        for (number, command) in commands.enumerated() {
            wrapped.append(try command.apdus.map { apdu in
                var apdu = apdu
                // The R-MAC is response data, so it must be asked for; Le is outside of the C-MAC (Amendment D, 6.2.4).
                if wantsResponse && apdu.expectedLength == nil { apdu.expectedLength = 256 }
                do {
                    return HexBytes(try wrap(apdu).bytes)
                } catch let error as SCP03Error {
                    guard case .payloadTooLong = error else { throw error }
                    throw KeyVaultError(.invalidRequest, "command \(number): \(error.description)")
                }
            })
        }
        return wrapped
    }
}
