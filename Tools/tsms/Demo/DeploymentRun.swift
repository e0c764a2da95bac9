import Cryptography
import Foundation
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import TrustedServiceModel

/// What the demo published.
struct PublishedDemo: Sendable {
    let serviceId: String
    let version: String
    let flavorId: String
    let securityDomain: AID
    let package: AID
    let instance: AID

    init(service: TrustedServiceModel.Service, version: String, flavorId: String, package: String, instance: AID) throws {
        serviceId = service.id
        self.version = version
        self.flavorId = flavorId
        securityDomain = try AID(hex: service.sdAid)
        self.package = try AID(hex: package)
        self.instance = instance
    }
}

/// The handset's side of the demo: create, deploy, prove, terminate, prove.
struct DeploymentRun: Sendable {
    let testbed: TestbedDescription
    let provider: TestbedDescription.ServiceProvider
    let handset: SimulatedHandset
    let reader: String
    let published: PublishedDemo
    let expectedRoundTrips: Int
    let recorder: StepRecorder
    let console: Console

    struct Outcome: Sendable {
        var processId: String
        var roundTrips: Int
        var milliseconds: Double
        var apdus: Int
    }

    func perform() async throws -> Outcome {
        let card = try handset.card(reader)
        let before = CardState(of: card)
        let instance = try await recorder.step("createServiceInstance", remark: { "instance \($0.id) on \($0.reader)" }) { try await create() }
        let outcome = try await recorder.step("deployService [Install, Personalize, Activate] finalize", remark: { "\($0.roundTrips) round trips, \($0.apdus) APDUs" }) {
            try await deploy(instance.id, card)
        }
        let token = try await recorder.step("select the instance as SP app, read its token") { try await readToken() }
        try await recorder.step("verify the token with the published certificate") {
            try token.verify(certificate: testbed.attestation.certificate, tsm: testbed.attestation.tsmOid, process: outcome.processId, flavor: published.flavorId)
        }
        try await recorder.step("GET STATUS under the security domain's keys", remark: { (proof: SecurityDomainProof) in
            "on a copy of the card, with keys derived by the SP: \(proof.applications.map { "\($0.aid)" }.joined(separator: ", "))"
        }) { try prove(token, card) }
        try await recorder.step("registry in the card's memory") { try checkRegistry(card) }
        try await recorder.step("terminateService", remark: { $0 }) { try await terminate(instance.id, card) }
        try await recorder.step("the card is as empty as before", remark: { (state: CardState) in
            "\(state.registry.count) registry entries, \(state.freeNonVolatile) bytes free, both as before"
        }) {
            let after = CardState(of: card)
            let differences = after.differences(from: before)
            guard differences.isEmpty else { throw ToolFailure(differences.joined(separator: "; ")) }
            return after
        }
        try await recorder.step("no instance is left") {
            let left = await handset.client.getServiceInstances(serviceId: published.serviceId)
            guard left.executionStatus == .noError else { throw ToolFailure(left.executionMessage) }
            guard left.serviceInstances.isEmpty else { throw ToolFailure("\(left.serviceInstances.count) instances are left") }
        }
        return outcome
    }

    private func create() async throws -> ServiceInstance {
        let result = await handset.client.createServiceInstance(serviceId: published.serviceId, version: published.version)
        guard result.executionStatus == .noError, let instance = result.serviceInstance else { throw ToolFailure(result.executionMessage, status: .refused) }
        guard instance.state == .notDeployed else { throw ToolFailure("the new instance is in state \(instance.state.representation)") }
        return instance
    }

