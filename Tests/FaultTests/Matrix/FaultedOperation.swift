import GlobalPlatform
import SecureComponentSimulator
import Testing
import TrustedServiceModel

/// What is under way when the card or the link fails.
enum FaultedOperation: String, CaseIterable, Sendable {
    case create, deploy, deployInThree = "deploy-in-three", update, suspend, resume, terminate, redeploy

    /// Brings a new card to where the operation begins.
    /// - Returns: the instance; nil where the operation makes it.
    func prepare(_ phone: any FaultedPhone, _ card: SimulatedCard) async throws -> String? {
        if self == .create { return nil }
        let created = await phone.create()
        let id = try #require(created.instance, "\(created.message)")
        switch self {
        case .create, .deploy, .deployInThree: break
        case .update, .suspend, .terminate: try await require(phone.deploy(id))
        case .resume:
            try await require(phone.deploy(id))
            try await require(phone.suspend(id, true))
        case .redeploy:
            // Half way through its content, and nobody knows how far it came.
            card.inject(.at(34, .dropResponse))
            let failed = await phone.deploy(id)
            card.inject(FaultPlan())
            try #require(failed.state == .inError, "the deployment that is to fail: \(failed.message)")
        }
        return id
    }

    func perform(_ phone: any FaultedPhone, _ id: String?) async -> Told {
        guard let id else { return await phone.create() }
        switch self {
        case .create: return await phone.create()
        case .deploy, .redeploy: return await phone.deploy(id)
        case .deployInThree: return await inThree(phone, id, from: .notDeployed)
        case .update: return await phone.update(id)
        case .suspend: return await phone.suspend(id, true)
        case .resume: return await phone.suspend(id, false)
        case .terminate: return await phone.terminate(id)
        }
    }

    /// The same call again after a failure that left `state`: where an app goes on that reads what it is told.
    func repeated(_ phone: any FaultedPhone, _ id: String?, state: ServiceInstanceState?) async -> Told {
        guard let id else { return await phone.create() }
        guard self == .deployInThree, let state, state != .inError else {
            return self == .deployInThree ? await phone.deploy(id) : await perform(phone, id)
        }
        let told = await inThree(phone, id, from: state)
        // Whether the interrupted step ran is not known to the TSM either: it says that only a new beginning helps.
        if told.category == .notAllowed, told.message.contains("begins with Install") { return await phone.deploy(id) }
        return told
    }

    private func inThree(_ phone: any FaultedPhone, _ id: String, from state: ServiceInstanceState) async -> Told {
        let done = switch state {
        case .installed: 1
        case .personalized: 2
        default: 0
        }
        var told = Told(category: .noError, message: "")
        for (position, command) in Handset.all.enumerated().dropFirst(done) {
            told = await phone.deploy(id, [command], finalize: position == 2)
            if told.category != .noError { return told }
        }
        return told
    }

    private func require(_ told: Told) throws { try #require(told.category == .noError, "\(told.message)") }
}
