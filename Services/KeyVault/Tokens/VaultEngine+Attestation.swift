import Cryptography
import GlobalPlatform
import KeyVaultAPI

/// The TR's attestation tokens (TR-03165, Appendix A): built here from their fields, so that this key signs nothing else.
extension VaultEngine {
    public func attestationToken(_ request: AttestationTokenRequest, _ caller: VaultCaller) async throws(KeyVaultError) -> KeyVaultAPI.AttestationToken {
        try await transact(VaultCall(.attestationToken, caller.identity, process: request.processId), caller) { work, call in try work.attestationToken(request, &call) }
    }

    public func attestationKey(_ caller: VaultCaller) async throws(KeyVaultError) -> SigningKeyDescription {
        try await perform(VaultCall(.readAttestationKey, caller.identity), caller) { _ in try await signingKeyDescription(.attestation) }
    }
}

extension VaultWork {
    func attestationToken(_ request: AttestationTokenRequest, _ call: inout VaultCall) throws -> KeyVaultAPI.AttestationToken {
        guard let name = settings.tsmOID else { throw KeyVaultError(.usageNotAllowed, "this vault signs no attestation tokens: its configuration names no tsmOid") }
        let tsm = try ASN1ObjectIdentifier(name)
        var diversification: AttestationContent.Diversification?
        if let id = request.diversifiedKeySetId {
            call.keys = [KeyReference.keySet(id: id).name]
            let keySet = try KeySetRecord.require(id, db)
            try KeySetPolicy.require(.attest, of: keySet)
            guard let index = keySet.masterKeyIndex, let data = keySet.keyDiversificationData else {
                throw KeyVaultError(.usageNotAllowed, "key set \(id) is not diversified from a master key: there is nothing to attest of it")
            }
            // Tag 83 has room for a UUID only.
            guard let octets = try? UUIDOctets(index) else {
                throw KeyVaultError(.invalidRequest, "the index of master key \(index) is not a UUID, so no attestation token can carry it")
            }
            diversification = AttestationContent.Diversification(masterKeyIndex: octets, keyDiversificationData: data)
        }
        let key = try signingKey(.attestation)
        let content = try AttestationContent(
            tsm: tsm, processID: UUIDOctets(request.processId), flavorID: UUIDOctets(request.flavorId), diversification: diversification,
            subjectKeyIdentifier: AttestationContent.subjectKeyIdentifier(ofPublicKey: key.publicKey.point()))
        let signature = try key.signature(of: content.toBeSigned).derRepresentation()
        let token = try GlobalPlatform.AttestationToken(content: content, signature: signature)
        call.keys.append("signing:\(key.id)")
        call.detail = "flavor \(request.flavorId)"
        return KeyVaultAPI.AttestationToken(token: HexBytes(token.bytes))
    }
}
