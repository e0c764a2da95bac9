import Foundation
import Testing
import TrustedServiceModel

@Suite struct GeneralErrorTests {
    @Test func everyCategoryHasTheStatusOfTheTR() {
        for category in GeneralErrorCategory.allCases {
            switch category.rawValue {
            case 1000, 1001: #expect(category.httpStatus == 401)
            case 2000: #expect(category.httpStatus == 500)
            default: #expect(category.httpStatus == 400)
            }
        }
        #expect(GeneralErrorCategory.allCases.map(\.rawValue) == Array(1000...1016) + [2000])
    }

    @Test func messagesFollowTheTemplates() {
        #expect(GeneralError.notAuthenticated.errorMessage == "Not authenticated.")
        #expect(GeneralError.invalidRequest("body missing").errorMessage == "Invalid request: body missing.")
        #expect(GeneralError.assignedAttribute("id").errorMessage == "Create failed: attribute id not allowed for POST. It is automatically assigned when created.")
        #expect(GeneralError.missingOnModify("name", of: "Service").errorMessage == "Modify failed: attribute name is missing, but it is mandatory for Service.")
        #expect(GeneralError.unknownAttribute("a.b").errorMessage == "Unknown: ‘a.b’ is not a valid attribute.")
        #expect(GeneralError.invalidFormat("x", for: "tag", supported: "a.b.c").errorMessage == "Invalid format ‘x’ for tag. Supported format is a.b.c.")
        #expect(GeneralError.notExisting("Flavor", id: "1").errorMessage == "Not existing: Flavor with id ‘1’ does not exist.")
        #expect(GeneralError.fileTooLarge(512_001, maximum: 512_000).errorMessage == "Upload failed: 0.513MB exceeds maximum upload file size of 0.512MB.")
    }

    @Test func noMessageIsLongerThanTheSchemaAllows() {
        let long = String(repeating: "ä", count: 1000)
        for error in [GeneralError.invalidFormat(long, for: long, supported: long), .notExisting(long, id: long), .invalidRequest(long), .internalError(long),
                      .invalidFileType(supported: [long], detail: long), .unknownAttribute(long)] {
            #expect(error.errorMessage.count <= 255)
        }
        #expect(GeneralError.notExisting("Flavor", id: long).errorMessage.hasSuffix("does not exist."))
    }

    @Test func wireFormHasTwoMembersAndSurvivesUnknownCategories() throws {
        let data = try JSONEncoder().encode(GeneralError.referenced("Flavor", in: "Version"))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(Set(object.keys) == ["errorCategory", "errorMessage"])
        #expect(object["errorCategory"] as? Int == 1010)
        let other = try JSONDecoder().decode(GeneralError.self, from: Data(#"{"errorCategory": 1999, "errorMessage": "?"}"#.utf8))
        #expect(other.category == nil)
    }

    /// Lengths on the wire are code points: a family of emoji is one character, whatever it is made of.
    @Test func messagesAreCutByCodePoints() {
        let long = String(repeating: "\u{1F3FB}", count: 3000)
        #expect(long.count < 10)
        for error in [GeneralError.notExisting("Service", id: long), .invalidFormat(long, for: long, supported: "x"), .unknownAttribute(long), .invalidRequest(long)] {
            #expect(error.errorMessage.unicodeScalars.count <= GeneralError.maximumMessageLength, "\(error.errorCategory)")
        }
        #expect(GeneralError.notExisting("Service", id: long).errorMessage.hasSuffix("does not exist."))
    }
}
