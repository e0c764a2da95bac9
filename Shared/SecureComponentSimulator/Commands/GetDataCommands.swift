import GlobalPlatform

/// GET DATA of a security domain (GPCS 2.3.1, 11.3): what anybody may read.
extension CardEngine {
    func getData(_ command: CommandAPDU, _ domain: ApplicationRecord) throws(Refusal) -> ResponseAPDU {
        let request = try Refusal.reading { () throws(FormatError) in try GetDataCommand.parse(command) }
        guard let data = dataObject(request.tag, domain) else {
            throw Refusal(.referencedDataNotFound, "\(domain.aid) has no data object \(Hex.encodeUpperCase([command.p1, command.p2]))")
        }
        return ResponseAPDU(data: data, statusWord: .success)
    }

    private func dataObject(_ tag: UInt16, _ domain: ApplicationRecord) -> [UInt8]? {
        let isIssuer = domain.aid == image.issuerSecurityDomain
        switch tag {
        case 0x9F7F: return isIssuer ? TLV(0x9F7F, image.identity.productionLifeCycle.bytes).bytes : nil
        case 0x0042, 0x0045: return image.identification(UInt8(tag), of: domain).map { TLV(TLVTag(rawValue: UInt32(tag)), $0).bytes }
        case 0x5F50: return domain.domain?.dataObjects["5f50"].map { TLV(0x5F50, $0.bytes).bytes }
        case 0x0066: return recognitionData(domain).bytes
        case 0x0067: return isIssuer ? capabilities.bytes : nil
        case 0x00E0:
            guard let sets = domain.domain?.keySets, !sets.isEmpty else { return nil }
            return KeyInformation(keys: sets.flatMap { set in
                set.keys.map { KeyInformation.Key(identifier: $0.identifier, version: set.version, components: $0.components) }
            }).bytes
        case 0x00C1:
            guard let holder = image.keyHolder(of: domain.aid), let set = image.application(holder)?.domain?.defaultKeySet else { return nil }
            return SequenceCounter(set.sequenceCounter).map { TLV(0xC1, $0.bytes).bytes }
        case 0x00C2:
            guard domain.privileges.contains(.receiptGeneration) else { return nil }
            let counter = domain.domain?.confirmationCounter ?? 0
            return TLV(0xC2, [UInt8(counter >> 8), UInt8(counter & 0xFF)]).bytes
        case 0x00CF: return TLV(0xCF, image.identity.keyDiversificationData.bytes).bytes
        case 0xFF21:
            let free = image.free(for: domain.aid)
            let count = image.applications.filter { $0.aid != image.issuerSecurityDomain && image.isWithin($0.securityDomain, domain: domain.aid) }.count
            return ExtendedCardResources(
                applications: UInt32(count), freeNonVolatileMemory: UInt32(clamping: free.nonVolatile), freeVolatileMemory: UInt32(clamping: free.volatile)
            ).bytes
        default: return nil
        }
    }

    /// Card recognition data; of a supplementary domain its management data.
    func recognitionData(_ domain: ApplicationRecord) -> CardRecognitionData {
        let isIssuer = domain.aid == image.issuerSecurityDomain
        let options = isIssuer ? image.profile.scp03Options : [domain.domain?.scp03Option ?? image.profile.scp03Parameter.rawValue]
        return CardRecognitionData(
            cardSpecificationVersion: image.profile.globalPlatformVersion.components, secureChannels: options.map { SecureChannelProtocol(identifier: 0x03, option: $0) })
    }

    private var capabilities: CardCapabilityInformation {
        let profile = image.profile
        let sizes = profile.keyLengths.reduce(UInt8(0)) { $0 | ($1 == 16 ? 0x01 : $1 == 24 ? 0x02 : 0x04) }
        return CardCapabilityInformation(
            secureChannels: [.init(identifier: 0x03, options: profile.scp03Options, keySizes: sizes)],
            securityDomainPrivileges: profile.grantableSecurityDomainPrivileges, applicationPrivileges: profile.grantableApplicationPrivileges,
            loadFileHashAlgorithms: [0x02],
            // 89 00: load files can be upgraded, one a session (Amendment H).
            other: profile.upgradesLoadFiles ? [TLV(0x89, [0x00])] : [])
    }
}
