import Foundation
import TestMaterial
@testable import TSMAPI
import Testing
import TrustedServiceModel

/// The TSM-API as the TR's Java interfaces have it: every type, attribute and value has its counterpart here.
@Suite("contract of the TSM-API", .enabled(if: ReferenceData.isPresent))
struct ContractTests {
    static let information = TechnicalInformation(spParameters: ["line": "U1"], serviceId: "s", serviceVersionTag: "1.0.0", flavorId: "f", flavorName: "n", profileId: "p")
    static let process = TrustedServiceModel.ProcessInfo(processId: "p", executionStatus: .noError, executionMessage: "", startDate: "", endDate: "")
    static let pair = CommandResponsePair(tag: "t", command: "00", response: "9000")
    static let command = ServiceCommandResult(commandExecutionStatus: .success, personalizationResults: [PersonalizationResult(applicationInstanceAid: "aa", results: [pair])])
    static let instance = ServiceInstance(id: "i", state: .operational, technicalInformation: information, lastOperation: .deploymentFinalize, reader: "eSE1")
    static let deployed = DeployServiceResult(processInfo: process, serviceInstanceState: .operational, technicalInformation: information, serviceCommandResults: [command], reader: "eSE1")

    static let samples: [String: any Encodable & Sendable] = [
        "ServiceInstance": instance,
        "InstallServiceCommand": ServiceCommand.install(installationData: ["a": "b"]),
        "PersonalizeServiceCommand": ServiceCommand.personalize(personalizationData: ["a": "b"]),
        "ActivateServiceCommand": ServiceCommand.activate(suspensionControl: true),
        "ProcessStart": ProcessStart(processId: "p", callerId: "c", startDate: "d"),
        "ProcessProgress": ProcessProgress(processId: "p", progress: 1, operation: .termination),
        "ProcessInfo": process,
        "ServiceCommandResult": command,
        "PersonalizationResult": PersonalizationResult(applicationInstanceAid: "aa", results: [pair]),
        "CommandResponsePair": pair,
        "TechnicalInformation": information,
        "CreateServiceInstanceResult": CreateServiceInstanceResult(serviceInstance: instance),
        "GetServiceInstancesResult": GetServiceInstancesResult(serviceInstances: [instance]),
        "DeployServiceResult": deployed,
        "UpdateServiceResult": deployed,
        "SuspendOrResumeResult": SuspendOrResumeResult(processInfo: process),
        "TerminateServiceResult": TerminateServiceResult(processInfo: process),
        "ServiceDeploymentAvailableResult": ServiceDeploymentAvailableResult(deploymentAvailable: .deploymentAvailable, version: "1.0.0", newTechnicalInformation: information),
        "ServiceUpdateAvailableResult": ServiceUpdateAvailableResult(updateAvailable: .updateAvailable, newVersion: "1.0.0", newTechnicalInformation: information),
        "SetAccessTokenResult": SetAccessTokenResult(),
    ]