    private func deploy(_ instance: String, _ card: SimulatedCard) async throws -> Outcome {
        let bar = ProgressBar(label: "deployService", console: console)
        let (requests, commands) = (handset.transport.requests, card.commandCount)
        let clock = ContinuousClock.now
        let result = await handset.client.deployService(
            serviceInstanceId: instance,
            serviceCommands: [.install(installationData: [:]), .personalize(personalizationData: [:]), .activate(suspensionControl: false)],
            finalizeDeployment: true, listener: bar)
        let milliseconds = (clock.duration(to: .now).milliseconds * 10).rounded() / 10
        bar.finish()
        guard result.processInfo.executionStatus == .noError else { throw ToolFailure(result.processInfo.executionMessage, status: .refused) }
        guard result.serviceInstanceState == .operational else { throw ToolFailure("the instance is in state \(result.serviceInstanceState.representation)") }
        guard result.serviceCommandResults.count == 3, result.serviceCommandResults.allSatisfy({ $0.commandExecutionStatus == .success }) else {
            throw ToolFailure("not every service command succeeded")
        }
        guard bar.heard.starts == 1, !bar.heard.progress.isEmpty, bar.heard.progress == bar.heard.progress.sorted() else {
            throw ToolFailure("the listener was told of \(bar.heard.starts) starts and of progress \(bar.heard.progress)")
        }
        let roundTrips = handset.transport.requests - requests
        guard roundTrips == expectedRoundTrips else { throw ToolFailure("it took \(roundTrips) round trips, not \(expectedRoundTrips)") }
        return Outcome(processId: result.processInfo.processId, roundTrips: roundTrips, milliseconds: milliseconds, apdus: card.commandCount - commands)
    }

    /// Through an OMAPI channel, under the card's access rules, as the app that the Service names.
    private func readToken() async throws -> AttestationProof {
        let session = try await handset.readers.reader(named: reader).openSession()
        do {
            let channel = try await session.openLogicalChannel(published.instance)
            guard channel.selectResponse?.statusWord.isSuccess == true else { throw ToolFailure("SELECT of \(published.instance) did not succeed") }
            let version = try await channel.transmit(CommandAPDU(cla: 0x80, ins: 0x30, p1: 0, p2: 0, expectedLength: 256))
            guard version.statusWord.isSuccess, version.data == [1, 0] else { throw ToolFailure("the applet answers \(version) when asked for its version") }
            let proof = try await AttestationProof(readingFrom: channel)
            await session.close()
            return proof
        } catch {
            await session.close()
            throw error
        }
    }

    private func prove(_ token: AttestationProof, _ card: SimulatedCard) throws -> SecurityDomainProof {
        guard let diversification = token.token.content.diversification else { throw ToolFailure("the token carries no diversification data") }
        guard provider.keyIndexes.contains(where: { $0.index == diversification.masterKeyIndex.description }) else {
            throw ToolFailure("the token names master key \(diversification.masterKeyIndex), which is not the service provider's")
        }
        let text = String(decoding: try Programs.read(provider.masterKeyFile), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let proof = try SecurityDomainProof(copyOf: card, securityDomain: published.securityDomain, master: SecretBytes(consuming: try Hex.decode(text)), diversification: diversification)
        try proof.require(instance: published.instance, package: published.package)
        return proof
    }

    private func checkRegistry(_ card: SimulatedCard) throws {
        let image = card.image
        guard let entry = image.registry.first(where: { $0.aid == published.instance }), entry.securityDomain == published.securityDomain else {
            throw ToolFailure("\(published.instance) is not in security domain \(published.securityDomain)")
        }
        let versions = image.keySets(of: published.securityDomain).map(\.version)
        guard versions == [0x31] else { throw ToolFailure("the security domain holds key versions \(versions), not the rotated 31 alone") }
    }

    private func terminate(_ instance: String, _ card: SimulatedCard) async throws -> String {
        let bar = ProgressBar(label: "terminateService", console: console)
        let (requests, commands) = (handset.transport.requests, card.commandCount)
        let result = await handset.client.terminateService(serviceInstanceId: instance, listener: bar)
        bar.finish()
        guard result.processInfo.executionStatus == .noError else { throw ToolFailure(result.processInfo.executionMessage, status: .refused) }
        return "\(handset.transport.requests - requests) round trips, \(card.commandCount - commands) APDUs"
    }
}
