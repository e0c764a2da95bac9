@testable import GlobalPlatform
import TestMaterial
import Testing

/// Properties that hold whatever somebody sends: a value or a `CAPError` that says where, no trap, memory bounded by the limits.
@Suite struct HostileCAPFileTests {
    private static func samples() -> [SampleCAP] {
        var resources = ExtendedCAPFileTests.sample(packages: 2, applets: 2, blocks: 2, padding: 50)
        resources.staticResources = [(1, [1, 2, 3])]
        resources.customComponent = (0x81, [1])
        return ComposedCAPFileTests.kinds.map(\.cap).filter { $0.padding == 0 } + [resources, ExtendedCAPFileTests.sample(packages: 1, applets: 0)]
    }

    private func outcome(_ bytes: [UInt8], _ limits: ZIPArchive.Limits = .init()) -> CAPError? {
        do throws(CAPError) {
            _ = try CAPFile(bytes, limits: limits)
            return nil
        } catch {
            #expect(!error.place.isEmpty && !error.problem.isEmpty && error.place.utf8.count < 700)
            return error
        }
    }

    @Test func changedComponentsInSoundArchives() {
        var generator = TestGenerator(seed: 41)
        var refused = 0
        let samples = Self.samples().map { $0.files() }
        for round in 0..<1500 {
            var files = samples[round % samples.count]
            let index = Int.random(in: 0..<files.count, using: &generator)
            files[index].1 = generator.mutate(files[index].1)
            if outcome(SampleArchive(files).bytes) != nil { refused += 1 }
        }
        #expect(refused > 600)
    }

    @Test func changedSizesThatAgreeWithEachOther() {
        // The attacker mends the size fields after the change: what is inside must hold.
        var generator = TestGenerator(seed: 42)
        let samples = Self.samples()
        var refused = 0
        for round in 0..<1500 {
            let sample = samples[round % samples.count]
            var files = sample.files()
            let components = files.indices.filter { files[$0].0.contains("/javacard/") }
            guard let index = components.randomElement(using: &generator) else { continue }
            let long = files[index].0.hasSuffix("x")
            let info = generator.mutate(Array(files[index].1.dropFirst(long ? 5 : 3)))
            let size = (0..<(long ? 4 : 2)).reversed().map { UInt8(info.count >> (8 * $0) & 0xFF) }
            files[index].1 = [files[index].1[0]] + size + info
            if outcome(SampleArchive(files).bytes) != nil { refused += 1 }
        }
        #expect(refused > 500)
    }

    @Test func changedArchives() {
        var generator = TestGenerator(seed: 43)
        let archives = Self.samples().prefix(4).flatMap { [$0.archive(), $0.archive(.init(compression: [.deflated], withFolders: true))] }
        var refused = 0
        for round in 0..<1500 { if outcome(generator.mutate(archives[round % archives.count])) != nil { refused += 1 } }
        #expect(refused > 1100)
        for _ in 0..<1000 { #expect(outcome(generator.bytes(Int.random(in: 0...200, using: &generator))) != nil) }
    }

    @Test func cutAndLengthenedEverywhere() {
        for archive in [Self.samples()[0].archive(.init(compression: [.stored, .deflated])), ExtendedCAPFileTests.sample().archive()] {
            #expect(outcome(archive) == nil)
            for length in stride(from: 0, to: archive.count, by: 11) { #expect(outcome(Array(archive.prefix(length))) != nil) }
            for surplus in [1, 2, 21, 22, 46, 1000] { #expect(outcome(archive + [UInt8](repeating: 0, count: surplus)) != nil) }
            #expect(outcome(archive + archive) != nil)
        }
    }

    @Test func blocksThatReachACard() {
        var generator = TestGenerator(seed: 44)
        let blocks = Self.samples().map { $0.loadFileDataBlock(withDescriptor: true) }
        var refused = 0
        for round in 0..<8000 {
            do throws(CAPError) { _ = try LoadFileDataBlock(parsing: generator.mutate(blocks[round % blocks.count])) } catch {
                #expect(!error.place.isEmpty && !error.problem.isEmpty)
                refused += 1
            }
        }
        #expect(refused > 3000)
        for block in Self.samples().map({ $0.loadFileDataBlock() }) {
            #expect((0..<min(block.count, 400)).allSatisfy { (try? LoadFileDataBlock(parsing: Array(block.prefix($0)))) == nil })
        }
    }

    @Test func bombs() {
        // A megabyte of zeros in each of 64 entries: two hundred times what the archive weighs.
        let zeros = [UInt8](repeating: 0, count: 1 << 20)
        let one = SampleArchive.Entry(name: "com/x/javacard/Method.cap", content: zeros, .deflated)
        #expect(one.content.count < zeros.count / 150)
        let many = SampleArchive((0..<64).map { index in
            var entry = one
            entry.name = "x/\(index)"
            return entry
        })
        #expect(outcome(many.bytes)?.code == .tooLarge)
        // Announced small, inflating large; announced large, inflating small.
        var liar = one
        liar.announcedSize = 100
        #expect(outcome(SampleArchive([liar]).bytes)?.code == .compression)
        liar.announcedSize = 1 << 24
        #expect(outcome(SampleArchive([liar]).bytes)?.code == .compression)
        liar.announcedSize = 0x7FFF_FFFF
        #expect(outcome(SampleArchive([liar]).bytes)?.code == .tooLarge)
        // A component of four size bytes that announces four gigabytes.
        var files = ExtendedCAPFileTests.sample().files()
        for index in files.indices where files[index].0.hasSuffix("Method.capx") { files[index].1.replaceSubrange(1..<5, with: [0xFF, 0xFF, 0xFF, 0xFF]) }
        #expect(outcome(SampleArchive(files).bytes)?.code == .component)
        #expect(outcome(SampleArchive((0..<3000).map { ("f\($0)", []) }).bytes)?.code == .tooLarge)
    }

    @Test func archivesInArchives() {
        let inner = Self.samples()[0].archive()
        let error = outcome(SampleArchive([("applet.cap", inner), ("README", [])]).bytes)
        #expect(error?.code == .missingComponent && error?.place == "applet.cap")
        #expect(outcome(SampleArchive([("com/x/javacard/Header.cap", inner)]).bytes)?.code == .component)
        // Beside the components it is just a file.
        #expect(outcome(SampleArchive(Self.samples()[0].files() + [("lib/other.cap", inner)]).bytes) == nil)
        #expect(outcome(SampleArchive(Self.samples()[0].files() + [("other/javacard/Header.cap", [])]).bytes)?.code == .severalFiles)
    }

    @Test(arguments: ["../javacard/Header.cap", "/javacard/Header.cap", "a\\javacard\\Header.cap", "c:/javacard/Header.cap", "a//javacard/Header.cap", "a/./javacard/Header.cap"])
    func pathTricks(_ name: String) {
        #expect(outcome(SampleArchive([(name, [])] + Self.samples()[0].files()).bytes)?.code == .entryName)
    }

    @Test func componentsTwice() {
        let files = Self.samples()[0].files()
        for (name, content) in files where name.contains("/javacard/") {
            let error = outcome(SampleArchive(files + [(name.replacing(".cap", with: ".CAP"), content)]).bytes)
            #expect(error?.code == .component, "\(name)")
            #expect(outcome(SampleArchive(files + [(name, content)]).bytes)?.code == .entryName)
        }
    }
}
