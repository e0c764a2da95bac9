import Foundation
import TestMaterial
import Testing

/// docs/coverage.md against the TR's requirements and against the tests that it names: a row that rots fails the build (TR-A001).
@Suite struct CoverageTests {
    /// Status words, as the head table of the document explains them.
    static let statuses = ["tested", "partly", "**open**", "operator", "other party", "may"]

    struct Row: Sendable {
        let id: String
        let level: String
        let status: String
        /// Tests by name, and remarks.
        let evidence: String
    }

    struct Table: Sendable {
        var rows: [Row] = []
        /// By status word, from the head table.
        var counts: [String: Int] = [:]
        /// Lines that are neither.
        var faults: [String] = []

        init(_ text: String) {
            for line in text.split(separator: "\n") where line.hasPrefix("| ") {
                let cells = line.dropFirst(2).dropLast(2).components(separatedBy: " | ").map { $0.trimmingCharacters(in: .whitespaces) }
                if cells[0].hasPrefix("TR-") {
                    if cells.count == 6 { rows.append(Row(id: cells[0], level: cells[1], status: cells[4], evidence: cells[5])) } else { faults.append("\(cells[0]) has \(cells.count) cells instead of 6") }
                } else if cells.count == 3, let count = Int(cells[2]) {
                    counts[cells[0]] = count
                }
            }
        }
    }

    /// `Target/File: test` in a cell; the name ends at a semicolon, at the end of a sentence or of the cell.
    struct Reference: Sendable, CustomStringConvertible {
        let target: String
        let file: String
        /// nil: the whole file.
        let test: String?

        var description: String { "\(target)/\(file)" + (test.map { ": \($0)" } ?? "") }

        static func all(in cell: String) -> [Reference] {
            cell.matches(of: /\b([A-Z]\w*Tests)\/([\w\/]+)(?:: ([^;]+?)(?=;|\. |\.?$))?/).map { match in
                Reference(target: String(match.1), file: String(match.2), test: match.3.map { $0.trimmingCharacters(in: .whitespaces) })
            }
        }

        /// What is wrong with it; nil: the file is there, and a test function of the name or one whose display name begins so is in it.
        func fault(below tests: URL) -> String? {
            let names = FileManager.default.enumerator(atPath: tests.appendingPathComponent(target).path)?.compactMap { $0 as? String } ?? []
            let found = names.filter { $0 == "\(file).swift" || $0.hasSuffix("/\(file).swift") }
            guard !found.isEmpty else { return "\(self): there is no such file" }
            guard let test else { return nil }
            let texts = found.compactMap { FileManager.default.contents(atPath: tests.appendingPathComponent("\(target)/\($0)").path) }.map { String(decoding: $0, as: UTF8.self) }
            let isThere = texts.contains { text in
                test.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } ? text.contains("func \(test)(") : text.contains("@Test(\"\(test)")
            }
            return isThere ? nil : "\(self): there is no such test in the file"
        }
    }

    private static let document = ReferenceData.packageRoot.appendingPathComponent("docs/coverage.md")

    private func table() throws -> Table { Table(try String(contentsOf: Self.document, encoding: .utf8)) }

    @Test func statusesAreCounted() throws {
        let table = try table()
        #expect(table.faults.isEmpty && table.rows.count >= 100)
        #expect(Set(table.counts.keys) == Set(Self.statuses))
        for row in table.rows { #expect(Self.statuses.contains(row.status), "\(row.id): \(row.status)") }
        for status in Self.statuses { #expect(table.counts[status] == table.rows.count { $0.status == status }, "\(status)") }
    }

    @Test func whatIsClaimedIsNamed() throws {
        let table = try table()
        let status = Dictionary(table.rows.map { ($0.id, $0.status) }, uniquingKeysWith: { first, _ in first })
        for row in table.rows where row.status == "tested" || row.status == "partly" {
            let others = row.evidence.matches(of: /\bas (TR-[A-Z]\d+)/).map { String($0.1) }
            #expect(!Reference.all(in: row.evidence).isEmpty || !others.isEmpty, "\(row.id) is \(row.status), and no test is named")
            // A row that leans on another is worth what that one is.
            for other in others where row.status == "tested" { #expect(status[other] == "tested", "\(row.id) leans on \(other)") }
        }
    }

    @Test func namedTestsExist() throws {
        var count = 0
        for row in try table().rows {
            for reference in Reference.all(in: row.evidence) {
                count += 1
                let fault = reference.fault(below: ReferenceData.packageRoot.appendingPathComponent("Tests"))
                #expect(fault == nil, "\(row.id): \(fault ?? "")")
            }
        }
        #expect(count > 100)
    }

    @Test(.enabled(if: ReferenceData.isPresent)) func everyRequirementHasOneRow() throws {
        let requirements = try #require(try ReferenceData.json("requirements.json")["requirements"] as? [[String: Any]])
        let rows = try table().rows
        #expect(requirements.count >= 100 && rows.map(\.id).sorted() == requirements.compactMap { $0["id"] as? String }.sorted())
        let levels = Dictionary(rows.map { ($0.id, $0.level) }, uniquingKeysWith: { first, _ in first })
        for requirement in requirements {
            guard let id = requirement["id"] as? String else { continue }
            #expect(levels[id] == requirement["level"] as? String, "\(id)")
        }
    }

    /// The check itself: what it would have to find.
    @Test func rotIsFound() throws {
        let tests = ReferenceData.packageRoot.appendingPathComponent("Tests")
        func faults(_ cell: String) -> [String] { Reference.all(in: cell).compactMap { $0.fault(below: tests) } }
        #expect(faults("TrustedServiceModelTests/CoverageTests: rotIsFound; TrustedServiceModelTests/VersionPatternTests. And a remark").isEmpty)
        #expect(faults("TrustedServiceModelTests/CoverageTests: rotIsFoun").count == 1)
        #expect(faults("TrustedServiceModelTests/NoSuchTests: x; NoTests/CoverageTests").count == 2)
        #expect(faults("TrustedServiceModelTests/CoverageTests: a display name, with words: and a colon. Remark").count == 1)
        #expect(Reference.all(in: "EndToEndTests/Search/KeySearchTests: no key, static or session. Keys are destroyed; more").map(\.description) == ["EndToEndTests/Search/KeySearchTests: no key, static or session"])
        #expect(Table("| TR-X001 | SHALL | a | b | tested |\n").faults.count == 1)
    }
}
