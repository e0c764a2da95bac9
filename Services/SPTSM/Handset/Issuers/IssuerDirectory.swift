import DeploymentDocument
import Foundation
import SEIAPI
import Synchronization
import TrustedServiceModel

/// The issuers that the catalogue names, each with a client of its SEI TSM, made when first needed and again when its descriptor changes.
public final class IssuerDirectory: Sendable {
    private struct Known { var descriptor: IssuerDescriptor; var issuer: any SecureElementIssuer }

    private let catalogue: any Catalogue
    private let connect: @Sendable (IssuerDescriptor) throws -> any SecureElementIssuer
    private let known = Mutex<[String: Known]>([:])

    public init(catalogue: any Catalogue, connect: @escaping @Sendable (IssuerDescriptor) throws -> any SecureElementIssuer) {
        self.catalogue = catalogue
        self.connect = connect
    }

    /// The issuer whose cards carry this IIN (hex). Where two share one: the first that issues one of the profiles, else the first.
    func issuer(iin: String, profiles: Set<String>) async throws(TSMFailure) -> IssuerDescriptor? {
        let issuers = try await catalogue.issuers().filter { $0.issuerIdentificationNumbers.contains { $0.lowercased() == iin.lowercased() } }
        return issuers.first { !profiles.isDisjoint(with: $0.secureComponentProfileIds) } ?? issuers.first
    }

    func descriptor(_ id: String) async throws(TSMFailure) -> IssuerDescriptor {
        guard let descriptor = try await catalogue.issuers().first(where: { $0.id == id }) else {
            throw TSMFailure(.issuerError, "the issuer of this secure component is no longer connected to this TSM")
        }
        return descriptor
    }

    /// - Throws: `TSMFailure(.issuerError)` for an issuer that is not (any more) in the catalogue or whose descriptor cannot be used.
    func client(_ id: String) async throws(TSMFailure) -> any SecureElementIssuer {
        let descriptor = try await descriptor(id)
        if let entry = known.withLock({ $0[id] }), entry.descriptor == descriptor { return entry.issuer }
        do {
            let issuer = try connect(descriptor)
            known.withLock { $0[id] = Known(descriptor: descriptor, issuer: issuer) }
            return issuer
        } catch {
            throw TSMFailure(.issuerError, "the connection to issuer \(descriptor.name) is not configured rightly; the TSM's operator has to correct it")
        }
    }
}
