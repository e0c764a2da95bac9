import GlobalPlatform
import TestMaterial
import Testing

/// What a card never sees cannot make a CAP file wrong: it is told, and no more.
@Suite struct CAPWarningTests {
    private let cap = SampleCAP(.init(ComposedCAPFileTests.package), applets: ComposedCAPFileTests.applets(2))

    private func warnings(_ layout: SampleCAPLayout, _ cap: SampleCAP? = nil) throws -> [CAPWarning.Code] {
        let cap = cap ?? self.cap
        let read = try CAPFile(cap.archive(layout))
        #expect(read.loadFileDataBlock == cap.loadFileDataBlock())
        #expect(read.warnings.allSatisfy { !$0.place.isEmpty && !$0.problem.isEmpty })
        return read.warnings.map(\.code)
    }

    @Test func rightFilesHaveNone() throws {
        #expect(try warnings(.init()) == [])
        #expect(try warnings(.init(manifest: .none, appletDescription: .none)) == [])
        for name in ["ticket-1.0-jc304", "ticket-1.1-jc304", "ticket-1.1-jc310", "store-1.0-jc304", "bulk-1.0-jc304"] {
            #expect(try CAPFile(Applets.archive(name)).warnings == [])
        }
    }

    @Test(arguments: [
        "", "<", "<a", "<a>", "</a>", "<a></b>", "<a/><b/>", "<a x='1></a>", "no element", "<!-- ", "<?xml", "<applet-app><applet-AID>x</applet-AID></applet-app>",
        "<applet-app><applet-AID>//aid/F0</applet-AID></applet-app>", "<applet-app/>", "<a><![CDATA[", "<>", "<a><</a>", "\u{FEFF}<a", String(repeating: "<a>", count: 5000),
        String(repeating: "x", count: 300_000),
    ]) func malformedAppletDescriptions(_ text: String) throws {
        #expect(try warnings(.init(appletDescription: .other(text))) == [.appletDescription])
    }

    @Test func appletDescriptionsInOtherWords() throws {
        let list = ComposedCAPFileTests.applets(2).map { "<applet-AID  >\n //aid/F001020304/\(Hex.encodeUpperCase(Array($0.dropFirst(5)))) </applet-AID>" }
        let right = "\u{FEFF}<?xml version='1.0'?><!DOCTYPE a><applet-app a=\"<'>\"><x/><![CDATA[<z>]]>" + list.joined(separator: "<!-- <q> -->") + "</applet-app>\n"
        #expect(try warnings(.init(appletDescription: .other(right))) == [])
        #expect(try warnings(.init(appletDescription: .other("<a>\(list[0])</a>"))) == [.appletDescription])
    }

    @Test func manifestsThatDisagree() throws {
        func changed(_ from: String, _ to: String) throws -> Int { try warnings(.init(manifest: .other(cap.manifest.replacing(from, with: to)))).count { $0 == .manifest } }
        #expect(try changed("Package-Version: 1.0", "Package-Version: 1.1") == 1)
        #expect(try changed("Package-AID: 0xf0", "Package-AID: 0xf1") == 1)
        #expect(try changed("Package-AID: 0xf0", "Package-AID: nonsense") == 1)
        #expect(try changed("CAP-File-Version: 2.1", "CAP-File-Version: 2.2") == 1)
        #expect(try changed("FALSE", "TRUE") == 1)
        #expect(try changed("Applet-2-AID", "Applet-3-AID") == 1)
        #expect(try changed("Applet-1-AID: 0xf0", "Applet-1-AID: 0xzz") == 1)
        #expect(try warnings(.init(manifest: .other(""))) == [] && warnings(.init(manifest: .other("\u{1}\u{0}garbage\n : \n"))) == [])
        // A name that the manifest does not give is no name.
        #expect(try CAPFile(cap.archive()).applets.map(\.name) == ["Sample1", "Sample2"])
        #expect(try CAPFile(cap.archive(.init(manifest: .none))).applets.map(\.name) == [nil, nil])
    }

    @Test func whatIsNotLoadedIsTold() throws {
        var odd = cap
        odd.hasDebug = true
        odd.customComponent = (0x90, [])
        #expect(try warnings(.init(), odd) == [.debug, .customComponent])
        var files = cap.files()
        for index in files.indices where files[index].0.hasSuffix("Method.cap") { files[index].0 += "x" }
        #expect(try CAPFile(SampleArchive(files).bytes).warnings.map(\.code) == [.fileExtension])
    }
}
