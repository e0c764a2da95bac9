import Foundation
import Provisioning
import TestMaterial
import Testing
import TrustedServiceModel

@Suite("deployService: state table")
struct DeploymentRulesTests {
    static let states: [String: ServiceInstanceState] = [
        "NOT_DEPLOYED": .notDeployed, "INITIALIZED": .initialized, "INSTALLED": .installed, "PERSONALIZED": .personalized, "ACTIVATED": .activated,
        "OPERATIONAL": .operational, "SUSPENDED": .suspended, "IN_ERROR": .inError,
    ]

    @Test("every deployService row of the TR's table", .enabled(if: ReferenceData.isPresent))
    func table() throws {
        let rows = try #require(try ReferenceData.json("tsmapi.json")["deployUpdateTransitions"] as? [[String: Any]])
        var checked = 0
        for row in rows where row["method"] as? String == "deployService" {
            let name = try #require(row["state"] as? String)
            let state = try #require(Self.states[name])
            let commands = try #require(row["commands"] as? [String]).map { try #require(ServiceCommand.Kind(rawValue: $0.lowercased())) }
            let finalize = try #require(row["finalize"] as? Bool)
            let place = "\(state) \(commands) finalize \(finalize)"
            let result = try #require(row["result"] as? String)
            if result == "conditional" { continue }
            checked += 1
            do throws(TSMFailure) {
                let transition = try DeploymentRules.deployment(from: state, lastStableState: .installed, commands: commands, finalize: finalize, suspendOnCompletion: false)
                #expect(result == "ok", "\(place) was accepted")
                #expect(transition.lastOperation.rawValue == row["lastOperation"] as? Int, "\(place)")
                let targets = (row["targetState"] as? String ?? "").split(separator: "|").compactMap { Self.states[String($0)] }
                #expect(targets.contains(transition.targetState), "\(place) leads to \(transition.targetState)")
                if targets.contains(.suspended) {
                    let suspended = try DeploymentRules.deployment(from: state, lastStableState: .installed, commands: commands, finalize: finalize, suspendOnCompletion: true)
                    #expect(suspended.targetState == .suspended, "\(place)")
                }
                if let visited = row["visitedStates"] as? [String] { #expect(transition.visitedStates == visited.compactMap { Self.states[$0] }, "\(place)") }
            } catch {
                #expect(result == "error", "\(place) was refused: \(error)")
                let expected = row["error"] as? [String: Any]
                #expect(error.category.rawValue == expected?["category"] as? Int, "\(place): \(error)")
                #expect(error.executionMessage == expected?["executionMessage"] as? String, "\(place)")
            }
        }
        #expect(checked > 200)
    }

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
