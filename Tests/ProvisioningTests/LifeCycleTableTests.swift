import Foundation
import Provisioning
import TestMaterial
import Testing
import TrustedServiceModel

/// The TR's tables as data, row by row.
@Suite("life cycle: every row of the TR's tables", .enabled(if: ReferenceData.isPresent))
struct LifeCycleTableTests {
    static let states: [String: ServiceInstanceState] = [
        "NOT_DEPLOYED": .notDeployed, "INITIALIZED": .initialized, "INSTALLED": .installed, "PERSONALIZED": .personalized, "ACTIVATED": .activated,
        "OPERATIONAL": .operational, "SUSPENDED": .suspended, "IN_ERROR": .inError,
    ]

    struct Row {
        let fields: [String: Any]
        let state: ServiceInstanceState
        let method: String

        init(_ fields: [String: Any]) throws {
            self.fields = fields
            state = try #require((fields["state"] as? String).flatMap { LifeCycleTableTests.states[$0] })
            method = try #require(fields["method"] as? String)
        }

        var place: String { "\(method) \(fields["commands"] ?? fields["suspensionControl"] ?? "") finalize \(fields["finalize"] ?? "-") from \(state)" }
        var result: String? { fields["result"] as? String }
        var targets: [ServiceInstanceState] { (fields["targetState"] as? String ?? "").split(separator: "|").compactMap { LifeCycleTableTests.states[String($0)] } }

        /// - Parameter suspends: the flag of the Activate commands.
        func call(suspends: Bool) throws -> LifeCycleCall {
            switch method {
            case "suspendOrResumeService": return .suspendOrResume(suspensionControl: try #require(fields["suspensionControl"] as? Bool))
            case "terminateService": return .terminate
            default:
                let commands: [ServiceCommand] = try #require(fields["commands"] as? [String]).map { name in
                    switch try #require(ServiceCommand.Kind(rawValue: name.lowercased())) {
                    case .install: .install(installationData: [:])
                    case .personalize: .personalize(personalizationData: [:])
                    case .activate: .activate(suspensionControl: suspends)
                    }
                }
                let finalize = try #require(fields["finalize"] as? Bool)
                return method == "updateService" ? .update(commands, finalize: finalize) : .deploy(commands, finalize: finalize)
            }
        }

