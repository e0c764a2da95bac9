import Cryptography
import Foundation
import GlobalPlatform
import SecureComponentSimulator
import TrustedServiceModel
import TSMAPI

/// The handset's side of the demo on one secure component: create, deploy, prove, use, update, suspend, resume, terminate, prove.
struct LifeCycleRun: Sendable {
    /// One process, as the handset and its card saw it.
    struct Call: Encodable, Sendable {
        var processId: String
        /// Requests of the handset, the final report included.
        var roundTrips: Int
        var milliseconds: Double
        /// C-APDUs that the secure component got.
        var apdus: Int
        /// What the result has to say although it succeeded.
        var remark: String
    }

    struct Outcome: Encodable, Sendable {
        var reader: String
        /// Name of the secure component's profile.
        var profile: String
        var issuer: String
        var deployment: Call
        var update: Call
        var suspension: Call
        var resumption: Call
        var termination: Call
    }

    let testbed: TestbedDescription
    let provider: TestbedDescription.ServiceProvider
    let handset: SimulatedHandset
    let component: TestbedDescription.SecureComponent
    let published: PublishedDemo
    let isPredictable: Bool
    let recorder: StepRecorder
    let console: Console

    private static let all: [ServiceCommand] = [.install(installationData: [:]), .personalize(personalizationData: [:]), .activate(suspensionControl: false)]
    /// What the app keeps in the store applet.
    private static let data = Array("kept by the app".utf8)

    private var app: ServiceApp { ServiceApp(handset: handset, reader: component.reader) }

    func perform() async throws -> Outcome {
        let card = try handset.card(component.reader)
        let before = CardState(of: card)
        let instance = try await step("createServiceInstance", remark: { "instance \($0.id) on \($0.reader)" }) { try await create() }
        let deployment = try await step("deployService 1.0.0 [Install, Personalize, Activate] finalize", remark: Self.words) { try await deploy(instance.id, card) }
        let token = try await step("select the ticket as SP app, verify its token") { try await ticket([1, 0], of: deployment, version: PublishedDemo.installed) }
        try await step("GET STATUS under the security domain's keys", remark: { (proof: SecurityDomainProof) in
            "on a copy of the card, with keys derived by the SP: \(proof.applications.map { "\($0.aid)" }.joined(separator: ", "))"
        }) { try prove(token, card) }
        try await step("the app writes data into the store applet") { try await app.write(Self.data, to: published.store) }
        let updated = try await step("updateService 1.1.0", remark: Self.words) { try await update(instance.id, card) }
        try await step("the ticket is release 1.1, with a valid token") { _ = try await ticket([1, 1], of: updated, version: PublishedDemo.updated) }
        try await step("the store applet's data is what it was") { try await requireData() }
        try await step("the same keys in the security domain") { _ = try prove(token, card) }
        let suspension = try await step("suspendService: neither applet can be selected", remark: Self.words) { try await suspend(instance.id, true, card) }
        let resumption = try await step("resumeService: both answer again", remark: Self.words) { try await suspend(instance.id, false, card) }
        let termination = try await step("terminateService", remark: Self.words) { try await terminate(instance.id, card) }
        try await step("the card is as empty as before", remark: { (state: CardState) in
            "\(state.registry.count) registry entries, \(state.freeNonVolatile) bytes free, both as before"
        }) {
            let after = CardState(of: card)
            let differences = after.differences(from: before)
            guard differences.isEmpty else { throw ToolFailure(differences.joined(separator: "; ")) }
            return after
        }
        try await step("no instance is left") {
            let left = await handset.client.getServiceInstances(serviceId: published.serviceId)
            guard left.executionStatus == .noError else { throw ToolFailure(left.executionMessage) }
            guard left.serviceInstances.isEmpty else { throw ToolFailure("\(left.serviceInstances.count) instances are left") }
        }
        return Outcome(reader: component.reader, profile: testbed.secureComponentProfiles.first { $0.id == component.profileId }?.name ?? component.profileId,
                       issuer: testbed.issuers.first { $0.id == component.issuer }?.name ?? component.issuer,
                       deployment: deployment, update: updated, suspension: suspension, resumption: resumption, termination: termination)
    }

    @discardableResult
    private func step<Value>(_ name: String, remark: (Value) -> String? = { _ in nil }, _ work: () async throws -> Value) async throws -> Value {
        try await recorder.step("\(component.reader): \(name)", remark: remark, work)
    }

    private static func words(_ call: Call) -> String { "\(call.roundTrips) round trips, \(call.apdus) APDUs" + (call.remark.isEmpty ? "" : ". \(call.remark)") }

