import Provisioning
import Testing
import TrustedServiceModel

@Suite("life cycle: main rows")
struct LifeCycleRulesTests {
    static let whole: [ServiceCommand] = [.install(installationData: [:]), .personalize(personalizationData: [:]), .activate(suspensionControl: false)]
    static let suspending: [ServiceCommand] = [.install(installationData: [:]), .activate(suspensionControl: true)]

    func target(_ call: LifeCycleCall, _ situation: LifeCycleSituation) throws -> ServiceInstanceState? { try LifeCycleRules.transition(call, from: situation).targetState }

    func category(_ call: LifeCycleCall, _ situation: LifeCycleSituation) -> ErrorCategory {
        do throws(TSMFailure) {
            _ = try LifeCycleRules.transition(call, from: situation)
            return .noError
        } catch {
            return error.category
        }
    }

    @Test("a whole life: deploy, suspend, resume, update, terminate")
    func life() throws {
        let deployed = try LifeCycleRules.transition(.deploy(Self.whole, finalize: true), from: LifeCycleSituation(state: .notDeployed))
        #expect(deployed.targetState == .operational && deployed.lastOperation == .deploymentFinalize && deployed.startsAfresh)
        #expect(deployed.visitedStates == [.initialized, .installed, .personalized, .activated])
        let suspended = try LifeCycleRules.transition(.suspendOrResume(suspensionControl: true), from: LifeCycleSituation(state: .operational))
        #expect(suspended.targetState == .suspended && suspended.lastOperation == .suspension)
        let resumed = try LifeCycleRules.transition(.suspendOrResume(suspensionControl: false), from: LifeCycleSituation(state: .suspended))
        #expect(resumed.targetState == .operational && resumed.lastOperation == .resumption)
        let updated = try LifeCycleRules.transition(.update(Self.whole, finalize: true), from: LifeCycleSituation(state: .operational))
        #expect(updated.targetState == .operational && updated.lastOperation == .updateFinalize && updated.startsAfresh)
        let terminated = try LifeCycleRules.transition(.terminate, from: LifeCycleSituation(state: .suspended))
        #expect(terminated.targetState == nil && terminated.lastOperation == .termination)
    }

    @Test("the last Activate that was executed decides on suspension; Install makes an earlier one void")
    func suspensionFlag() throws {
        #expect(try target(.deploy(Self.suspending, finalize: true), LifeCycleSituation(state: .notDeployed)) == .suspended)
        let open = try LifeCycleRules.transition(.deploy(Self.suspending, finalize: false), from: LifeCycleSituation(state: .notDeployed))
        #expect(open.targetState == .activated && open.suspendOnCompletion)
        #expect(try target(.deploy([], finalize: true), LifeCycleSituation(state: .activated, suspendOnCompletion: true)) == .suspended)
        #expect(try target(.deploy([Self.whole[1]], finalize: true), LifeCycleSituation(state: .activated, suspendOnCompletion: true)) == .suspended)
        #expect(try target(.deploy([Self.whole[2]], finalize: true), LifeCycleSituation(state: .personalized, suspendOnCompletion: true)) == .operational)
        #expect(try target(.deploy([Self.whole[0]], finalize: true), LifeCycleSituation(state: .inError, lastStableState: .activated, suspendOnCompletion: true)) == .operational)
        #expect(try target(.update([Self.whole[0]], finalize: true), LifeCycleSituation(state: .suspended, suspendOnCompletion: true)) == .operational)
    }

