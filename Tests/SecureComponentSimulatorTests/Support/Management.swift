import Cryptography
import GlobalPlatform
import SecureComponentSimulator

/// Somebody who signs DAP blocks or tokens, and the key by which a card verifies them.
struct Signer: Sendable, CustomStringConvertible {
    enum Kind: String, CaseIterable, Sendable { case aes, rsa1024, rsa1536, p256, p384, brainpoolP256 }

    let kind: Kind
    private let secret: SecretBytes
    private let rsa: RSAPrivateKey?
    private let curve: ECPrivateKey?

    init(_ kind: Kind, seed: UInt8 = 0x61) throws {
        self.kind = kind
        secret = SecretBytes(copying: (0..<16).map { seed &+ UInt8($0) })
        rsa = switch kind {
        case .rsa1024: try .generate(bits: 1024)
        case .rsa1536: try .generate(bits: 1536)
        default: nil
        }
        curve = switch kind {
        case .p256: try .generate(on: .p256)
        case .p384: try .generate(on: .p384)
        case .brainpoolP256: try .generate(on: .brainpoolP256r1)
        default: nil
        }
    }

    func sign(_ message: [UInt8]) throws -> [UInt8] {
        if let rsa { return try rsa.signature(of: message, scheme: ManagementKey.scheme(forModulusBits: rsa.publicKey.modulusBits)) }
        if let curve { return try curve.signature(of: message).rawRepresentation }
        return try AESCMAC.code(over: message, key: secret)
    }

    /// PUT KEY of what verifies the signatures, in a session with `keys`.
    func putKey(version: UInt8, replacing: UInt8 = 0, under keys: SCP03StaticKeys) throws -> CommandAPDU {
        if let rsa { return try PutPublicKeyCommand(replacing: replacing, newVersion: version, key: PublicKeyData(rsa.publicKey)).apdu() }
        if let curve { return try PutPublicKeyCommand(replacing: replacing, newVersion: version, key: PublicKeyData(curve.publicKey)).apdu() }
        return try Cards.putSecret(secret, version: version, replacing: replacing, under: keys)
    }

    /// The command with its token.
    func withToken(_ command: CommandAPDU) throws -> CommandAPDU {
        let token = try sign(ManagementToken.signedData(of: command))
        var signed = command
        if command.ins == Instruction.delete {
            signed.data += TLV(0x9E, token).bytes
        } else {
            signed.data.removeLast()
            signed.data += [UInt8(token.count)] + token
        }
        return signed
    }

    func withToken(_ install: InstallCommand) throws -> CommandAPDU { try withToken(install.apdu()) }

    var description: String { kind.rawValue }
}

extension Cards {
    static let receiptKey = SecretBytes(copying: [UInt8](repeating: 0x71, count: 16))
    static let decipheringKey = SecretBytes(copying: [UInt8](repeating: 0x75, count: 16))
    static let allPrivileges = Privileges.named.reduce(into: Privileges()) { $0.insert($1.privilege) }

    /// An eSE that gives every privilege, whose Issuer Security Domain verifies tokens and makes receipts.
    static let managed: CardProfile = {
        var profile = CardProfile.eSE
        profile.grantableSecurityDomainPrivileges = allPrivileges
        profile.grantableApplicationPrivileges = allPrivileges
        profile.issuerSecurityDomainPrivileges.formUnion([.tokenVerification, .receiptGeneration])
        return profile
    }()

    static func putSecret(_ key: SecretBytes, version: UInt8, replacing: UInt8 = 0, under session: SCP03StaticKeys) throws -> CommandAPDU {
        let component = PutKeyCommand.Component(keyLength: key.count, encryptedKey: try session.encryptKeyData(key), checkValue: try aesKeyCheckValue(key))
        return try PutKeyCommand(replacing: replacing, newVersion: version, components: [component]).apdu()
    }

    /// A new domain directly below the Issuer Security Domain with keys of its own (version 30), and a host in a session with it.
    static func domain(_ card: SimulatedCard, _ privileges: Privileges) throws -> Host { try domain(card, ssd, privileges, seed: 0x22) }

    static func domain(_ card: SimulatedCard, _ aid: AID, _ privileges: Privileges, seed: UInt8 = 0x33) throws -> Host {
        let issuer = try issuer(card)
        let created = try createDomain(issuer, aid, privileges: privileges)
        guard created.isSuccess else { throw Refused(status: created) }
        let stored = try storeFirstKeys(issuer, keys(seed), in: aid)
        guard stored.isSuccess else { throw Refused(status: stored) }
        return try session(card, aid, seed: seed)
    }

    static func session(_ card: SimulatedCard, _ aid: AID, seed: UInt8 = 0x22, channel: Int = 0) throws -> Host {
        let host = Host(card, channel: channel)
        let selected = try host.select(aid).statusWord
        guard selected.isSuccess else { throw Refused(status: selected) }
        let opened = try host.open(keys(seed), version: 0x30)
        guard opened.isSuccess else { throw Refused(status: opened) }
        return host
    }

    struct Refused: Error { let status: StatusWord }
}

extension SimulatedCard {
    func entry(_ aid: AID) -> RegistryEntry? { image.registry.first { $0.aid == aid } }
}

extension Host {
    /// All blocks, until one is refused; the last response.
    func load(_ file: LoadFileStructure) throws -> ResponseAPDU {
        var response = ResponseAPDU(statusWord: .success)
        for command in try file.commands(maximumPayload: maximumPayload) where response.statusWord.isSuccess { response = try send(command.apdu) }
        return response
    }
}
