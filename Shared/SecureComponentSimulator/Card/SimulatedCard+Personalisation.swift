import Cryptography
import GlobalPlatform

extension SimulatedCard {
    /// A card as an issuer's factory hands it out: SECURED, its Issuer Security Domain keyed, and, where the profile has it, the access rule application.
    /// - Parameters:
    ///   - isdKeys: of the profile's key length.
    ///   - keyVersionNumber: 01 to 6F; 30 by custom for SCP03.
    ///   - issuerIdentificationNumber: value of 42.
    ///   - cardImageNumber: value of 45.
    ///   - productionLifeCycle: CPLC, 42 bytes; nil makes one from the card image number.
    ///   - keyDiversificationData: 10 bytes.
    ///   - lifeCycleState: OP_READY for a card that is still in the factory.
    ///   - file: where the card is kept; nil keeps it in memory. A file that exists is overwritten.
    /// - Throws: `profileInvalid`, `personalisationInvalid`, `fileUnwritable`.
    public static func personalized(
        profile: CardProfile, isdKeys: SCP03StaticKeys, keyVersionNumber: UInt8 = 0x30, issuerIdentificationNumber: [UInt8], cardImageNumber: [UInt8],
        productionLifeCycle: [UInt8]? = nil, keyDiversificationData: [UInt8], lifeCycleState: CardState = .secured, file: CardFile? = nil,
        random: any RandomSource = SystemRandom()
    ) throws(SimulatorError) -> SimulatedCard {
        if let reason = profile.inconsistency { throw SimulatorError(.profileInvalid, reason) }
        func require(_ condition: Bool, _ reason: String) throws(SimulatorError) {
            guard condition else { throw SimulatorError(.personalisationInvalid, reason) }
        }
        try require(isdKeys.keyLength == profile.keyLength, "the keys have \(isdKeys.keyLength) bytes, profile \(profile.name) wants \(profile.keyLength)")
        try require((0x01...0x6F).contains(keyVersionNumber), "the version of secure channel keys is 01 to 6F")
        try require(keyDiversificationData.count == 10, "key diversification data has 10 bytes, not \(keyDiversificationData.count)")
        try require((1...32).contains(issuerIdentificationNumber.count), "an IIN has 1 to 32 bytes")
        try require((1...32).contains(cardImageNumber.count), "a CIN has 1 to 32 bytes")
        let productionLifeCycle = productionLifeCycle ?? Self.productionLifeCycle(profile, cardImageNumber)
        try require(productionLifeCycle.count == 42, "CPLC has 42 bytes, not \(productionLifeCycle.count)")
        let keys = isdKeys.all.enumerated().map { index, key in
            KeyRecord(identifier: UInt8(index + 1), value: HexBytes(key.withUnsafeBytes { [UInt8]($0) }))
        }
        let issuer = profile.issuerSecurityDomain
        let domain = SecurityDomainRecord(scp03Option: profile.scp03Parameter.rawValue, keySets: [KeySetRecord(version: keyVersionNumber, keys: keys)])
        var image = CardImage(
            profile: profile, lifeCycleState: lifeCycleState.rawValue,
            identity: .init(
                issuerIdentificationNumber: HexBytes(issuerIdentificationNumber), cardImageNumber: HexBytes(cardImageNumber),
                productionLifeCycle: HexBytes(productionLifeCycle), keyDiversificationData: HexBytes(keyDiversificationData)),
            loadFiles: [preinstalled(.securityDomainPackage, [.securityDomainModule], issuer)],
            applications: [
                ApplicationRecord(
                    aid: issuer, loadFile: .securityDomainPackage, module: .securityDomainModule, privileges: profile.issuerSecurityDomainPrivileges,
                    lifeCycleState: SecurityDomainState.personalized.rawValue, securityDomain: issuer, domain: domain)
            ])
        if profile.hasAccessRuleApplication {
            for rule in profile.initialAccessRules {
                do { _ = try AccessRuleStore.parse(rule) } catch { throw SimulatorError(.profileInvalid, "initial access rule \(rule): \(error.reason)") }
            }
            let tag: [UInt8]
            do { tag = try random.bytes(8) } catch { throw SimulatorError(.personalisationInvalid, error.description) }
            image.loadFiles.append(preinstalled(AccessRuleStore.loadFile, [.accessRuleApplicationMaster, AccessRuleStore.clientModule], issuer))
            image.applications.append(
                ApplicationRecord(
                    aid: .accessRuleApplicationMaster, loadFile: AccessRuleStore.loadFile, module: .accessRuleApplicationMaster, privileges: [],
                    lifeCycleState: ApplicationState.selectable.rawValue, securityDomain: issuer,
                    accessRules: AccessRuleStore(rules: profile.initialAccessRules, refreshTag: HexBytes(tag))))
        }
        do { try image.checkMemory() } catch { throw SimulatorError(.profileInvalid, error.reason) }
        try file?.save(image)
        return SimulatedCard(image: image, file: file, random: random)
    }

    private static func preinstalled(_ package: AID, _ modules: [AID], _ domain: AID) -> LoadFileRecord {
        LoadFileRecord(
            aid: package, version: VersionNumber([1, 0]), modules: modules, imports: [], securityDomain: domain, size: 0, hash: HexBytes([]), isPreinstalled: true)
    }

    /// The profile's, or fabricator and type of nobody; the end of the card image number as the chip's serial number.
    private static func productionLifeCycle(_ profile: CardProfile, _ cardImageNumber: [UInt8]) -> [UInt8] {
        var data = profile.productionLifeCycle?.bytes ?? [0x53, 0x49] + [UInt8](repeating: 0, count: 40)
        let serial = cardImageNumber.suffix(4)
        data.replaceSubrange(12..<12 + serial.count, with: serial)
        return data
    }
}
