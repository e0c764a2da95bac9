import DeploymentDocument
import Foundation
import HTTP2
import Identity
import ServiceKit

/// The mutual TLS connection to an issuer's SEI TSM: its CA is pinned, its certificate must carry the identity that the operator registered.
enum IssuerConnection {
    /// - Throws: `IdentityError` for an identity that is none, `TLSError` for our own certificate, `ConfigurationError` for a URL that is none.
    static func client(_ descriptor: IssuerDescriptor, _ own: TLSConfiguration, _ resources: ServiceResources) throws -> JSONClient {
        guard let url = URL(string: descriptor.seiURL), url.scheme == "https", url.host() != nil else {
            throw ConfigurationError(.invalidValue, path: "seiURL", reason: "'\(descriptor.seiURL)' is no https URL")
        }
        let expectation: PeerExpectation = switch try AllowedPeer(descriptor.expectedPeer) {
        case .spiffe(let id): .spiffe(id.description)
        case .dnsName(let name): .dnsName(name)
        case .certificateSHA256: throw ConfigurationError(.invalidValue, path: "expectedPeer", reason: "spiffe://… or dns:… is expected here")
        }
        let sender = HTTPClient(origin: url, credentials: try resources.credentials(own), trustAnchors: descriptor.caPEM, expectation: expectation,
                                eventLoopGroup: resources.eventLoopGroup, logger: resources.logger)
        return JSONClient(sender: sender, url: url, timeout: .seconds(20), environment: resources.environment)
    }
}
