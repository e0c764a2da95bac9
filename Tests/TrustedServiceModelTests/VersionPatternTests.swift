import Foundation
import TestMaterial
import Testing
import TrustedServiceModel

@Suite("version tags and patterns")
struct VersionPatternTests {
    static let request = "CheckServiceDeploymentAvailableRequest"

    func pattern(_ text: String) throws -> VersionPattern { try VersionPattern(text, of: Self.request) }

    /// `a.b.x` of the TR stands for patterns; with numbers for its letters it is one.
    static func sample(_ form: String) -> String {
        form.replacing("a", with: "1").replacing("b", with: "20").replacing("c", with: "3")
    }

    @Test("every row of the TR's pattern table", .enabled(if: ReferenceData.isPresent))
    func table() throws {
        let table = try #require(try ReferenceData.json("tsmapi.json")["versionPattern"] as? [String: Any])
        let supported = try #require(table["supported"] as? [String]), unsupported = try #require(table["unsupported"] as? [String])
        let messages = try #require(table["messages"] as? [String])
        #expect(supported.count == 4 && unsupported.count == 7 && messages.count == 2)
        for form in supported {
            let text = Self.sample(form)
            #expect(try pattern(text).matches("1.20.3"), "\(text)")
            #expect(try pattern(text.uppercased()).matches("1.20.3"), "\(text)")
        }
        for text in unsupported {
            do throws(TSMFailure) {
                _ = try VersionPattern(text, of: Self.request)
                Issue.record("'\(text)' was taken")
            } catch {
                #expect(error.category.rawValue == table["unsupportedError"] as? Int)
                #expect(messages.contains(error.details), "'\(text)': \(error.details)")
            }
        }
        // Its regular expression takes exactly what we take.
        let expression = try Regex(try #require(table["regex"] as? String))
        var taken = 0
        let parts = ["0", "1", "42", "999", "1000", "x", "X", "", "a", "-1", " 1", "1x"]
        for major in parts { for minor in parts { for revision in parts {
            let text = "\(major).\(minor).\(revision)"
            let isPattern = text.wholeMatch(of: expression) != nil
            taken += isPattern ? 1 : 0
            #expect(((try? pattern(text)) != nil) == isPattern, "'\(text)'")
        } } }
        #expect(taken == 64 + 32 + 16 + 8)
    }

    @Test("what is no pattern", arguments: ["", "1", "x", "1.x", "1.2", "1.2.3.4", "1..3", ".1.2", "1.2.", "1.2.3 ", "1.2.\u{661}", "1.2.xx", "1000.0.0", "v1.0.0", "1,0,0"])
    func invalid(text: String) {
        #expect(throws: TSMFailure(.invalidArgument, "version in \(Self.request) has invalid format")) { try pattern(text) }
        #expect(VersionTag(text) == nil)
    }

    @Test("a letter before a number is not supported", arguments: ["x.1.x", "x.x.1", "X.1.2", "1.x.3"])
    func unsupported(text: String) {
        #expect(throws: TSMFailure(.invalidArgument, "newVersion in CheckServiceUpdateAvailableRequest uses an unsupported filter pattern")) {
            try VersionPattern(text, attribute: "newVersion", of: "CheckServiceUpdateAvailableRequest")
        }
    }

    @Test("create and update take concrete tags only", arguments: ["1.x.x", "x.x.x", "1.0", ""])
    func concrete(text: String) {
        #expect(throws: TSMFailure.self) { try VersionTag(concrete: text, attribute: "version", of: "CreateServiceInstanceRequest") }
        do throws(TSMFailure) {
            _ = try VersionTag(concrete: text, attribute: "version", of: "CreateServiceInstanceRequest")
        } catch {
            #expect(error.category == .invalidArgument && error.details.hasPrefix("version in CreateServiceInstanceRequest has invalid format"))
        }
    }

    @Test("tags are ordered by number, not as text")
    func order() throws {
        let tags = try ["1.10.0", "0.0.1", "1.9.99", "10.0.0", "2.0.0", "1.9.100"].map { try #require(VersionTag($0)) }
        #expect(tags.sorted().map(\.description) == ["0.0.1", "1.9.99", "1.9.100", "1.10.0", "2.0.0", "10.0.0"])
        #expect(VersionTag("1.00.0") == VersionTag("1.0.0"))
    }

    @Test("the newest that matches", arguments: [
        ("1.0.0", "1.0.0"), ("1.0.1", nil), ("1.0.x", "1.0.0"), ("1.X.x", "1.10.0"), ("x.x.x", "2.0.0"), ("3.x.x", nil), ("01.x.x", "1.10.0"),
    ] as [(String, String?)])
    func newest(text: String, expected: String?) throws {
        #expect(try pattern(text).newest(of: ["1.9.3", "1.0.0", "2.0.0", "1.10.0", "no tag", "9.9"]) == expected)
    }

    @Test("an update is newer than what is installed")
    func newer() throws {
        let tags = ["1.0.0", "1.0.1", "1.1.0", "2.0.0"]
        let installed = VersionTag("1.1.0")
        #expect(try pattern("x.x.x").newest(of: tags, newer: installed) == "2.0.0")
        #expect(try pattern("1.x.x").newest(of: tags, newer: installed) == nil)
        #expect(try pattern("1.0.0").newest(of: tags, newer: installed) == nil)
        #expect(try pattern("1.1.0").newest(of: tags, newer: installed) == nil)
        #expect(try pattern("1.x.x").newest(of: ["1.01.0", "1.1.0"], newer: installed) == nil)
    }
}