    @Test("every data type with its attributes, neither less nor more")
    func dataTypes() throws {
        let types = try #require(try ReferenceData.json("tsmapi.json")["dataTypes"] as? [String: [[String: Any]]])
        #expect(Set(types.keys) == Set(Self.samples.keys))
        for (name, attributes) in types {
            let sample = try #require(Self.samples[name], "\(name)")
            let object = try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(sample)) as? [String: Any])
            // Commands tell their kind beside their attributes: Java tells it by the class.
            let keys = Set(object.keys).subtracting(sample is ServiceCommand ? ["type"] : [])
            #expect(keys == Set(attributes.compactMap { $0["name"] as? String }), "\(name)")
            if sample is ServiceCommand { continue }
            let children = Dictionary(Mirror(reflecting: sample).children.map { ($0.label ?? "", $0.value) }) { first, _ in first }
            for attribute in attributes {
                let label = try #require(attribute["name"] as? String), type = try #require(attribute["type"] as? String)
                let value = try #require(children[label], "\(name).\(label)")
                let swift = String(describing: Swift.type(of: value))
                #expect(Self.matches(type, value, swift), "\(name).\(label): \(type) is \(swift)")
                if attribute["mandatory"] as? String == "M" { #expect(!swift.hasPrefix("Optional<"), "\(name).\(label) is mandatory") }
            }
        }
    }

    static func matches(_ type: String, _ value: Any, _ swift: String) -> Bool {
        let bare = swift.hasPrefix("Optional<") ? String(swift.dropFirst(9).dropLast()) : swift
        switch type {
        case "string": return bare == "String"
        case "boolean": return bare == "Bool"
        case "Map<string,string>": return bare == "Dictionary<String, String>"
        case _ where type.hasPrefix("int"): return value is Int || isNumber(value)
        case _ where type.hasPrefix("List<"): return bare == "Array<\(type.dropFirst(5).dropLast())>"
        case _ where type.hasSuffix("[]"): return bare == "Array<\(type.dropLast(2))>"
        default: return bare == type
        }
    }

    static func isNumber(_ value: Any) -> Bool {
        (value as? any RawRepresentable).map { $0.rawValue is Int } ?? false
    }

    /// `notDeployed` → NOT_DEPLOYED.
    static func term(_ value: some Any) -> String {
        String(describing: value).replacing(/([a-z])([A-Z])/) { "\($0.1)_\($0.2)" }.uppercased()
    }

    @Test("every value of every enumeration")
    func enumerations() throws {
        let enums = try #require(try ReferenceData.json("tsmapi.json")["enums"] as? [String: [[String: Any]]])
        let ours: [String: [Int: String]] = [
            "ServiceInstanceState": values(ServiceInstanceState.self) { $0 },
            "ServiceOperation": values(ServiceOperation.self) { $0 == "NO_OPERATION" ? $0 : "SERVICE_" + $0 },
            "CommandResultType": values(CommandExecutionStatus.self) { $0 == "NOT_EXECUTED" ? $0 : "EXECUTION_" + $0 },
            "DeploymentAvailable": values(DeploymentAvailable.self) { $0 },
            "UpdateAvailable": values(UpdateAvailable.self) { $0 },
            "scType": values(SecureComponentType.self) { $0 },
            "keyProvisioningMode": values(KeyProvisioningMode.self) { $0 },
        ]
        #expect(Set(enums.keys) == Set(ours.keys))
        for (name, entries) in enums {
            let expected = try Dictionary(uniqueKeysWithValues: entries.map { (try #require($0["value"] as? Int), try #require($0["name"] as? String).uppercased()) })
            #expect(ours[name] == expected, "\(name)")
            for entry in entries {
                guard let representation = entry["representation"] as? String, let value = entry["value"] as? Int else { continue }
                #expect(ServiceInstanceState(rawValue: value)?.representation == representation)
            }
        }
    }

    private func values<Value: RawRepresentable & CaseIterable>(_ type: Value.Type, _ name: (String) -> String) -> [Int: String] where Value.RawValue == Int {
        Dictionary(uniqueKeysWithValues: Value.allCases.map { ($0.rawValue, name(Self.term($0))) })
    }

    @Test("every error category with its words")
    func errors() throws {
        let rows = try #require(try ReferenceData.json("errors.json")["tsmApiErrors"] as? [[String: Any]])
        #expect(rows.count == 22 && rows.count == ErrorCategory.allCases.count)
        for row in rows {
            let category = try #require((row["category"] as? Int).flatMap { ErrorCategory(rawValue: $0) })
            // The TR abbreviates in some names and not in others.
            let name = try #require(row["name"] as? String).replacing("SECURE_COMPONENT", with: "SC")
            #expect(Self.term(category).replacing("SECURE_COMPONENT", with: "SC") == name)
            let template = try #require(row["template"] as? String)
            let expected = category == .noError ? "" : template.replacing(/<<details>>?/, with: "no card")
            #expect(TSMFailure(category, "no card").executionMessage == expected)
        }
    }

    /// What each method was asked and what became of it.
    struct Called {
        var parameters: Set<String>
        var status: ErrorCategory
        var message: String
        var isResult: Bool
    }

    static let id = "3b1d6f0e-0000-4000-8000-000000000009"

    /// Calls a method against a backend that answers with an order holding both notifications, then with the result.
    func call(_ outcome: HandsetAPI.Outcome, listens: Bool, _ run: (TSMClient, RecordingListener) async -> (ErrorCategory, String, Bool)) async throws -> Called {
        let start = HandsetAPI.Notification.start(ProcessStart(processId: "p", callerId: "c", startDate: "d"))
        let progress = HandsetAPI.Notification.progress(ProcessProgress(processId: "p", progress: 50, operation: .suspension))
        func text(_ value: some Encodable) throws -> String { String(decoding: try JSONEncoder().encode(value), as: UTF8.self) }
        let order = SERAM.Order(delay: 0, ramCommands: [.start, .notification(try text(start)), .notification(try text(progress))])
        let transport = ScriptedTransport([
            TSMClientTests.registration,
            .status(200, try text(HandsetAPI.DialogAnswer(dialogId: "p", sessionId: nil, reportNumber: 1, order: order, result: nil))),
            .status(200, try text(HandsetAPI.DialogAnswer(dialogId: "p", sessionId: nil, reportNumber: nil, order: nil, result: outcome))),
        ])
        let listener = RecordingListener()
        let result = await run(try TSMClientTests().client(transport), listener)
        let requests = transport.requests.withLock { $0 }
        #expect(requests.count == 3, "\(requests.map(\.path))")
        let sent = try #require(requests.dropFirst().first)
        let body = try #require(try JSONSerialization.jsonObject(with: Data(sent.body)) as? [String: Any])
        var parameters = Set(body.keys).subtracting(["handshake"])
        if sent.path.contains(Self.id) { parameters.insert("serviceInstanceId") }
        let told = await (listener.starts, listener.progress)
        #expect(told.0.map(\.processId) == (listens ? ["p"] : []) && told.1.map(\.progress) == (listens ? [50] : []))
        if listens { parameters.insert("listener") }
        return Called(parameters: parameters, status: result.0, message: result.1, isResult: result.2)
    }

    @Test("every method with its parameters, result and listener")
    func methods() async throws {
        let rows = try #require(try ReferenceData.json("tsmapi.json")["methods"] as? [[String: Any]])
        #expect(rows.count == 9)
        let commands: [ServiceCommand] = [.install(installationData: [:])]
        for row in rows {
            let name = try #require(row["name"] as? String)
            let expected = try #require(row["parameters"] as? [[String: String]]).compactMap { $0["name"] }
            let called: Called
            switch name {
            case "createServiceInstance":
                let sample = CreateServiceInstanceResult(serviceInstance: Self.instance)
                called = try await call(.created(sample), listens: false) { client, _ in
                    let result = await client.createServiceInstance(serviceId: "s", version: "1.0.0")
                    return (result.executionStatus, result.executionMessage, result == sample)
                }
            case "getServiceInstances":
                let sample = GetServiceInstancesResult(serviceInstances: [Self.instance])
                called = try await call(.instances(sample), listens: false) { client, _ in
                    let result = await client.getServiceInstances(serviceId: "s")
                    return (result.executionStatus, result.executionMessage, result == sample)
                }
            case "deployService":
                called = try await call(.deployed(Self.deployed), listens: true) { client, listener in
                    let result = await client.deployService(serviceInstanceId: Self.id, serviceCommands: commands, finalizeDeployment: true, listener: listener)
                    return (result.processInfo.executionStatus, result.processInfo.executionMessage, result == Self.deployed)
                }
            case "updateService":
                called = try await call(.updated(Self.deployed), listens: true) { client, listener in
                    let result = await client.updateService(serviceInstanceId: Self.id, newVersion: "1.1.0", serviceCommands: commands, finalizeDeployment: true, listener: listener)
                    return (result.processInfo.executionStatus, result.processInfo.executionMessage, result == Self.deployed)
                }
            case "suspendOrResumeService":
                let sample = SuspendOrResumeResult(processInfo: Self.process)
                called = try await call(.suspendedOrResumed(sample), listens: true) { client, listener in
                    let result = await client.suspendOrResumeService(serviceInstanceId: Self.id, suspensionControl: true, listener: listener)
                    return (result.processInfo.executionStatus, result.processInfo.executionMessage, result == sample)
                }
            case "terminateService":
                let sample = TerminateServiceResult(processInfo: Self.process)
                called = try await call(.terminated(sample), listens: true) { client, listener in
                    let result = await client.terminateService(serviceInstanceId: Self.id, listener: listener)
                    return (result.processInfo.executionStatus, result.processInfo.executionMessage, result == sample)
                }
            case "checkServiceDeploymentAvailable":
                let sample = ServiceDeploymentAvailableResult(deploymentAvailable: .deploymentAvailable, version: "1.0.0", newTechnicalInformation: Self.information)
                called = try await call(.deploymentAvailable(sample), listens: false) { client, _ in
                    let result = await client.checkServiceDeploymentAvailable(serviceId: "s", version: "1.x.x")
                    return (result.executionStatus, result.executionMessage, result == sample)
                }
            case "checkServiceUpdateAvailable":
                let sample = ServiceUpdateAvailableResult(updateAvailable: .updateAvailable, newVersion: "1.0.0", newTechnicalInformation: Self.information)
                called = try await call(.updateAvailable(sample), listens: false) { client, _ in
                    let result = await client.checkServiceUpdateAvailable(serviceInstanceId: Self.id, newVersion: "x.x.x")
                    return (result.executionStatus, result.executionMessage, result == sample)
                }
            case "setAccessToken":
                // Its parameter is used, not sent: AccessTests.
                #expect(expected == ["token"])
                continue
            default:
                Issue.record("no counterpart of \(name)")
                continue
            }
            #expect(called.parameters == Set(expected), "\(name)")
            #expect(called.status == .noError && called.message.isEmpty && called.isResult, "\(name)")
        }
    }
}

/// Remembers what it was told.
actor RecordingListener: ProcessListener {
    private(set) var starts: [ProcessStart] = []
    private(set) var progress: [ProcessProgress] = []

    func onProcessStart(_ start: ProcessStart) async throws { starts.append(start) }
    func onProcessProgress(_ progress: ProcessProgress) async { self.progress.append(progress) }
}
