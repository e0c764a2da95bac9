import Foundation
import HTTPTypes
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

@Suite struct OperationTableTests {
    struct Listed: Decodable {
        let operationId: String
        let method: String
        let servePaths: [String]
        let requestBody: Body
        let allowedGeneralErrors: [Int]
        struct Body: Decodable { let kind: String }
    }

    static let listed: [Listed] = {
        struct File: Decodable { let operations: [Listed] }
        guard let data = ReferenceData.file("operations.json"), let file = try? JSONDecoder().decode(File.self, from: data) else { return [] }
        return file.operations
    }()

    @Test(.enabled(if: ReferenceData.isPresent)) func allOperationsOfTheTRAreServed() throws {
        #expect(Self.listed.count == 82)
        #expect(Set(OperationTable.all.map(\.id)) == Set(Self.listed.map(\.operationId)))
        #expect(OperationTable.all.count == 82)
    }

    @Test(.enabled(if: ReferenceData.isPresent), arguments: listed) func everyPathLeadsToItsOperation(_ listed: Listed) throws {
        for path in listed.servePaths {
            let filled = path.replacing(#/\{[^}]*\}/#, with: "x%20y")
            for spelling in [filled, filled + "/"] {
                guard case .operation(let operation, let parameters) = OperationTable.match(method: listed.method, path: spelling) else {
                    Issue.record("\(listed.method) \(spelling) is not served")
                    continue
                }
                #expect(operation.id == listed.operationId)
                #expect(Array(parameters.keys).sorted() == path.matches(of: #/\{([^}]*)\}/#).map { String($0.output.1) }.sorted())
                #expect(parameters.values.allSatisfy { $0 == "x y" })
                switch operation.body {
                case .none: #expect(listed.requestBody.kind == "none")
                case .json: #expect(listed.requestBody.kind == "json")
                case .upload: #expect(listed.requestBody.kind == "multipart")
                }
            }
        }
    }

    /// Each operation against its row: no token, a body that cannot be read, IDs that do not exist; never a category its row does not list
    /// (1002 for transport faults aside, which every operation may answer with).
    @Test(.enabled(if: ReferenceData.isPresent)) func everyOperationRefusesAsItsRowSays() async throws {
        let plane = try await Plane()
        for operation in OperationTable.all where operation.id != "createAccessToken" {
            let listed = try #require(Self.listed.first { $0.operationId == operation.id })
            let path = operation.paths[0].description.replacing(#/\{[^}]*\}/#, with: "00000000-0000-4000-8000-000000000000")
            let method = try #require(HTTPRequest.Method(operation.method.rawValue))
            let anonymous = try await plane.call(method, path, authorization: "")
            #expect(anonymous.status == 401 && anonymous.category == 1000 && anonymous.headers[.wwwAuthenticate] == "Bearer", "\(operation.id)")
            let garbage = try await plane.call(method, path, json: "{")
            #expect(garbage.status == 400 && garbage.category == 1002, "\(operation.id)")
            guard path.contains("00000000") else { continue }
            let unknown: Plane.Answer
            switch operation.body {
            case .none: unknown = try await plane.call(method, path)
            case .json: unknown = try await plane.call(method, path, json: operation.id.hasPrefix("unlink") || operation.id == "linkElfs" ? "[]" : "{}")
            case .upload(let kind): unknown = try await plane.upload(method, path, [.file(kind.filePart, [1])])
            }
            #expect(unknown.status == 400 && unknown.category == 1009, "\(operation.id)")
            // The TR forgets 1009 for one operation only.
            #expect(listed.allowedGeneralErrors.contains(1009) || operation.id == "listSposConfigRelatedServices", "\(operation.id)")
        }
    }

    @Test func otherMethodsAndPathsAreToldApart() {
        guard case .methodNotAllowed(let methods) = OperationTable.match(method: "PATCH", path: "/services/1") else {
            Issue.record("PATCH is no method of a Service")
            return
        }
        #expect(methods == ["DELETE", "GET", "PUT"])
        guard case .notFound = OperationTable.match(method: "GET", path: "/nothing") else {
            Issue.record("there is no such path")
            return
        }
        guard case .notFound = OperationTable.match(method: "GET", path: "/services/%zz") else {
            Issue.record("a path that cannot be decoded matches nothing")
            return
        }
    }
}
