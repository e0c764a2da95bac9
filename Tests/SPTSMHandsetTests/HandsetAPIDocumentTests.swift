import Foundation
import HTTPTypes
import Hummingbird
import ServiceKit
@testable import SPTSMHandset
import Testing
import TrustedServiceModel
import Yams

/// `docs/handset-api.yaml` against the routes, and against what is said on the wire.
@Suite struct HandsetAPIDocumentTests {
    private let document: [String: Any]
    private let schemas: [String: Any]

    init() throws {
        document = try #require(try Yams.load(yaml: String(decoding: APIDocument.handset.bytes, as: UTF8.self)) as? [String: Any])
        schemas = try #require((document["components"] as? [String: Any])?["schemas"] as? [String: Any])
    }

    @Test func everyRouteIsDescribedAndEveryDescriptionIsServed() async throws {
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let described = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
        try await withBench { bench in
            let authenticator = HandsetAuthenticator(vault: bench.keys, catalogue: bench.catalogue, integrity: NoDeviceIntegrityCheck(),
                                                     settings: HandsetAuthenticator.Settings(issuer: "tsm.example", audience: "handset"), environment: .system)
            let router = Router(context: ServiceRequestContext.self)
            let routes = HandsetRoutes(engine: bench.engine, authenticator: authenticator, drain: DrainState())
            routes.add(to: router)
            routes.addSERAM(to: router)
            let served = Set(router.routes.map { route in
                "\(route.method.rawValue) /" + route.path.description.split(separator: "/").map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
            })
            #expect(served == described)
        }
    }

    @Test func requestsAreAsDescribed() throws {
        let element = SERAM.SecureElement(seType: .eSE, seId: "00", seExtraInfo: "x")
        let handshake = HandsetAPI.Handshake(components: [HandsetAPI.Component(secureElement: element, reader: "eSE1", iin: "42", cin: "45", sequenceCounter: "000001")],
                                             provesTogether: true, inaccessible: ["SIM1: access denied"])
        let commands: [ServiceCommand] = [.install(installationData: ["a": "b"]), .personalize(personalizationData: ["c": "d"]), .activate(suspensionControl: true)]
        try expect(HandsetAPI.RegistrationRequest(serviceProviderId: "p", deviceAppId: "a", integrityVerdict: "v"), "RegistrationRequest")
        try expect(HandsetAPI.CreateRequest(serviceId: "s", version: "1.0.0", handshake: handshake), "CreateRequest")
        try expect(HandsetAPI.QueryRequest(serviceId: "s", handshake: handshake), "QueryRequest")
        try expect(HandsetAPI.DeployRequest(serviceCommands: commands, finalizeDeployment: true, handshake: handshake), "DeployRequest")
        try expect(HandsetAPI.UpdateRequest(newVersion: "1.1.0", serviceCommands: commands, finalizeDeployment: true, handshake: handshake), "UpdateRequest")
        try expect(HandsetAPI.SuspensionRequest(suspensionControl: true, handshake: handshake), "SuspensionRequest")
        try expect(HandsetAPI.TerminateRequest(handshake: handshake), "TerminateRequest")
        try expect(HandsetAPI.DeploymentCheckRequest(serviceId: "s", version: "1.x.x", handshake: handshake), "DeploymentCheckRequest")
        try expect(HandsetAPI.UpdateCheckRequest(newVersion: "1.x.x", handshake: handshake), "UpdateCheckRequest")
        for status in [SERAM.LocalAgentStatus.processed, .polling, .unavailableSE, .unknownFailure, .ungrantedAccess] {
            try expect(SERAM.Report(localAgentStatus: SERAM.AgentStatus(status, executedSeRamCommands: 1, errorMsg: "e"), ramResponses: [SERAM.Response(listOfRAPDU: ["9000"])], alongside: []), "Report")
        }
        try expect(SERAM.HandshakeCommand(secureElements: [element], supportedTransportProtocols: ["HTTPS"], supportedDataFormats: [], supportedVersions: []), "HandshakeCommand")
    }

