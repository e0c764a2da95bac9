import Cryptography
import GRDB
import GlobalPlatform
import KeyVaultAPI

extension VaultWork {
    /// The static keys behind a reference, if they may be used so.
    /// - Throws: `notFound`, `usageNotAllowed`, `wrongState`, `invalidRequest` when the version is not the reference's own.
    func staticKeys(_ reference: KeyReference, for use: KeySetPolicy.Use, keyVersionNumber: UInt8?) throws -> SCP03StaticKeys {
        switch reference {
        case .keySet(let id):
            let record = try KeySetRecord.require(id, db)
            try KeySetPolicy.require(use, of: record)
            try requireVersion(keyVersionNumber, record.keyVersionNumber, reference)
            return try record.staticKeys(sealer)
        case .diversified(let index, let data, let scheme, let version):
            try requireVersion(keyVersionNumber, version, reference)
            return try derivedKeys(namedKey(index, for: .deriveCardKeys, owner: nil), scheme, data.bytes)
        }
    }

    private func requireVersion(_ asked: UInt8?, _ own: UInt8, _ reference: KeyReference) throws(KeyVaultError) {
        guard own != 0 else { throw KeyVaultError(.invalidRequest, "\(reference.name): key version 0 leaves the choice to the card and is not allowed") }
        guard let asked, asked != own else { return }
        throw KeyVaultError(.invalidRequest, "\(reference.name) is version \(Hex.encode([own])), not \(Hex.encode([asked]))")
    }
}
