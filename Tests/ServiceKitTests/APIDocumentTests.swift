import Foundation
import ServiceKit
import Testing

@Suite struct APIDocumentTests {
    private static let docs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs")

    @Test(arguments: APIDocument.allCases) func theDocumentOfDocsIsTheOneThatIsServed(document: APIDocument) throws {
        #expect(try Array(Data(contentsOf: Self.docs.appendingPathComponent("\(document.rawValue)-api.yaml"))) == document.bytes)
        #expect(document.response.status == .ok)
        #expect(document.response.headers[.contentType] == "application/yaml")
    }

    @Test func noDocumentOfAnInterfaceIsLeftOut() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.docs.path).filter { $0.hasSuffix("-api.yaml") }
        #expect(Set(files) == Set(APIDocument.allCases.map { "\($0.rawValue)-api.yaml" }))
    }
}
