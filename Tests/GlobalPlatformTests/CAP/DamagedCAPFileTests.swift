import GlobalPlatform
import TestMaterial
import Testing

/// One thing wrong at a time in a file that is otherwise right.
@Suite struct DamagedCAPFileTests {
    private func files(_ name: String = "ticket-1.0-jc304") throws -> [(String, [UInt8])] {
        try ZIPArchive(Applets.archive(name)).entries.map { ($0.name, $0.content) }
    }

    private func error(_ change: (inout [(String, [UInt8])]) throws -> Void, from name: String = "ticket-1.0-jc304") throws -> CAPError? {
        var files = try files(name)
        try change(&files)
        do throws(CAPError) {
            _ = try CAPFile(SampleArchive(files).bytes)
            return nil
        } catch {
            return error
        }
    }

    private func edit(_ files: inout [(String, [UInt8])], _ component: String, _ change: (inout [UInt8]) -> Void) {
        for index in files.indices where files[index].0.hasSuffix("javacard/\(component).cap") { change(&files[index].1) }
    }

    @Test func unchangedIsRight() throws {
        #expect(try error { _ in } == nil)
        #expect(try error { $0.removeAll { !$0.0.hasSuffix(".cap") } } == nil)
    }

    @Test(arguments: ["Header", "Directory", "Applet", "Import", "ConstantPool", "Class", "Method", "StaticField", "RefLocation", "Descriptor"])
    func everyComponentIsMissed(_ component: String) throws {
        let error = try error { $0.removeAll { $0.0.hasSuffix("/\(component).cap") } }
        #expect(error?.code == .missingComponent && error?.place == "\(component).cap")
    }

    @Test(arguments: ["Header", "Directory", "Applet", "Import", "ConstantPool", "Class", "Method", "StaticField", "RefLocation", "Descriptor"])
    func everyComponentIsMeasured(_ component: String) throws {
        #expect(try error { edit(&$0, component) { $0.append(0) } }?.code == .component)
        #expect(try error { edit(&$0, component) { $0.removeLast() } }?.code == .component)
        #expect(try error { edit(&$0, component) { $0[0] = 99 } }?.code == .component)
    }

    @Test func filesOfTwoKinds() throws {
        // A compact file that calls itself extended has none of the structure.
        #expect(try error { edit(&$0, "Header") { $0[9] = 0x0C } }?.code == .component)
        #expect(try error { $0.append(("org/tsms/applets/ticket/javacard/Method.capx", [])) }?.code == .component)
        #expect(try error { $0.append(("org/other/javacard/Header.cap", $0[1].1)) }?.code == .severalFiles)
    }

    @Test func headers() throws {
        #expect(try error { edit(&$0, "Header") { $0[3] = 0 } }?.code == .component)
        #expect(try error { edit(&$0, "Header") { $0[7] = 4 } }?.code == .unsupportedFormatVersion)
        #expect(try error { edit(&$0, "Header") { $0[8] = 3 } }?.code == .unsupportedFormatVersion)
        #expect(try error { edit(&$0, "Header") { $0[9] = 0x06 } }?.place == "Header.cap")
        #expect(try error { edit(&$0, "Header") { $0[9] = 0x00 } }?.place == "Header.cap")
        #expect(try error { edit(&$0, "Header") { $0[12] = 4 } }?.code == .component)
    }

    @Test func contents() throws {
        #expect(try error { edit(&$0, "Applet") { $0[13] = 0xFF } }?.code == .component)
        #expect(try error { edit(&$0, "Applet") { $0[3] = 2 } }?.code == .component)
        #expect(try error { edit(&$0, "Import") { $0[3] = 3 } }?.code == .component)
        #expect(try error { edit(&$0, "ConstantPool") { $0[5] = 7 } }?.code == .component)
        #expect(try error { edit(&$0, "StaticField") { $0[4] = 1 } }?.code == .component)
        #expect(try error { edit(&$0, "Method") { $0[3] = 0xFF } }?.code == .component)
        #expect(try error { edit(&$0, "Import") { $0[4] = 10 } }?.code == .unknownPlatform)
        #expect(try error { $0.append(("org/tsms/applets/ticket/javacard/Other.cap", [5])) }?.code == .component)
        #expect(try error { $0.append(("org/tsms/applets/ticket/javacard/Custom.cap", [0x80, 0, 0])) } == nil)
        #expect(try error { $0.append(("org/tsms/applets/ticket/javacard/HEADER.CAP", $0[1].1)) }?.code == .component)
        #expect(try error { $0.removeAll { $0.0.hasSuffix(".cap") } }?.code == .missingComponent)
    }

    @Test func importedVersionsDecideThePlatform() throws {
        func javaCard(_ minor: UInt8) throws -> String {
            var files = try files()
            edit(&files, "Import") { $0[4] = minor }
            return try CAPFile(SampleArchive(files).bytes).requirements.javaCardVersion.description
        }
        #expect(try [4, 5, 6, 7, 8, 9].map { try javaCard($0) } == ["3.0.4", "3.0.4", "3.0.5", "3.1.0", "3.1.0", "3.2.0"])
    }

    @Test func truncatedArchives() throws {
        let bytes = try Applets.archive("store-1.0-jc304")
        for length in stride(from: 0, to: bytes.count, by: 7) { #expect(throws: CAPError.self) { try CAPFile(Array(bytes.prefix(length))) } }
    }

    @Test func mutatedArchivesNeverCrash() throws {
        var generator = TestGenerator(seed: 8)
        let archive = SampleArchive(try files("store-1.0-jc304").filter { $0.0.hasSuffix(".cap") })
        for _ in 0..<2000 {
            var changed = archive
            let index = Int.random(in: 0..<archive.entries.count, using: &generator)
            changed.entries[index].content = generator.mutate(archive.entries[index].content)
            _ = read(changed.bytes)
            _ = read(generator.mutate(archive.bytes))
        }
    }

    @Test func mutatedBlocksNeverCrashTheCard() throws {
        var generator = TestGenerator(seed: 9)
        let block = try CAPFile(Applets.archive("store-1.0-jc304")).loadFileDataBlock
        for _ in 0..<5000 {
            do throws(CAPError) { _ = try LoadFileDataBlock(parsing: generator.mutate(block)) } catch { #expect(!error.place.isEmpty && !error.problem.isEmpty) }
        }
        #expect(throws: CAPError.self) { try LoadFileDataBlock(parsing: []) }
        #expect(throws: CAPError.self) { try CAPHeader(loadFileDataBlock: [1, 0]) }
    }

    /// Only a `CAPError` may come out: the type says so, and a trap would end the test.
    private func read(_ bytes: [UInt8]) -> CAPError? {
        do throws(CAPError) {
            _ = try CAPFile(bytes)
            return nil
        } catch {
            return error
        }
    }
}
