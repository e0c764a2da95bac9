import Cryptography
import GlobalPlatform
import SecureComponentSimulator

/// A simulated card in memory whose Issuer Security Domain's keys are known here.
struct BenchCard {
    let card: SimulatedCard
    private let keys: SCP03StaticKeys

    /// - Parameter number: its card image number.
    init(number: Int = 0) throws {
        keys = try SCP03StaticKeys.random(keyLength: 16, using: SystemRandom())
        let image = (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) }
        card = try SimulatedCard.personalized(
            profile: .eSE, isdKeys: keys, issuerIdentificationNumber: [0x42], cardImageNumber: image, keyDiversificationData: [UInt8](repeating: 0, count: 6) + image)
    }

    /// Commands that reach the card in process.
    var traffic: CardTraffic { CardTraffic(card.transmit) }

    /// A session with the Issuer Security Domain at level 33.
    func open() throws -> SCP03HostSession { try traffic.open(.issuerSecurityDomain, keys) }

    /// A supplementary domain with keys of its own, as a card in the field has.
    func furnish() throws {
        _ = try makeDomain(through: traffic)
        card.reset()
    }

    /// The same by whatever way commands go to the card.
    /// - Returns: the domain and its keys, of version 30.
    func makeDomain(through traffic: CardTraffic) throws -> (aid: AID, keys: SCP03StaticKeys) {
        let ssd = try AID([0xF0, 0x54, 0x53, 0x4D, 0x53, 0x00])
        var session = try traffic.open(.issuerSecurityDomain, keys)
        try traffic.send(InstallCommand.install(InstallForInstall(securityDomain: ssd, parameters: SecurityDomainParameters(secureChannels: []))).apdu(), &session)
        try traffic.send(InstallCommand.personalization(ssd).apdu(), &session)
        let own = try SCP03StaticKeys.random(keyLength: 16, using: SystemRandom())
        let parts = try zip(own.all, own.keyCheckValues()).map { key, checkValue in
            PutKeyCommand.Component(keyLength: key.count, encryptedKey: try keys.encryptKeyData(key), checkValue: checkValue)
        }
        let set = FirstKeySet(version: 0x30, encryption: parts[0], mac: parts[1], dataEncryption: parts[2])
        for command in try set.commands(maximumPayload: session.maximumPayload) { try traffic.send(command.apdu, &session) }
        return (ssd, own)
    }
}
