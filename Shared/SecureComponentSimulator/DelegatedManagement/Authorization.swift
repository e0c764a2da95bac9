import Cryptography
import GlobalPlatform

/// By what right a domain manages content.
struct Authorization: Sendable {
    /// What a verified token says of itself.
    struct Token: Hashable, Sendable {
        /// 93 of B6; empty where the token had no number.
        let identifier: [UInt8]
        /// SHA-256 of what it signs.
        let digest: [UInt8]
    }

    /// Whose privileges decide what can be given: the managing domain's own, or those of the domain that verified the token.
    let authority: AID
    /// Under Delegated Management.
    let token: Token?
}

/// Authorized and Delegated Management (GPCS 2.3.1, 9.1.3, 9.2, C.4).
extension CardEngine {
    /// With Authorized Management no token is needed, and one that comes is refused. With Delegated Management the nearest domain above that
    /// has Token Verification, or the one that the control reference template names, verifies the token over the command.
    /// - Throws: 6985 without either privilege or without a verifier, 6A80 for a token too many, 6982 for a missing, wrong or used token.
    mutating func authorize(_ command: CommandAPDU, token: [UInt8], reference: TokenReference?, _ domain: ApplicationRecord) throws(Refusal) -> Authorization {
        if domain.privileges.contains(.authorizedManagement) {
            guard token.isEmpty else { throw Refusal(.incorrectData, "a token came where Authorized Management needs none") }
            return Authorization(authority: domain.aid, token: nil)
        }
        guard domain.privileges.contains(.delegatedManagement) else {
            throw Refusal(.conditionsNotSatisfied, "\(domain.aid) has neither the Authorized nor the Delegated Management privilege")
        }
        let verifier = try tokenVerifier(for: domain, reference)
        guard !token.isEmpty else { throw Refusal(.securityStatusNotSatisfied, "Delegated Management needs a token") }
        let signed = try Refusal.reading { () throws(FormatError) in try ManagementToken.signedData(of: command) }
        guard let key = verifier.domain?.managementKey(ManagementKeyVersion.token) else {
            throw Refusal(.conditionsNotSatisfied, "\(verifier.aid) has no token key (version 70)")
        }
        let isValid: Bool
        let digest: [UInt8]
        do {
            isValid = try key.managementKey().isValid(token, of: signed)
            digest = try HashFunction.sha256.digest(of: signed)
        } catch let error as Refusal { throw error } catch { throw Refusal(.noSpecificDiagnosis, "\(error)") }
        guard isValid else { throw Refusal(.securityStatusNotSatisfied, "the token is not over this command") }
        let identifier = reference?.tokenIdentifier ?? []
        if !identifier.isEmpty { try spend(identifier, of: verifier.aid) }
        return Authorization(authority: verifier.aid, token: .init(identifier: identifier, digest: digest))
    }

    private func tokenVerifier(for domain: ApplicationRecord, _ reference: TokenReference?) throws(Refusal) -> ApplicationRecord {
        let verifiers = image.ancestors(of: domain.aid).filter { $0.privileges.contains(.tokenVerification) }
        let named = verifiers.first { candidate in
            let identification = reference?.identificationNumber, number = reference?.imageNumber
            return (identification == nil || identification == image.identification(0x42, of: candidate))
                && (number == nil || number == image.identification(0x45, of: candidate))
        }
        guard !verifiers.isEmpty else { throw Refusal(.conditionsNotSatisfied, "no domain above \(domain.aid) verifies tokens") }
        guard let named else { throw Refusal(.referencedDataNotFound, "no domain above \(domain.aid) is the one that B6 names") }
        guard named.aid == image.issuerSecurityDomain || !named.isLocked else { throw Refusal(.conditionsNotSatisfied, "\(named.aid), which verifies tokens, is LOCKED") }
        return named
    }

    /// Token numbers grow, so that none is used twice. A reading: GPCS leaves to the verifying domain what it makes of them.
    private mutating func spend(_ identifier: [UInt8], of verifier: AID) throws(Refusal) {
        let number = Array(identifier.drop { $0 == 0 })
        try image.withDomain(verifier) { (data: inout SecurityDomainRecord) throws(Refusal) in
            let last = data.lastTokenIdentifier?.bytes ?? []
            let isGreater = number.count != last.count ? number.count > last.count : last.lexicographicallyPrecedes(number)
            guard isGreater else { throw Refusal(.securityStatusNotSatisfied, "token \(Hex.encodeUpperCase(identifier)) or a later one was used before") }
            data.lastTokenIdentifier = HexBytes(number)
        }
    }

    /// What INSTALL, the last LOAD and DELETE answer: 00, and under Delegated Management the confirmation with its receipt, where the nearest domain
    /// at or above the verifying one makes receipts.
    mutating func confirmation(of receipt: ManagementReceipt, _ authorization: Authorization) throws(Refusal) -> [UInt8] {
        guard let token = authorization.token, let verifier = image.application(authorization.authority) else { return ManagementConfirmation.none.bytes }
        guard let maker = ([verifier] + image.ancestors(of: verifier.aid)).first(where: { $0.privileges.contains(.receiptGeneration) }) else {
            return ManagementConfirmation.none.bytes
        }
        guard maker.aid == image.issuerSecurityDomain || !maker.isLocked, let key = maker.domain?.managementKey(ManagementKeyVersion.receipt), key.publicKey == nil else {
            throw Refusal(.conditionsNotSatisfied, "\(maker.aid) makes receipts, but is LOCKED or has no receipt key (version 71)")
        }
        let counter = maker.domain?.confirmationCounter ?? 0
        guard counter < .max else { throw Refusal(.conditionsNotSatisfied, "the confirmation counter of \(maker.aid) is exhausted") }
        try image.withDomain(maker.aid) { (data: inout SecurityDomainRecord) throws(Refusal) in data.confirmationCounter = counter + 1 }
        let data = ConfirmationData(
            counter: counter + 1, securityDomainData: (image.identification(0x42, of: maker) ?? []) + (image.identification(0x45, of: maker) ?? []),
            token: (token.identifier, token.digest))
        return try Refusal.reading { () throws(FormatError) in
            ManagementConfirmation(receipt: try receipt.code(confirmation: data, key: SecretBytes(copying: key.value.bytes)), data: try data.encoded()).bytes
        }
    }
}
