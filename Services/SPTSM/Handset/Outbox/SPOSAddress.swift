import DeploymentDocument
import Foundation
import ServiceKit
import Synchronization
import TrustedServiceModel

/// Where the results of a Service go.
enum SPOSAddress: Sendable, Hashable {
    case spos(SposDocument)
    /// The Service is no more: as each result's instance was pinned.
    case pinned
    /// The Service has no SPOS: they go nowhere.
    case nowhere
}

/// Asks the catalogue as it is now, never an instance's old copy: a SposConfig that was changed or taken away must not get results any more. While the
/// provider plane is away longer than is allowed, results wait.
final class SPOSAddressBook: Sendable {
    /// The catalogue's word counts for so many seconds.
    private static let trust: Double = 5

    private let catalogue: any Catalogue
    private let environment: ServiceEnvironment
    private let confirmed = Mutex<Date?>(nil)

    init(catalogue: any Catalogue, environment: ServiceEnvironment) {
        self.catalogue = catalogue
        self.environment = environment
    }

    /// - Throws: `TSMFailure(.tsmNotAvailable)` when the catalogue cannot say.
    func address(of service: String) async throws(TSMFailure) -> SPOSAddress {
        let now = environment.now()
        if confirmed.withLock({ $0.map { now.timeIntervalSince($0) >= Self.trust || now < $0 } ?? true }) {
            try await catalogue.refresh()
            confirmed.withLock { $0 = now }
        }
        if let document = try await catalogue.service(service) { return document.spos.map(SPOSAddress.spos) ?? .nowhere }
        guard try await catalogue.isDeleted(service: service) else {
            throw TSMFailure(.tsmNotAvailable, "the catalogue does not show the service, which it has no record of removing")
        }
        return .pinned
    }
}
