import DeploymentDocument
import Foundation
import HTTPTypes
import Hummingbird
import Identity
import ServiceKit
import TestMaterial
import Testing
import TrustedServiceModel
import Yams

@testable import SPTSMProvider

@Suite struct APIDocumentTests {
    private struct Document {
        let root: [String: Any]
        let text: String

        init(_ name: String) throws {
            text = try String(contentsOf: ReferenceData.packageRoot.appendingPathComponent("docs/\(name)"), encoding: .utf8)
            root = try #require(try Yams.load(yaml: text) as? [String: Any])
        }

        /// "GET /path" → the operation.
        var operations: [String: [String: Any]] {
            get throws {
                var found: [String: [String: Any]] = [:]
                for (path, item) in try #require(root["paths"] as? [String: Any]) {
                    for (method, operation) in try #require(item as? [String: Any]) where method != "parameters" {
                        found["\(method.uppercased()) \(path)"] = try #require(operation as? [String: Any])
                    }
                }
                return found
            }
        }

        var schemas: [String: [String: Any]] {
            get throws { try #require((root["components"] as? [String: Any])?["schemas"] as? [String: [String: Any]]) }
        }
    }

    @Test func documentsAreServed() async throws {
        let plane = try await Plane()
        let provider = try await plane.call(.get, "/openapi.yaml", authorization: "")
        let text = try Document("provider-api.yaml").text
        #expect(provider.status == 200 && provider.headers[.contentType] == "application/yaml")
        #expect(String(decoding: provider.body, as: UTF8.self) == text)
        let wrongMethod = try await plane.call(.put, "/openapi.yaml")
        #expect(wrongMethod.status == 405 && wrongMethod.headers[.allow] == "GET")
        let operators = try await plane.callOperator(.get, "/openapi.yaml")
        let operatorText = try Document("operator-api.yaml").text
        #expect(operators.status == 200 && String(decoding: operators.body, as: UTF8.self) == operatorText)
        #expect(try await plane.callOperator(.get, "/openapi.yaml", peer: Plane.gateway).status == 403)
    }

    /// Every operation that is served is described, with the name that the TR gives it, and nothing else is.
    @Test func providerDocumentAndOperationsAgree() throws {
        let described = try Document("provider-api.yaml").operations
        var served: Set<String> = ["GET /openapi.yaml"]
        for operation in OperationTable.served {
            for (index, path) in operation.paths.enumerated() {
                served.insert("\(operation.method.rawValue) \(path)")
                let entry = try #require(described["\(operation.method.rawValue) \(path)"], "\(operation.id)")
                #expect(entry["operationId"] as? String == (index == 0 ? operation.id : operation.id + "AsInOverview"))
                let content = ((entry["requestBody"] as? [String: Any])?["content"] as? [String: Any])?.keys.first
                switch operation.body {
                case .none: #expect(content == nil, "\(operation.id)")
                case .json: #expect(content == "application/json", "\(operation.id)")
                case .upload(let kind):
                    #expect(content == "multipart/form-data", "\(operation.id)")
                    #expect(String(describing: entry["requestBody"]).contains(kind.filePart) && String(describing: entry["requestBody"]).contains(kind.fileNamePart))
                }
            }
        }
        #expect(Set(described.keys).symmetricDifference(served).isEmpty)
    }

    /// Statuses and error categories are those of the TR's rows; what goes beyond is listed here.
    @Test(.enabled(if: ReferenceData.isPresent)) func providerDocumentAndTheTRAgree() throws {
        struct Row: Decodable {
            struct Success: Decodable { let status: Int }
            let operationId, method: String
            let servePaths: [String]
            let success: Success
            let allowedGeneralErrors: [Int]
        }
        struct File: Decodable { let operations: [Row] }
        let rows = try JSONDecoder().decode(File.self, from: try #require(ReferenceData.file("operations.json"))).operations
        let beyond: [String: Set<Int>] = [
            "modifyAppConfig": [1015], "listSposConfigRelatedServices": [1009],
            "modifyPersoScriptAndOverwriteBinary": [1007, 1008, 1011, 1012, 1013, 1014], "modifyCertAndOverwriteBinary": [1007, 1008, 1011, 1012, 1013, 1014],
            "createPersoScriptAndUploadBinary": [1007, 1008], "createCertAndUploadBinary": [1007, 1008],
        ]
        let described = try Document("provider-api.yaml").operations
        #expect(rows.count == 82)
        for row in rows {
            // A slash at the end counts for nothing; the document says so once.
            for path in row.servePaths where !path.hasSuffix("/") {
                let entry = try #require(described["\(row.method) \(path)"], "\(row.operationId)")
                let statuses = try #require(entry["responses"] as? [String: Any]).keys
                #expect(Set(statuses) == [String(row.success.status), "400", "401", "429", "500"], "\(row.operationId)")
                let categories = Set(try #require(entry["x-general-errors"] as? [Int]))
                #expect(categories == Set(row.allowedGeneralErrors).union([1002]).union(beyond[row.operationId] ?? []), "\(row.operationId)")
            }
        }
    }

    /// The schemas' attributes are those of the tables: all of them in answers, what a client may set in bodies.
    @Test func schemasAndTablesAgree() throws {
        let schemas = try Document("provider-api.yaml").schemas
        func properties(_ name: String) throws -> Set<String> { Set(try #require(schemas[name]?["properties"] as? [String: Any], "\(name)").keys) }
        for rules in EntityRules.all {
            // The TR splits CAP into what every load file has and what a CAP file has; there is no other kind.
            var names = Set(rules.attributes.map(\.name))
            if rules.name == "ExecutableLoadFile" { continue }
            if rules.name == "CAP" { names.formUnion(EntityRules.executableLoadFile.attributes.map(\.name)) }
            #expect(try properties(rules.name) == names, "\(rules.name)")
            #expect(Set(try #require(schemas[rules.name]?["required"] as? [String])) == names, "\(rules.name)")
            guard EntityRules.bodies.contains(where: { $0.name == rules.name }) else { continue }
            #expect(try properties(rules.name + "Input") == Set(rules.attributes.filter { !$0.isAssigned }.map(\.name)), "\(rules.name)Input")
            #expect(Set(schemas[rules.name + "Input"]?["required"] as? [String] ?? []) == Set(rules.attributes.filter { $0.presence == .mandatory }.map(\.name)), "\(rules.name)Input")
        }
    }

    @Test func operatorDocumentAndRoutesAgree() async throws {
        let plane = try await Plane()
        let router = plane.plane.operatorRouter(operators: try AllowList([AllowedPeer(Plane.operatorName)]))
        let served = Set(router.routes.map { route in
            let path = route.path.description.split(separator: "/").map { $0.hasPrefix(":") ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
            return "\(route.method.rawValue) /\(path)"
        })
        let document = try Document("operator-api.yaml")
        #expect(served == Set(try document.operations.keys.map { $0.replacing(" /", with: " /operator/v1/", maxReplacements: 1) }))
        let codes = try #require((document.schemas["Problem"]?["properties"] as? [String: [String: Any]])?["code"]?["enum"] as? [String])
        #expect(Set(codes).isSuperset(of: OperatorError.Code.allCases.map(\.rawValue)))
        // Members as they are encoded are among those described.
        func expectMembers(_ value: some Encodable, _ schema: String) throws {
            let members = Set(try #require(try JSONSerialization.jsonObject(with: Data(WireJSON.encode(value))) as? [String: Any]).keys)
            #expect(members == Set(try #require(document.schemas[schema]?["properties"] as? [String: Any], "\(schema)").keys), "\(schema)")
        }
        var provider = plane.first
        provider.clientCertificateSHA256 = String(repeating: "00", count: 32)
        try expectMembers(provider, "ServiceProvider")
        try expectMembers(OperatorAPI.KeyIndex(index: "i", kind: .master, kcv: "00", modes: [1]), "KeyIndex")
        try expectMembers(OperatorAPI.TokenRecord(id: "i", label: "l", created: "c", lastUsed: "u", revoked: "r"), "Token")
        try expectMembers(OperatorAPI.IssuedToken(id: "i", longTermToken: "t"), "IssuedToken")
        try expectMembers(try #require(try await plane.plane.operator.issuers().first), "Issuer")
        try expectMembers(TokenIssuerDescriptor(id: "i", serviceProviderId: "s", issuer: "i", audience: "a", jwks: JSONWebKeySet(keys: []), deviceAppClaim: try ClaimPointer("/a"),
                                                deviceKeyClaim: try ClaimPointer("/k"), maximumLifetime: 60), "TokenIssuer")
        try expectMembers(OperatorAPI.NewTokenIssuer(issuer: "i", audience: "a", jwks: JSONWebKeySet(keys: []), deviceAppClaim: try ClaimPointer("/a"),
                                                     deviceKeyClaim: try ClaimPointer("/k"), maximumLifetime: 60), "NewTokenIssuer")
        try expectMembers(DeviceIntegrityKeys(serviceProviderId: "s", jwks: JSONWebKeySet(keys: []), maximumAge: 60), "DeviceIntegrity")
        try expectMembers(OperatorAPI.NewDeviceIntegrity(jwks: JSONWebKeySet(keys: []), maximumAge: 60), "NewDeviceIntegrity")
        let removal = OperatorAPI.PlannedRemoval(effective: "e", message: "m", override: "o")
        try expectMembers(removal, "PlannedRemoval")
        try expectMembers(OperatorAPI.ProfileRecord(issuerId: "i", profile: plane.profile304, removal: removal), "Profile")
        try expectMembers(plane.profile304, "SecureComponentProfile")
        try expectMembers(try #require(try await plane.plane.operator.noticeRecords().first), "NoticeRecord")
        try expectMembers(Maintenance(mode: .off, message: "", since: ""), "Maintenance")
        try expectMembers(OperatorAPI.LockoutRecord(kind: "k", subject: "s", until: "u"), "Lockout")
    }

    @Test func anotherPrefixServesTheSame() async throws {
        let plane = try await Plane(prefix: "/tsm/api/2")
        #expect(try await plane.call(.get, "/services").status == 200)
        #expect(try await plane.call(.get, "/services/").status == 200)
        #expect(try await plane.call(.get, "/openapi.yaml", authorization: "").status == 200)
        #expect(try await plane.call(.get, "x/services").status == 404)
    }
}
