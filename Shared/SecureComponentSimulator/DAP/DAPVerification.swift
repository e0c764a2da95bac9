import Cryptography
import GlobalPlatform

/// DAP verification and ciphered load files (GPCS 2.3.1, 9.2.1, 9.3.9, C.3, C.6).
extension CardEngine {
    /// The domains without whose DAP block nothing is loaded to `target`: the target itself with DAP Verification, and every domain with Mandated
    /// DAP Verification, wherever it is.
    func domainsDemandingDAP(for target: ApplicationRecord) -> [ApplicationRecord] {
        image.applications.filter {
            $0.isSecurityDomain && ($0.privileges.contains(.mandatedDAPVerification) || ($0.aid == target.aid && $0.privileges.contains(.dapVerification)))
        }
    }

    /// Every block must be right, and none that is demanded may be missing. What is signed is the hash of the load file data block that
    /// INSTALL [for load] announced.
    func verify(_ blocks: [LoadFile.DAPBlock], announcedHash hash: [UInt8], for target: ApplicationRecord) throws(Refusal) {
        let demanded = domainsDemandingDAP(for: target).map(\.aid)
        guard blocks.isEmpty || !hash.isEmpty else { throw Refusal(.conditionsNotSatisfied, "DAP blocks sign the hash that INSTALL [for load] did not announce") }
        guard Set(blocks.map(\.securityDomain)).count == blocks.count else { throw Refusal(.incorrectData, "two DAP blocks are of one security domain") }
        if let missing = demanded.first(where: { aid in !blocks.contains { $0.securityDomain == aid } }) {
            throw Refusal(.conditionsNotSatisfied, "\(missing) demands a DAP block")
        }
        for block in blocks {
            guard let domain = image.application(block.securityDomain), domain.isSecurityDomain, domain.privileges.contains(.dapVerification) else {
                throw Refusal(.conditionsNotSatisfied, "\(block.securityDomain) verifies no DAP blocks")
            }
            guard domain.aid == image.issuerSecurityDomain || !domain.isLocked else { throw Refusal(.conditionsNotSatisfied, "\(domain.aid) is LOCKED") }
            guard let key = domain.domain?.managementKey(ManagementKeyVersion.dap) else {
                throw Refusal(.conditionsNotSatisfied, "\(domain.aid) has no DAP key (version 73)")
            }
            let isValid: Bool
            do { isValid = try key.managementKey().isValid(block.signature, of: hash) } catch let error as Refusal { throw error } catch {
                throw Refusal(.noSpecificDiagnosis, "\(error)")
            }
            guard isValid else { throw Refusal(.conditionsNotSatisfied, "the DAP block of \(domain.aid) is wrong") }
        }
    }

    /// The load file data block in the clear. Only the domain that it is loaded to deciphers it.
    func dataBlock(of file: LoadFileStructure, for target: ApplicationRecord) throws(Refusal) -> [UInt8] {
        switch file.content {
        case .plain(let block): return block
        case .ciphered(let block, let initialValue):
            guard target.privileges.contains(.cipheredLoadFileDataBlock) else {
                throw Refusal(.conditionsNotSatisfied, "\(target.aid) lacks the Ciphered Load File Data Block privilege")
            }
            guard let key = target.domain?.managementKey(ManagementKeyVersion.cipheredLoadFileDataBlock), key.publicKey == nil else {
                throw Refusal(.conditionsNotSatisfied, "\(target.aid) has no key to decipher load files (version 75)")
            }
            let plain: [UInt8]?
            do { plain = try LoadFileStructure.decipher(block, initialValue: initialValue, key: SecretBytes(copying: key.value.bytes)) } catch {
                throw Refusal(.noSpecificDiagnosis, error.description)
            }
            guard let plain else { throw Refusal(.conditionsNotSatisfied, "the load file was enciphered with another key") }
            return plain
        }
    }
}
