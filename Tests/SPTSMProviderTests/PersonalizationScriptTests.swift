import Testing
import TrustedServiceModel

/// What is wrong with a script is said at upload, with line and reason.
@Suite struct PersonalizationScriptTests {
    @Test func faultsAreToldWithTheirLine() async throws {
        let plane = try await Plane()
        func error(_ script: String, _ method: String = "") async throws -> GeneralError {
            try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", Array(script.utf8))]).decode()
        }
        let unknown = try await error("# Ticket\nstore holder: C0 LV{ ${personalizationData.holder} }\n")
        #expect(unknown == GeneralError(.uploadInvalidFileType, message: "Upload failed: invalid file type. Supported file types are pers. Line 2, column 22: ${personalizationData.holder} is not declared: nothing can fill it."))
        #expect(try await error("store a: DEK{ 0011 }").errorMessage.contains("Line 1, column 10: DEK{…} takes whole blocks of 16 bytes"))
        #expect(try await error("apdu delete: 80E40000 { 4F00 }").errorMessage.contains("DELETE with class 80 may not be sent by a script"))
        let long = try await error("store a: " + String(repeating: "z", count: 3000))
        #expect(long.category == .uploadInvalidFileType && long.errorMessage.unicodeScalars.count <= GeneralError.maximumMessageLength && long.errorMessage.contains("Line 1, column 10"))
    }

    @Test func aChangedScriptIsCheckedAsAFirstOneAndAnInvalidOneChangesNothing() async throws {
        let plane = try await Plane()
        let script: PersonalizationScript = try await plane.upload(.post, "/personalization-scripts", [.file("scriptFile", Array("store a: 00".utf8))]).decode()
        let path = "/personalization-scripts/\(script.id)"
        #expect(try await plane.upload(.put, path, [.file("scriptFile", Array("store a: 0".utf8))]).category == 1013)
        #expect(try await plane.call(.get, path + "/binary").body == Array("store a: 00".utf8))
        #expect(try await plane.upload(.put, path, [.file("scriptFile", Array("store b: 01".utf8))]).status == 200)
        #expect(try await plane.call(.get, path + "/binary").body == Array("store b: 01".utf8))
    }
}