    /// Runs a process and measures it.
    private func call(_ label: String, _ card: SimulatedCard, roundTrips expected: Int, _ work: (ProgressBar) async -> TrustedServiceModel.ProcessInfo) async throws -> Call {
        let bar = ProgressBar(label: label, console: console)
        let (requests, commands) = (handset.transport.requests, card.commandCount)
        let clock = ContinuousClock.now
        let info = await work(bar)
        let milliseconds = (clock.duration(to: .now).milliseconds * 10).rounded() / 10
        bar.finish()
        guard info.executionStatus == .noError else { throw ToolFailure(info.executionMessage, status: .refused) }
        guard bar.heard.starts == 1, !bar.heard.progress.isEmpty, bar.heard.progress == bar.heard.progress.sorted() else {
            throw ToolFailure("the listener was told of \(bar.heard.starts) starts and of progress \(bar.heard.progress)")
        }
        let roundTrips = handset.transport.requests - requests
        guard roundTrips == expected else { throw ToolFailure("it took \(roundTrips) round trips, not \(expected)") }
        return Call(processId: info.processId, roundTrips: roundTrips, milliseconds: milliseconds, apdus: card.commandCount - commands, remark: info.executionMessage)
    }

    private func create() async throws -> ServiceInstance {
        let result = await handset.client.createServiceInstance(serviceId: published.serviceId, version: PublishedDemo.installed)
        guard result.executionStatus == .noError, let instance = result.serviceInstance else { throw ToolFailure(result.executionMessage, status: .refused) }
        guard instance.state == .notDeployed else { throw ToolFailure("the new instance is in state \(instance.state.representation)") }
        return instance
    }

    private func deploy(_ instance: String, _ card: SimulatedCard) async throws -> Call {
        var state = ServiceInstanceState.unknown
        let made = try await call("deployService", card, roundTrips: isPredictable ? 2 : 4) { bar in
            let result = await handset.client.deployService(serviceInstanceId: instance, serviceCommands: Self.all, finalizeDeployment: true, listener: bar)
            state = result.serviceInstanceState
            return result.processInfo
        }
        guard state == .operational else { throw ToolFailure("the instance is in state \(state.representation)") }
        return made
    }

    private func update(_ instance: String, _ card: SimulatedCard) async throws -> Call {
        var result: UpdateServiceResult?
        let made = try await call("updateService", card, roundTrips: isPredictable ? 2 : 3) { bar in
            let updated = await handset.client.updateService(serviceInstanceId: instance, newVersion: PublishedDemo.updated, serviceCommands: Self.all, finalizeDeployment: true, listener: bar)
            result = updated
            return updated.processInfo
        }
        guard let result, result.serviceInstanceState == .operational, result.technicalInformation.serviceVersionTag == PublishedDemo.updated else {
            throw ToolFailure("the instance is not operational in version \(PublishedDemo.updated)")
        }
        return made
    }

    private func suspend(_ instance: String, _ suspend: Bool, _ card: SimulatedCard) async throws -> Call {
        let made = try await call(suspend ? "suspendService" : "resumeService", card, roundTrips: isPredictable ? 2 : 3) { bar in
            await handset.client.suspendOrResumeService(serviceInstanceId: instance, suspensionControl: suspend, listener: bar).processInfo
        }
        let (ticket, stored) = (try await app.ticket(published.ticket), try await app.read(Self.data.count, from: published.store))
        guard (ticket == nil) == suspend, (stored == nil) == suspend else { throw ToolFailure("an applet can \(suspend ? "still" : "not") be selected") }
        if !suspend { try await requireData() }
        return made
    }

    private func terminate(_ instance: String, _ card: SimulatedCard) async throws -> Call {
        try await call("terminateService", card, roundTrips: isPredictable ? 2 : 4) { bar in
            await handset.client.terminateService(serviceInstanceId: instance, listener: bar).processInfo
        }
    }

    private func requireData() async throws {
        guard try await app.read(Self.data.count, from: published.store) == Self.data else { throw ToolFailure("the store applet does not hold the app's data any more") }
    }

    /// The ticket answers in this release, with a token of this process.
    private func ticket(_ release: [UInt8], of call: Call, version: String) async throws -> AttestationProof {
        guard let found = try await app.ticket(published.ticket) else { throw ToolFailure("\(published.ticket) cannot be selected") }
        guard found.release == release else { throw ToolFailure("the ticket applet is release \(found.release), not \(release)") }
        try found.token.verify(certificate: testbed.attestation.certificate, tsm: testbed.attestation.tsmOid, process: call.processId, flavor: try published.flavor(version))
        return found.token
    }

    /// The service provider opens the domain with keys that it derives from its master key and the token.
    private func prove(_ token: AttestationProof, _ card: SimulatedCard) throws -> SecurityDomainProof {
        guard let diversification = token.token.content.diversification else { throw ToolFailure("the token carries no diversification data") }
        guard provider.keyIndexes.contains(where: { $0.index == diversification.masterKeyIndex.description }) else {
            throw ToolFailure("the token names master key \(diversification.masterKeyIndex), which is not the service provider's")
        }
        let text = String(decoding: try Programs.read(provider.masterKeyFile), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let proof = try SecurityDomainProof(copyOf: card, securityDomain: published.securityDomain, master: SecretBytes(consuming: try Hex.decode(text)), diversification: diversification)
        try proof.require(instance: published.ticket, package: published.package)
        let versions = card.image.keySets(of: published.securityDomain).map(\.version)
        guard versions == [0x31] else { throw ToolFailure("the security domain holds key versions \(versions), not the rotated 31 alone") }
        return proof
    }
}
