import Provisioning
import Testing
import TrustedServiceModel

@Suite("deployService: state table")
struct DeploymentRulesTests {
    @Test("a command given twice is an invalid argument, before any state", arguments: [ServiceInstanceState.notDeployed, .operational, .inError])
    func duplicates(state: ServiceInstanceState) {
        #expect(throws: TSMFailure(.invalidArgument, "serviceCommands in DeployServiceRequest contain multiple InstallServiceCommands")) {
            try DeploymentRules.deployment(from: state, lastStableState: nil, commands: [.install, .install], finalize: true, suspendOnCompletion: false)
        }
    }

    @Test("InError continues from the last stable state, or starts over with Install")
    func inError() throws {
        let continued = try DeploymentRules.deployment(from: .inError, lastStableState: .installed, commands: [.personalize], finalize: false, suspendOnCompletion: false)
        #expect(continued.targetState == .personalized && !continued.startsAfresh)
        let afresh = try DeploymentRules.deployment(from: .inError, lastStableState: .operational, commands: [.install], finalize: false, suspendOnCompletion: false)
        #expect(afresh.targetState == .installed && afresh.startsAfresh)
        #expect(throws: TSMFailure.self) {
            try DeploymentRules.deployment(from: .inError, lastStableState: .notDeployed, commands: [.activate], finalize: false, suspendOnCompletion: false)
        }
    }

    @Test("command results: before, at and after the failing one")
    func results() {
        let commands: [ServiceCommand] = [.install(installationData: [:]), .personalize(personalizationData: [:]), .activate(suspensionControl: false)]
        #expect(CommandResults.all(commands, failing: 1).map(\.commandExecutionStatus) == [.success, .failed, .notExecuted])
        #expect(CommandResults.all(commands, failing: nil).map(\.commandExecutionStatus) == [.success, .success, .success])
        #expect(CommandResults.notExecuted(commands).map(\.commandExecutionStatus) == [.notExecuted, .notExecuted, .notExecuted])
    }
}
