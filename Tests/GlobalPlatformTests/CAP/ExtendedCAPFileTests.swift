@testable import GlobalPlatform
import TestMaterial
import Testing

/// The extended format of Java Card 3.1: sizes of four bytes, several packages, code in blocks.
@Suite struct ExtendedCAPFileTests {
    static let file: [UInt8] = [0xF0, 1, 2, 3, 4, 0x31]

    static func sample(packages: Int = 2, applets: Int = 2, blocks: Int = 1, padding: Int = 0) -> SampleCAP {
        var cap = SampleCAP(extended: .init(file, 2, 1, name: "com/example/big"),
                            packages: (0..<packages).map { .init(file + [UInt8($0)], 1, UInt8($0), name: "com/example/big/p\($0)", exportedClasses: $0 + 1) },
                            applets: (0..<applets).map { file + [0xA0, UInt8($0)] })
        cap.methodBlocks = blocks
        cap.padding = padding
        return cap
    }

    private func error(_ cap: SampleCAP, _ component: String, _ change: (inout [UInt8]) -> Void) -> CAPError? {
        var files = cap.files()
        for index in files.indices where files[index].0.contains("/\(component).cap") { change(&files[index].1) }
        do throws(CAPError) {
            _ = try CAPFile(SampleArchive(files).bytes)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [(1, 0), (2, 2), (0, 1), (5, 20)], ComposedCAPFileTests.layouts.indices) func isRead(_ counts: (packages: Int, applets: Int), _ layout: Int) throws {
        var sample = Self.sample(packages: counts.packages, applets: counts.applets, blocks: 3, padding: 900)
        sample.staticResources = [(1, [UInt8](repeating: 7, count: 700)), (2, [])]
        sample.hasDebug = layout % 2 == 0
        let cap = try CAPFile(sample.archive(ComposedCAPFileTests.layouts[layout]))
        #expect(cap.isExtended && cap.packageAID.bytes == Self.file && cap.packageVersion == VersionNumber([2, 1]) && cap.formatVersion == VersionNumber([2, 3]))
        #expect(cap.header.packages.map(\.aid.bytes) == sample.packages.map(\.aid))
        #expect(cap.header.packages.map(\.version.components) == sample.packages.map { [Int($0.major), Int($0.minor)] })
        #expect(cap.header.packages.map(\.name) == sample.packages.map { $0.name.replacing("/", with: ".") })
        #expect(cap.applets.map(\.aid.bytes) == sample.applets && cap.applets.map(\.methodBlock) == sample.applets.indices.map { $0 % 3 })
        #expect(cap.loadFileDataBlock == sample.loadFileDataBlock() && cap.loadFileDataBlockWithDescriptor == sample.loadFileDataBlock(withDescriptor: true))
        #expect(cap.requirements.javaCardVersion == VersionNumber([3, 1, 0]))
        #expect(cap.warnings.map(\.code) == (sample.hasDebug ? [.debug] : []))
        for block in [cap.loadFileDataBlock, cap.loadFileDataBlockWithDescriptor, cap.loadFileDataBlock + (sample.components["Debug"] ?? [])] {
            let read = try LoadFileDataBlock(parsing: block)
            #expect(read.header == cap.header && read.applets.map(\.aid) == cap.applets.map(\.aid) && read.imports == cap.imports)
        }
    }

    @Test func codeBeyondSixtyFourKilobytes() throws {
        let sample = Self.sample(blocks: 3, padding: 150_000)
        let cap = try CAPFile(sample.archive(.init(compression: [.deflated])))
        #expect(cap.memory.code > 150_000 && cap.loadFileDataBlock == sample.loadFileDataBlock())
        // 256 blocks of 239 bytes are what LOAD can count.
        #expect(throws: FormatError.self) { try cap.loadFile.commands(maximumPayload: 239) }
        #expect(error(Self.sample(blocks: 1, padding: 70_000), "Method") { _ in }?.code == .component)
    }

    @Test func everyStructureIsHeldToItsCounts() {
        let cap = Self.sample(blocks: 2)
        let header = 3
        #expect(error(cap, "Header") { $0[header + 4] = 2 }?.code == .component)
        // Without the extended flag it is a compact file with too much in it.
        #expect(error(cap, "Header") { $0[header + 6] &= 0x07 }?.code == .component)
        #expect(error(cap, "Header") { $0[header + 6] |= 0x10 }?.code == .component)
        let count = header + 10 + Self.file.count
        #expect(error(cap, "Header") { $0[count] = 3 }?.code == .component)
        #expect(error(cap, "Header") { $0[count] = 0 }?.code == .component)
        // Both packages under one AID.
        #expect(error(cap, "Header") { $0[count + 1 + 2 * (3 + Self.file.count + 1) - 1] = 0 }?.code == .component)
        for name in ["Directory", "Applet", "Import", "ConstantPool", "Class", "Method", "RefLocation", "Export", "StaticField", "Descriptor"] {
            #expect(error(cap, name) { $0.append(0) }?.code == .component, "\(name)")
            #expect(error(cap, name) { $0.removeLast() }?.code == .component, "\(name)")
            #expect(error(cap, name) { $0[0] = 0x7F }?.code == .component, "\(name)")
        }
        // Blocks: their number, where they begin, where applets say they are.
        #expect(error(cap, "Method") { $0[5] = 3 }?.code == .component)
        #expect(error(cap, "Method") { $0[5] = 200 }?.code == .component)
        #expect(error(cap, "Method") { $0[10] = 0xFF }?.code == .component)
        #expect(error(cap, "Applet") { $0[4 + 1 + 8] = 2 }?.code == .component)
        #expect(error(cap, "Applet") { $0[4 + 1 + 8 + 1] = 0xFF }?.code == .component)
        #expect(error(cap, "Directory") { $0[$0.count - 2] = 9 }?.code == .component)
        #expect(error(cap, "RefLocation") { $0[5] = 3 }?.code == .component)
        #expect(error(cap, "Export") { $0[3] = 9 }?.code == .component)
    }

    @Test func staticResources() {
        var cap = Self.sample()
        cap.staticResources = [(1, [1, 2, 3]), (1, [])]
        #expect(error(cap, "Header") { _ in }?.place.hasPrefix("StaticResources.capx") == true)
        cap.staticResources = [(1, [UInt8](repeating: 0, count: 32_768))]
        #expect(error(cap, "Header") { _ in }?.code == .component)
        cap.staticResources = [(1, [UInt8](repeating: 0, count: 32_767))]
        #expect(error(cap, "Header") { _ in } == nil)
    }

    @Test func namesOfTheOtherFormatAreOnlyTold() throws {
        var files = Self.sample().files()
        for index in files.indices where files[index].0.hasSuffix("Method.capx") { files[index].0.removeLast() }
        #expect(try CAPFile(SampleArchive(files).bytes).warnings.map(\.code) == [.fileExtension])
        let method = try #require(files.first { $0.0.hasSuffix("Method.cap") })
        #expect(throws: CAPError.self) { try CAPFile(SampleArchive(files + [(method.0 + "x", method.1)]).bytes) }
        for name in ["Method", "Import", "RefLocation", "Descriptor"] {
            let without = Self.sample().files().filter { !$0.0.contains("/\(name).cap") }
            do throws(CAPError) {
                _ = try CAPFile(SampleArchive(without).bytes)
                Issue.record("\(name) was not missed")
            } catch {
                #expect(error.code == .missingComponent && error.place == name + (name == "Import" ? ".cap" : ".capx"))
            }
        }
    }
}
