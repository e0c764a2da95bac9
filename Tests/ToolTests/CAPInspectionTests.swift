import ArgumentParser
import Foundation
import GlobalPlatform
import TestMaterial
import Testing
@testable import tsms

@Suite struct CAPInspectionTests {
    private func json(_ report: CAPReport) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? [String: Any])
    }

    @Test func oursAreTold() throws {
        let bytes = try Applets.archive("ticket-1.1-jc310")
        let report = try CAPInspection.report(path: "ticket.cap", bytes)
        #expect(report.flags == ["applet"] && !report.isExtended && report.exportedPackages.isEmpty && report.warnings.isEmpty)
        #expect(report.manifest == .agrees && report.appletDescription == .agrees)
        #expect(report.imports.map { "\($0.name ?? "") \($0.version) \($0.origin.rawValue) \($0.needs ?? "-")" } == [
            "javacard.framework 1.8 javaCard Java Card 3.1.0", "org.globalplatform 1.6 globalPlatform GlobalPlatform API 1.6",
            "javacard.security 1.7 javaCard Java Card 3.1.0", "java.lang 1.0 javaCard -",
        ])
        #expect(report.memory.loadFileDataBlock == 1162 && report.loadCommands == 5 && report.loadCommandsWithLongMACs == 6)
        #expect(report.text.contains("imports   a0000000620101 1.8: javacard.framework, since Java Card 3.1.0"))
        // What scripts read from earlier versions is still there.
        let object = try json(report)
        let names = ["file", "fileBytes", "packageAid", "packageName", "packageVersion", "formatVersion", "applets", "imports", "javaCardVersion", "gpApiVersion",
                     "needsIntegers", "loadFileDataBlockBytes", "loadFileDataBlockSHA256", "components"]
        #expect(names.allSatisfy { object[$0] != nil })
    }

    @Test func librariesAndExtendedFiles() throws {
        var sample = SampleCAP(extended: .init([0xF0, 1, 2, 3, 4, 5], 2, 1), packages: [.init([0xF0, 1, 2, 3, 4, 6], 1, 3, name: "com/example/api", exportedClasses: 1)],
                               imports: [.lang, .framework31, .init([0xF0, 9, 9, 9, 9], 4, 2), .init([0xA0, 0, 0, 0, 9, 0, 3, 0xFF, 0xFF, 0xFF, 0xFF, 0x89, 0x10, 0x71, 0, 2], 2, 6)])
        sample.staticFields = true
        sample.usesIntegers = true
        sample.hasDebug = true
        sample.methodBlocks = 2
        sample.padding = 70_000
        let report = try CAPInspection.report(path: "x", sample.archive(.init(manifest: .other("Java-Card-CAP-AID: 0xf1"), appletDescription: .none)))
        #expect(report.isExtended && report.flags == ["int", "export", "extended"] && report.packageAid == "f00102030405" && report.packageVersion == "2.1")
        #expect(report.exportedPackages.map { "\($0.aid) \($0.version) \($0.name ?? "")" } == ["f00102030406 1.3 com.example.api"])
        #expect(report.imports.map(\.origin) == [.javaCard, .javaCard, .library, .platform])
        #expect(report.memory.staticFields == 7 && report.memory.staticArrays == 4 && report.loadCommands == nil)
        #expect(report.manifest == .disagrees && report.appletDescription == .absent && report.warnings.map(\.code) == ["cap-debug", "cap-manifest"])
        #expect(report.javaCardVersion == "3.1.0" && report.applets.isEmpty)
        #expect(report.text.contains("none: a library") && report.text.contains("warning   META-INF/MANIFEST.MF: Java-Card-CAP-AID is '0xf1'"))
        let object = try json(report)
        #expect(object["loadCommands"] == nil && (object["isExtended"] as? Bool) == true)
    }

    @Test func aFileTooLongForLOADFails() async throws {
        var sample = SampleCAP(extended: .init([0xF0, 1, 2, 3, 4, 5], 2, 1), packages: [.init([0xF0, 1, 2, 3, 4, 6], 1, 3, exportedClasses: 1)], imports: [.lang])
        sample.methodBlocks = 2
        sample.padding = 70_000
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-long-\(UUID().uuidString).cap").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(sample.archive()).write(to: URL(fileURLWithPath: path))
        let command = try CAPCommand.Inspect.parse([path, "--json"])
        await #expect(throws: ExitCode.self) { try await command.run() }
    }

    @Test func refusalsNameCodeAndPlace() {
        for (bytes, code) in [([UInt8](), "cap-archive"), (SampleArchive([("a.cap", Array("PK\u{3}\u{4}".utf8))]).bytes, "cap-missing-component")] {
            do throws(ToolFailure) {
                _ = try CAPInspection.report(path: "x.cap", bytes)
                Issue.record("it was taken")
            } catch {
                #expect(error.description.hasPrefix("x.cap: ") && error.description.hasSuffix("(\(code))") && error.status == .failed)
            }
        }
    }

    /// Exit codes: 0 with and without warnings, 1 with --strict and for what is no CAP file.
    @Test func exitCodes() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("cap-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func write(_ name: String, _ bytes: [UInt8]) throws -> String {
            let url = directory.appendingPathComponent(name)
            try Data(bytes).write(to: url)
            return url.path
        }
        let sample = SampleCAP(.init([0xF0, 1, 2, 3, 4, 5]))
        let good = try write("good.cap", sample.archive()), odd = try write("odd.cap", sample.archive(.init(appletDescription: .other("<"))))
        let bad = try write("bad.cap", [1, 2, 3])
        func code(_ arguments: [String]) async throws -> Int32 {
            do {
                let command = try CAPCommand.Inspect.parse(arguments + ["--json"])
                try await command.run()
                return 0
            } catch {
                return CAPCommand.Inspect.exitCode(for: error).rawValue
            }
        }
        for (arguments, expected) in [([good], 0), ([good, "--strict"], 0), ([odd], 0), ([odd, "--strict"], 1), ([bad], 1), ([directory.path + "/absent.cap"], 1), ([], 64)] as [([String], Int32)] {
            let status = try await code(arguments)
            #expect(status == expected, "\(arguments)")
        }
    }
}
