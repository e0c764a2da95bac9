import Cryptography
import Foundation
import GlobalPlatform
import SecureComponentSimulator

/// GET STATUS under the security domain's own keys, as the service provider can ask for it: it derives them from its master key and the
/// diversification data in the attestation token (key provisioning mode 1).
///
/// It asks a copy of the card, made from its image: a session with the card itself would spend a sequence counter of which the TSM
/// knows nothing, and its next predicted session would miss.
struct SecurityDomainProof: Sendable {
    let securityDomain: AID
    let applications: [RegistryEntry]
    let loadFiles: [RegistryEntry]

    /// - Parameter master: the service provider's copy of the master key.
    init(copyOf card: SimulatedCard, securityDomain: AID, master: SecretBytes, diversification: AttestationContent.Diversification) throws {
        let copy = SimulatedCard(image: card.image)
        let keys = try DiversificationScheme.kdf3.keys(master: master, keyDiversificationData: diversification.keyDiversificationData)
        let selected = try copy.transmit(SelectCommand(aid: securityDomain).apdu)
        guard selected.statusWord.isSuccess else { throw ToolFailure("SELECT of security domain \(securityDomain) is answered with \(selected.statusWord)") }
        let challenge = try SystemRandom().bytes(card.profile.scp03Parameter.isS16 ? 16 : 8)
        let initialized = try InitializeUpdateResponse(try copy.transmit(SCP03HostSession.initializeUpdate(kvn: 0, hostChallenge: challenge)))
        // Fails unless the card holds exactly the keys that the service provider derived.
        var session = try SCP03HostSession(staticKeys: keys, level: .strongest(for: initialized.parameter), hostChallenge: challenge, response: initialized)
        let authenticated = try copy.transmit(try session.externalAuthenticate())
        guard authenticated.statusWord.isSuccess else { throw ToolFailure("EXTERNAL AUTHENTICATE is answered with \(authenticated.statusWord)") }
        self.securityDomain = securityDomain
        applications = try Self.list(.applications, copy, &session)
        loadFiles = try Self.list(.loadFiles, copy, &session)
    }

    private static func list(_ scope: GetStatusCommand.Scope, _ card: SimulatedCard, _ session: inout SCP03HostSession) throws -> [RegistryEntry] {
        var entries: [RegistryEntry] = []
        var command = GetStatusCommand(scope: scope)
        while true {
            let page = try GetStatusPage(parsing: try session.unwrap(try card.transmit(try session.wrap(command.apdu))))
            entries += page.entries
            guard page.hasMore else { return entries }
            command = command.nextPage
        }
    }

    /// The instance is there, selectable, made from the package, in this security domain.
    func require(instance: AID, package: AID) throws(ToolFailure) {
        guard let entry = applications.first(where: { $0.aid == instance }) else { throw ToolFailure("GET STATUS lists no application \(instance)") }
        guard entry.applicationState?.isSelectable == true else { throw ToolFailure("\(instance) is not selectable") }
        guard loadFiles.contains(where: { $0.aid == package }) else { throw ToolFailure("GET STATUS lists no load file \(package)") }
        if let domain = entry.securityDomain, domain != securityDomain { throw ToolFailure("\(instance) belongs to \(domain)") }
    }
}