    @Test("suspension and resumption again are no error; where nothing is deployed they are", arguments: [true, false])
    func suspension(suspend: Bool) throws {
        let call = LifeCycleCall.suspendOrResume(suspensionControl: suspend)
        for state in [ServiceInstanceState.operational, .suspended] { #expect(try target(call, LifeCycleSituation(state: state)) == (suspend ? .suspended : .operational)) }
        for state in [ServiceInstanceState.notDeployed, .initialized, .installed, .personalized, .activated] { #expect(category(call, LifeCycleSituation(state: state)) == .notAllowed) }
        #expect(category(call, LifeCycleSituation(state: .inError, lastStableState: .suspended)) == .noError)
        #expect(category(call, LifeCycleSituation(state: .inError, lastStableState: .installed)) == .notAllowed)
    }

    @Test("updates: a deployed instance, Install first, arguments before states")
    func update() {
        let update = LifeCycleCall.update(Self.whole, finalize: true)
        for state in [ServiceInstanceState.notDeployed, .initialized, .installed, .personalized, .activated] { #expect(category(update, LifeCycleSituation(state: state)) == .notAllowed) }
        #expect(category(.update([Self.whole[2]], finalize: true), LifeCycleSituation(state: .operational)) == .notAllowed)
        #expect(category(.update([], finalize: false), LifeCycleSituation(state: .notDeployed)) == .invalidArgument)
        #expect(throws: TSMFailure(.invalidArgument, "serviceCommands in UpdateServiceRequest contain multiple InstallServiceCommands")) {
            try LifeCycleRules.transition(.update([Self.whole[0], Self.whole[0]], finalize: true), from: LifeCycleSituation(state: .notDeployed))
        }
        // InError: only what was an update, or deployed before.
        #expect(category(update, LifeCycleSituation(state: .inError, lastStableState: .operational)) == .noError)
        #expect(category(update, LifeCycleSituation(state: .inError, lastStableState: .installed, lastOperation: .updateInstallation)) == .noError)
        #expect(category(update, LifeCycleSituation(state: .inError, lastStableState: .installed, lastOperation: .deploymentInstallation)) == .notAllowed)
    }

    @Test("an update needs another Version that exists")
    func updateVersion() throws {
        func category(_ tag: String) -> ErrorCategory {
            do throws(TSMFailure) {
                try UpdateRules.checkVersion(tag, installed: "1.1.0", known: ["1.0.0", "1.1.0", "2.0.0"])
                return .noError
            } catch {
                return error.category
            }
        }
        #expect(category("2.0.0") == .noError && category("1.0.0") == .noError)
        #expect(category("1.1.0") == .noEligibleSecureComponent && category("3.0.0") == .notFound && category("2.x.x") == .invalidArgument)
    }

    @Test("orphans may be suspended, resumed and terminated, nothing else; arguments come first")
    func orphans() {
        func orphan(_ state: ServiceInstanceState) -> LifeCycleSituation { LifeCycleSituation(state: state, lastStableState: .operational, isFlavorDeleted: true) }
        for state in [ServiceInstanceState.initialized, .installed, .personalized, .activated, .operational, .suspended, .inError] {
            #expect(category(.deploy(Self.whole, finalize: true), orphan(state)) == .orphanedServiceInstance)
            #expect(category(.update(Self.whole, finalize: true), orphan(state)) == .orphanedServiceInstance)
            #expect(category(.deploy([], finalize: false), orphan(state)) == .invalidArgument)
            #expect(category(.terminate, orphan(state)) == .noError)
            #expect(category(.suspendOrResume(suspensionControl: true), orphan(state)) == (state.isDeployed ? .noError : .notAllowed))
        }
        #expect(category(.deploy(Self.whole, finalize: true), orphan(.notDeployed)) == .noError)
    }

    @Test("failures: unchanged, or InError that remembers where it came from")
    func failures() {
        let before = LifeCycleSituation(state: .operational)
        #expect(LifeCycleRules.afterFailure(in: before, changedCard: false) == before)
        let failed = LifeCycleRules.afterFailure(in: before, changedCard: true)
        #expect(failed.state == .inError && failed.lastStableState == .operational)
        // A second failure does not forget what the first one remembered.
        #expect(LifeCycleRules.afterFailure(in: failed, changedCard: true).lastStableState == .operational)
        #expect(LifeCycleRules.afterFailure(in: LifeCycleSituation(state: .notDeployed), changedCard: true, reached: .installed).lastStableState == .installed)
    }
}
