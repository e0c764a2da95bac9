import Cryptography
import GlobalPlatform

/// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE (Amendment D, 7.1), and secure messaging around all other commands.
extension CardEngine {
    /// INITIALIZE UPDATE for the selected application with the keys of `domain`, or of the next domain above that has any.
    mutating func initializeUpdate(_ command: CommandAPDU, _ application: ApplicationRecord, domain: AID, _ number: Int) throws(Refusal) -> ResponseAPDU {
        dropSession(number)
        guard command.isProprietaryClass, !command.isSecureMessaging else { throw Refusal(.classNotSupported, "INITIALIZE UPDATE is sent in the clear, class 80") }
        guard command.p2 == 0, command.p1 <= 0x7F else { throw Refusal(.incorrectP1P2, "P2 is 00, the key version at most 7F") }
        guard let holder = image.keyHolder(of: domain), let keys = image.application(holder)?.domain else {
            throw Refusal(.referencedDataNotFound, "neither \(domain) nor a domain above it has keys")
        }
        // A domain that is LOCKED rejects everything, and so do its keys for those below it.
        guard let record = image.application(holder), holder == image.issuerSecurityDomain || !record.isLocked else {
            throw Refusal(.conditionsNotSatisfied, "\(holder), whose keys \(domain) uses, is LOCKED")
        }
        let set = command.p1 == 0 ? keys.defaultKeySet : keys.keySet(command.p1)
        guard let set, let staticKeys = set.staticKeys else {
            throw Refusal(.referencedDataNotFound, "\(holder) has no complete key set of version \(Hex.encodeUpperCase([command.p1]))")
        }
        if let limit = image.profile.maximumFailedAuthentications, set.failedAuthentications >= limit {
            throw Refusal(.authenticationMethodBlocked, "key set \(Hex.encodeUpperCase([set.version])) is blocked after \(limit) failed authentications")
        }
        let parameter = SCP03Parameter(rawValue: image.application(domain)?.domain?.scp03Option ?? image.profile.scp03Parameter.rawValue)
        guard command.data.count == parameter.challengeLength else { throw Refusal(.wrongLength, "a host challenge has \(parameter.challengeLength) bytes") }
        guard let counter = SequenceCounter(set.sequenceCounter)?.next else { throw Refusal(.conditionsNotSatisfied, "the sequence counter is exhausted") }
        let session: SCP03CardSession
        do {
            session = try SCP03CardSession(
                staticKeys: staticKeys, keyVersionNumber: set.version, parameter: parameter,
                keyDiversificationData: image.identity.keyDiversificationData.bytes, hostChallenge: command.data, sequenceCounter: counter,
                securityDomain: application.aid, random: random)
        } catch {
            throw Refusal(.noSpecificDiagnosis, error.description)
        }
        let version = set.version
        try image.withDomain(holder) { (domain: inout SecurityDomainRecord) throws(Refusal) in
            if let index = domain.keySetIndex(version) { domain.keySets[index].sequenceCounter = counter.value }
        }
        channels[number]?.secureChannel = SecureChannel(session: session, keyHolder: holder, keyVersion: version, staticKeys: staticKeys)
        return ResponseAPDU(data: session.initializeUpdateResponse.data, statusWord: .success)
    }

    mutating func externalAuthenticate(_ command: CommandAPDU, _ number: Int) throws(Refusal) -> ResponseAPDU {
        guard var channel = channels[number]?.secureChannel, command.isProprietaryClass else {
            throw Refusal(.securityStatusNotSatisfied, "EXTERNAL AUTHENTICATE without INITIALIZE UPDATE before it")
        }
        channels[number]?.secureChannel = nil
        // The least that this card talks business at.
        guard SecurityLevel(rawValue: command.p1).contains(.commandMAC) else {
            throw Refusal(.securityStatusNotSatisfied, "security level \(Hex.encodeUpperCase([command.p1])) is below C-MAC")
        }
        // The attempt counts before it is judged, and for good: loss of power is no way to another one.
        if image.profile.maximumFailedAuthentications != nil {
            try changeFailures(of: channel) { $0 + 1 }
            try store()
        }
        do { try channel.session.externalAuthenticate(command) } catch {
            // Only a wrong cryptogram is a failed attempt, not a command that could not even be judged.
            if image.profile.maximumFailedAuthentications != nil, error.statusWord != .authenticationFailed {
                try changeFailures(of: channel) { max($0 - 1, 0) }
                try store()
            }
            throw Refusal(error)
        }
        try changeFailures(of: channel) { _ in 0 }
        channels[number]?.secureChannel = channel
        return ResponseAPDU(statusWord: .success)
    }

    private mutating func changeFailures(of channel: SecureChannel, _ change: (Int) -> Int) throws(Refusal) {
        try image.withDomain(channel.keyHolder) { (domain: inout SecurityDomainRecord) throws(Refusal) in
            guard let index = domain.keySetIndex(channel.keyVersion) else { return }
            domain.keySets[index].failedAuthentications = change(domain.keySets[index].failedAuthentications)
        }
    }

    /// Runs a command inside the channel's session: unwrapped before, its response wrapped after.
    /// - Parameter body: gets the plain command, its class byte without secure messaging.
    mutating func inSession(
        _ command: CommandAPDU, _ number: Int, _ body: (inout CardEngine, CommandAPDU, SecureChannel) throws(Refusal) -> ResponseAPDU
    ) throws(Refusal) -> ResponseAPDU {
        guard var channel = channels[number]?.secureChannel, channel.isAuthenticated else {
            throw Refusal(.securityStatusNotSatisfied, "\(Instruction.name(command.ins)) needs a secure channel session")
        }
        let plain: CommandAPDU
        do { plain = try channel.session.unwrap(command) } catch {
            dropSession(number)
            throw Refusal(error)
        }
        channels[number]?.secureChannel = channel
        let response = try body(&self, plain, channel)
        do { return try channel.session.wrap(response) } catch { throw Refusal(error) }
    }

    /// Ends the session and all that lives within it.
    mutating func dropSession(_ number: Int) {
        channels[number]?.secureChannel = nil
        channels[number]?.loading = nil
        channels[number]?.storing = nil
        channels[number]?.listing = nil
    }
}