    @Test func answersAreAsDescribed() throws {
        let facts = TechnicalInformation(spParameters: ["a": "b"], serviceId: "s", serviceVersionTag: "1.0.0", flavorId: "f", flavorName: "n", profileId: "p")
        let results = [PersonalizationResult(applicationInstanceAid: "aid", results: [CommandResponsePair(tag: "t", command: "00", response: "9000")])]
        var outcomes: [HandsetAPI.Outcome] = [.instances(GetServiceInstancesResult(serviceInstances: []))]
        for state in ServiceInstanceState.allCases {
            for operation in ServiceOperation.allCases {
                outcomes.append(.created(CreateServiceInstanceResult(serviceInstance: ServiceInstance(id: "i", state: state, technicalInformation: facts, lastOperation: operation, reader: "r"))))
            }
        }
        for category in ErrorCategory.allCases {
            let process = ProcessInfo(processId: "p", executionStatus: category, executionMessage: "m", startDate: "t", endDate: "t")
            for status in CommandExecutionStatus.allCases {
                let deployed = DeployServiceResult(processInfo: process, serviceInstanceState: .operational, technicalInformation: facts,
                                                   serviceCommandResults: [ServiceCommandResult(commandExecutionStatus: status, personalizationResults: results)], reader: "r")
                outcomes += [.deployed(deployed), .updated(deployed)]
            }
            outcomes += [.suspendedOrResumed(SuspendOrResumeResult(processInfo: process)), .terminated(TerminateServiceResult(processInfo: process))]
        }
        for available in DeploymentAvailable.allCases { outcomes.append(.deploymentAvailable(ServiceDeploymentAvailableResult(deploymentAvailable: available, newTechnicalInformation: facts))) }
        for available in UpdateAvailable.allCases { outcomes.append(.updateAvailable(ServiceUpdateAvailableResult(updateAvailable: available, newTechnicalInformation: facts))) }
        for outcome in outcomes { try expect(HandsetAPI.DialogAnswer(dialogId: "d", sessionId: "s", reportNumber: 1, order: nil, result: outcome), "DialogAnswer", all: false) }

        let order = SERAM.Order(delay: 0, chosenSecureElement: SERAM.SecureElement(seType: .euicc, seId: "00"), ramCommands: [.start, .apdus(["00"]), .notification("{}"), .stop])
        try expect(HandsetAPI.DialogAnswer(dialogId: "d", sessionId: "s", reportNumber: 1, order: order, alongside: [order], result: nil), "DialogAnswer", all: false)
        try expect(SERAM.HandshakeResponse(), "HandshakeResponse")
        try expect(HandsetAPI.RegistrationAnswer(accessToken: "t", expiresIn: 1), "RegistrationAnswer")
        try expect(ProcessStart(processId: "p", callerId: "c", startDate: "t"), "ProcessStart")
        try expect(ProcessProgress(processId: "p", progress: 1, operation: .deploymentInstallation), "ProcessProgress")
        try expect(ProblemDocument(status: 401, code: "category5", title: "t", detail: "d", members: ["executionStatus": "5"]), "Problem")
    }

    /// - Parameter all: every member that the schema names is there.
    private func expect(_ value: some Encodable, _ schema: String, all: Bool = true, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let json = try JSONSerialization.jsonObject(with: Data(WireJSON.encode(value)), options: .fragmentsAllowed)
        let found = try #require(schemas[schema] as? [String: Any], sourceLocation: sourceLocation)
        for problem in problems(json, found, schema) { Issue.record("\(problem)", sourceLocation: sourceLocation) }
        if all, let members = json as? [String: Any], let properties = found["properties"] as? [String: Any] {
            #expect(Set(members.keys) == Set(properties.keys), "\(schema)", sourceLocation: sourceLocation)
        }
    }

    /// As much of JSON Schema as the document uses.
    private func problems(_ value: Any, _ given: [String: Any], _ path: String) -> [String] {
        var schema = given
        if let reference = schema["$ref"] as? String {
            guard let found = schemas[String(reference.split(separator: "/").last ?? "")] as? [String: Any] else { return ["\(path): \(reference) is not described"] }
            schema = found
        }
        var found: [String] = []
        switch (schema["type"] as? String, value) {
        case ("object", let object as [String: Any]):
            let properties = schema["properties"] as? [String: Any] ?? [:]
            for name in (schema["required"] as? [String] ?? []) where object[name] == nil { found.append("\(path): \(name) is missing") }
            for (name, member) in object {
                if let rule = properties[name] as? [String: Any] ?? schema["additionalProperties"] as? [String: Any] {
                    found += problems(member, rule, "\(path).\(name)")
                } else {
                    found.append("\(path): \(name) is not described")
                }
            }
        case ("array", let elements as [Any]):
            guard let rule = schema["items"] as? [String: Any] else { return ["\(path): no items"] }
            for element in elements { found += problems(element, rule, "\(path)[]") }
        case ("string", let text as String):
            if let allowed = schema["enum"] as? [String], !allowed.contains(text) { found.append("\(path): \(text) is not described") }
        case ("integer", let number as Int):
            if let allowed = schema["enum"] as? [Int], !allowed.contains(number) { found.append("\(path): \(number) is not described") }
        case ("boolean", is Bool): break
        case (let type, _): found.append("\(path): no \(type ?? "type")")
        }
        return found
    }
}
