import Cryptography
import GlobalPlatform
import SecureComponentSimulator

/// Cards and keys that tests share.
enum Cards {
    static let isd = AID.issuerSecurityDomain
    static let ssd = aid("f054534d5300")
    static let otherSSD = aid("f054534d5309")
    static let kdd: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

    /// A literal that is known to be one.
    static func aid(_ hex: String) -> AID {
        do { return try AID(hex: hex) } catch { return .contactlessRegistryServices }
    }

    static func keys(_ seed: UInt8, length: Int = 16) throws -> SCP03StaticKeys {
        func key(_ offset: UInt8) -> SecretBytes { SecretBytes(copying: (0..<length).map { seed &+ offset &+ UInt8($0) }) }
        return try SCP03StaticKeys(enc: key(0), mac: key(0x40), dek: key(0x80))
    }

    static func isdKeys(_ profile: CardProfile = .eSE) throws -> SCP03StaticKeys { try keys(0x11, length: profile.keyLength) }

    static func make(_ profile: CardProfile = .eSE, file: CardFile? = nil, seed: UInt64 = 1) throws -> SimulatedCard {
        try SimulatedCard.personalized(
            profile: profile, isdKeys: isdKeys(profile), issuerIdentificationNumber: [0x12, 0x34], cardImageNumber: [0xCA, 0xFE, 0x00, 0x01],
            keyDiversificationData: kdd, file: file, random: SeededRandom(seed: seed))
    }

    /// A host in a session with the Issuer Security Domain.
    static func issuer(_ card: SimulatedCard, level: SecurityLevel? = nil) throws -> Host {
        let host = Host(card)
        _ = try host.select(card.profile.issuerSecurityDomain)
        guard try host.open(isdKeys(card.profile), version: 0x30, level: level).isSuccess else { throw Host.NoSession() }
        return host
    }

    static func createDomain(
        _ host: Host, _ aid: AID = Cards.ssd, privileges: Privileges = .serviceProviderSecurityDomain, quota: UInt32? = nil
    ) throws -> StatusWord {
        let option = host.card.profile.scp03Parameter.rawValue
        let parameters = SecurityDomainParameters(secureChannels: [SecureChannelProtocol(identifier: 0x03, option: option)])
        return try host.status(.install(InstallForInstall(
            securityDomain: aid, privileges: privileges, parameters: parameters, system: SystemParameters(nonVolatileQuota: quota))))
    }

    /// 00B9 and 8113 for three keys, encrypted under the DEK of `session`.
    static func firstKeys(_ keys: SCP03StaticKeys, version: UInt8, under session: SCP03StaticKeys) throws -> FirstKeySet {
        let parts = try components(keys, under: session)
        return FirstKeySet(version: version, encryption: parts[0], mac: parts[1], dataEncryption: parts[2])
    }

    static func components(_ keys: SCP03StaticKeys, under session: SCP03StaticKeys) throws -> [PutKeyCommand.Component] {
        try zip(keys.all, keys.keyCheckValues()).map { key, checkValue in
            PutKeyCommand.Component(keyLength: key.count, encryptedKey: try session.encryptKeyData(key), checkValue: checkValue)
        }
    }

    static func putKey(_ keys: SCP03StaticKeys, version: UInt8, replacing: UInt8 = 0, under session: SCP03StaticKeys) throws -> CommandAPDU {
        try PutKeyCommand(replacing: replacing, newVersion: version, components: components(keys, under: session)).apdu()
    }

    static func storeFirstKeys(_ host: Host, _ keys: SCP03StaticKeys, version: UInt8 = 0x30, in aid: AID = Cards.ssd) throws -> StatusWord {
        var status = try host.status(.personalization(aid))
        for command in try firstKeys(keys, version: version, under: isdKeys(host.card.profile)).commands(maximumPayload: host.maximumPayload) where status.isSuccess {
            status = try host.status(command.apdu)
        }
        return status
    }

    /// A card with an SSD that has keys (seed 0x22, version 30), and a host in a session with it.
    static func withDomain(_ card: SimulatedCard, quota: UInt32? = nil) throws -> Host {
        let issuer = try issuer(card)
        guard try createDomain(issuer, quota: quota).isSuccess, try storeFirstKeys(issuer, keys(0x22)).isSuccess else { throw Host.NoSession() }
        let host = Host(card)
        _ = try host.select(ssd)
        guard try host.open(keys(0x22), version: 0x30).isSuccess else { throw Host.NoSession() }
        return host
    }
}