        func expect(_ situation: LifeCycleSituation, suspends: Bool = false) throws {
            let call = try call(suspends: suspends)
            do throws(TSMFailure) {
                let transition = try LifeCycleRules.transition(call, from: situation)
                #expect(result == "ok", "\(place) was accepted")
                #expect(transition.lastOperation.rawValue == fields["lastOperation"] as? Int, "\(place)")
                if let target = transition.targetState {
                    #expect(targets.contains(target), "\(place) leads to \(target)")
                } else {
                    #expect(fields["targetState"] is NSNull, "\(place) ends the instance")
                }
                if let visited = fields["visitedStates"] as? [String] {
                    #expect(transition.visitedStates == visited.compactMap { LifeCycleTableTests.states[$0] }, "\(place)")
                }
            } catch {
                let expected = fields["error"] as? [String: Any]
                #expect(result == "error", "\(place) was refused: \(error)")
                #expect(error.category.rawValue == expected?["category"] as? Int, "\(place): \(error)")
                #expect(error.executionMessage == expected?["executionMessage"] as? String, "\(place)")
            }
        }
    }

    static func rows(_ table: String) throws -> [Row] {
        try #require(try ReferenceData.json("tsmapi.json")[table] as? [[String: Any]]).map { try Row($0) }
    }

    @Test("deployService and updateService: 512 rows")
    func deployAndUpdate() throws {
        let rows = try Self.rows("deployUpdateTransitions")
        #expect(rows.count == 512)
        var taken: [String: Int] = [:]
        for row in rows {
            taken["\(row.method) \(row.result ?? "")", default: 0] += 1
            if row.result == "conditional" { continue }
            // InError of a row that is decided: after a failure of the method itself.
            try row.expect(LifeCycleSituation(state: row.state, lastStableState: row.method == "updateService" ? .operational : .notDeployed))
            if row.targets.contains(.suspended) {
                let suspended = try LifeCycleRules.transition(row.call(suspends: true), from: LifeCycleSituation(state: row.state, lastStableState: .operational, suspendOnCompletion: true))
                let holdsActivate = (row.fields["commands"] as? [String])?.contains("Activate") ?? false
                #expect(suspended.targetState == (holdsActivate || row.state == .personalized || row.state == .activated ? .suspended : .operational), "\(row.place)")
            }
        }
        #expect(taken == ["deployService ok": 34, "deployService error": 201, "deployService conditional": 21, "updateService ok": 30, "updateService error": 226])
    }

    @Test("conditional rows: deployService from InError is judged as from the last stable state")
    func conditional() throws {
        let rows = try Self.rows("deployUpdateTransitions")
        let conditional = rows.filter { $0.result == "conditional" }
        #expect(conditional.count == 21 && conditional.allSatisfy { $0.state == .inError && $0.method == "deployService" })
        var judged = 0
        for row in conditional {
            for stable in Self.states.values where stable != .inError {
                // The same list from the stable state has a row of its own.
                let same = try #require(rows.first { other in
                    other.method == row.method && other.state == stable && other.fields["commands"] as? [String] == row.fields["commands"] as? [String]
                        && other.fields["finalize"] as? Bool == row.fields["finalize"] as? Bool
                })
                try same.expect(LifeCycleSituation(state: .inError, lastStableState: stable))
                judged += 1
            }
        }
        #expect(judged == 21 * 7)
    }

    @Test("suspendOrResumeService and terminateService: 24 rows")
    func others() throws {
        let rows = try Self.rows("otherTransitions")
        #expect(rows.count == 24)
        for row in rows {
            guard row.result == "conditional" else {
                try row.expect(LifeCycleSituation(state: row.state))
                continue
            }
            for stable in Self.states.values where stable != .inError {
                let situation = LifeCycleSituation(state: .inError, lastStableState: stable)
                if stable == .operational || stable == .suspended {
                    let transition = try LifeCycleRules.transition(row.call(suspends: false), from: situation)
                    #expect(row.targets.first == transition.targetState && transition.lastOperation.rawValue == row.fields["lastOperation"] as? Int, "\(row.place)")
                } else {
                    #expect(throws: TSMFailure.self, "\(row.place) after \(stable)") { try LifeCycleRules.transition(row.call(suspends: false), from: situation) }
                }
            }
        }
    }

    @Test("orphans: 31 rows")
    func orphans() throws {
        let rules = try #require(try ReferenceData.json("tsmapi.json")["orphanRules"] as? [String: Any])
        let table = try #require(rules["table"] as? [[String: String]])
        #expect(table.count == 31)
        let install: [ServiceCommand] = [.install(installationData: [:])]
        for row in table {
            let method = try #require(row["method"]), result = try #require(row["result"])
            let state = try #require(row["state"].flatMap { Self.states[$0] })
            let situation = LifeCycleSituation(state: state, lastStableState: .operational, lastOperation: .updateFinalize, isFlavorDeleted: true)
            let calls: [LifeCycleCall] = switch method {
            case "deployService": [.deploy(install, finalize: true), .deploy([], finalize: true)]
            case "updateService": [.update(install, finalize: true)]
            case "suspendOrResumeService": [.suspendOrResume(suspensionControl: true), .suspendOrResume(suspensionControl: false)]
            case "suspendOrResumeService(true)": [.suspendOrResume(suspensionControl: true)]
            case "suspendOrResumeService(false)": [.suspendOrResume(suspensionControl: false)]
            case "terminateService", "*": [.terminate]
            default: []
            }
            #expect(!calls.isEmpty, "\(method)")
            for call in calls {
                let place = "\(method) on an orphan in \(state)"
                do throws(TSMFailure) {
                    let transition = try LifeCycleRules.transition(call, from: situation)
                    #expect(result.hasPrefix("ok") || method == "*", "\(place) was accepted")
                    if result.contains("-> SUSPENDED") { #expect(transition.targetState == .suspended) }
                    if result.contains("-> OPERATIONAL") { #expect(transition.targetState == .operational) }
                    if result.contains("no-op") { #expect(transition.targetState == state) }
                } catch {
                    #expect(result.hasPrefix("error \(error.category.rawValue)"), "\(place): \(error)")
                }
            }
        }
        // Not deployed is never orphaned: the catalogue's answer decides, which is 8.
        #expect(!LifeCycleSituation(state: .notDeployed, isFlavorDeleted: true).isOrphaned)
    }

    @Test("errors during a process: 3 rows")
    func failures() throws {
        let rows = try #require(try ReferenceData.json("tsmapi.json")["errorDuringProcess"] as? [[String: String]])
        #expect(rows.count == 3)
        for row in rows {
            switch row["when"] {
            case "before any change to the SC":
                for state in Self.states.values {
                    #expect(LifeCycleRules.afterFailure(in: LifeCycleSituation(state: state, lastStableState: .installed), changedCard: false).state == state)
                }
            case "after a change to the SC/components":
                for state in Self.states.values where state != .inError {
                    let after = LifeCycleRules.afterFailure(in: LifeCycleSituation(state: state), changedCard: true)
                    #expect(after.state == .inError && after.lastStableState == state)
                }
            case "failing command k":
                let commands: [ServiceCommand] = [.install(installationData: [:]), .personalize(personalizationData: [:]), .activate(suspensionControl: false)]
                for k in commands.indices {
                    let expected = commands.indices.map { $0 < k ? 0 : $0 == k ? 1 : 2 }
                    #expect(CommandResults.all(commands, failing: k).map(\.commandExecutionStatus.rawValue) == expected)
                }
            default: Issue.record("'\(row["when"] ?? "")' is not held against anything")
            }
        }
    }

    /// Whatever the rules accept goes along Figure 4.
    @Test("every transition is drawn in Figure 4: 21 edges")
    func figure() throws {
        let edges = try #require((try ReferenceData.json("tsmapi.json")["figure4"] as? [String: Any])?["edges"] as? [[String: String]])
        #expect(edges.count == 21)
        func names(_ state: ServiceInstanceState) -> [String] {
            let own = Self.states.first { $0.value == state }?.key ?? ""
            return switch state {
            case .initialized: [own, "UnderDeployment", "(enter UnderDeployment)"]
            case .installed, .personalized, .activated: [own, "UnderDeployment"]
            case .operational, .suspended: [own, "Deployed"]
            default: [own]
            }
        }
        func isDrawn(_ one: [String], _ other: [String]) -> Bool { edges.contains { one.contains($0["from"] ?? "") && other.contains($0["to"] ?? "") } }
        for row in try Self.rows("deployUpdateTransitions") + Self.rows("otherTransitions") where row.result == "ok" {
            let transition = try LifeCycleRules.transition(row.call(suspends: false), from: LifeCycleSituation(state: row.state, lastStableState: .operational))
            var at = row.state
            var path = transition.visitedStates
            if let target = transition.targetState, path.last != target { path.append(target) }
            for next in path {
                // A repetition changes nothing. A list that goes on within UnderDeployment is on an inner edge.
                #expect(at == next || isDrawn(names(at), names(next)), "\(row.place): \(at) to \(next)")
                at = next
            }
            if transition.targetState == nil { #expect(row.state == .initialized || isDrawn(names(at), ["(end)"]), "\(row.place)") }
        }
    }
}
