import Cryptography
@testable import GlobalPlatform
import TestMaterial
import Testing

/// Compact files of every kind, composed component by component by a writer that shares nothing with the reader.
@Suite struct ComposedCAPFileTests {
    static let package: [UInt8] = [0xF0, 1, 2, 3, 4, 0x10]
    static let library: [UInt8] = [0xF0, 1, 2, 3, 4, 0x20]

    static func applets(_ count: Int) -> [[UInt8]] { (0..<count).map { package + [0xA0, UInt8($0)] } }

    struct Kind: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let cap: SampleCAP

        init(_ name: String, _ cap: SampleCAP, _ change: (inout SampleCAP) -> Void = { _ in }) {
            testDescription = name
            var cap = cap
            change(&cap)
            self.cap = cap
        }
    }

    static let kinds: [Kind] = [
        Kind("one applet", SampleCAP(.init(package), applets: applets(1))),
        Kind("twenty applets", SampleCAP(.init(package), applets: applets(20))),
        Kind("a library", SampleCAP(.init(library, exportedClasses: 3), imports: [.lang])),
        Kind("a library that uses a library", SampleCAP(.init(package, exportedClasses: 1), imports: [.lang, .framework, .init(library)])),
        Kind("a package with neither applets nor exports", SampleCAP(.init(package))),
        Kind("applets with shareable classes", SampleCAP(.init(package, exportedClasses: 2), applets: applets(2))),
        Kind("format 2.2 with debug information", SampleCAP(.init(package), applets: applets(1))) { $0.format = 2; $0.hasDebug = true },
        Kind("format 2.1 with debug information", SampleCAP(.init(package), applets: applets(1))) { $0.hasDebug = true },
        Kind("format 2.3 with static resources", SampleCAP(.init(package), applets: applets(1))) { $0.format = 3; $0.staticResources = [(1, [1, 2]), (9, [])] },
        Kind("static fields, integers, a large method", SampleCAP(.init(package), applets: applets(1))) { $0.staticFields = true; $0.usesIntegers = true; $0.padding = 40_000 },
        Kind("a component of somebody's own", SampleCAP(.init(package), applets: applets(1))) { $0.customComponent = (0x80, [1, 2, 3]) },
    ]

    static let layouts: [SampleCAPLayout] = [
        .init(), .init(manifest: .none, appletDescription: .none), .init(compression: [.deflated]), .init(compression: [.stored, .deflated], withFolders: true),
        .init(isReversed: true), .init(compression: [.deflated, .stored, .stored], rotation: 5), .init(folder: "javacard"), .init(folder: "a/JavaCard"),
    ]

    @Test(arguments: kinds) func isReadInEveryLayout(_ kind: Kind) throws {
        let sample = kind.cap
        for layout in Self.layouts {
            let cap = try CAPFile(sample.archive(layout))
            #expect(cap.packageAID.bytes == sample.package.aid && cap.packageVersion == VersionNumber([1, 0]) && !cap.isExtended)
            #expect(cap.header.packages.map(\.aid) == [cap.packageAID])
            #expect(cap.applets.map(\.aid.bytes) == sample.applets)
            #expect(cap.imports.map { [UInt8($0.version.components[1])] + $0.aid.bytes } == sample.imports.map { [$0.minor] + $0.aid })
            #expect(cap.flags.contains(.export) == (sample.package.exportedClasses > 0) && cap.requirements.needsIntegers == sample.usesIntegers)
            #expect(cap.loadFileDataBlock == sample.loadFileDataBlock())
            #expect(cap.loadFileDataBlockWithDescriptor == sample.loadFileDataBlock(withDescriptor: true))
            #expect(try cap.loadFileDataBlockHash == HashFunction.sha256.digest(of: sample.loadFileDataBlock()))
            #expect(cap.memory.staticFields == (sample.staticFields ? 7 : 0) && cap.memory.staticArrays == (sample.staticFields ? 4 : 0))
            #expect(cap.memory.code == cap.loadFileDataBlock.count)
        }
    }

    @Test(arguments: kinds) func isTheSameForACard(_ kind: Kind) throws {
        let sample = kind.cap
        let cap = try CAPFile(sample.archive())
        let components = sample.components
        let foreign = components["Custom"] ?? []
        for block in [sample.loadFileDataBlock(), sample.loadFileDataBlock(withDescriptor: true), cap.loadFileDataBlockWithDescriptor + (components["Debug"] ?? []) + foreign] {
            let read = try LoadFileDataBlock(parsing: block)
            #expect(read.header == cap.header && read.imports == cap.imports && read.applets.map(\.aid) == cap.applets.map(\.aid))
        }
        // Header and Directory first, the others in any order.
        let shuffled = ["Header", "Directory"] + components.keys.filter { $0 != "Header" && $0 != "Directory" && $0 != "Custom" }.sorted().reversed()
        #expect(try LoadFileDataBlock(parsing: shuffled.flatMap { components[$0] ?? [] }).header == cap.header)
    }

    @Test func platformThatTheFormatNeeds() throws {
        func javaCard(_ kind: SampleCAP) throws -> String { try CAPFile(kind.archive()).requirements.javaCardVersion.description }
        var cap = SampleCAP(.init(Self.library, exportedClasses: 1), imports: [.lang])
        #expect(try javaCard(cap) == "2.1.1")
        cap.format = 2
        #expect(try javaCard(cap) == "2.1.1")
        cap.format = 3
        #expect(try javaCard(cap) == "3.1.0")
        cap.imports.append(.framework)
        cap.format = 1
        #expect(try javaCard(cap) == "3.0.4")
        cap.imports[1].major = 2
        #expect(throws: CAPError.self) { try javaCard(cap) }
    }

    @Test func versionsLinkWithinOneMajor() throws {
        let aid = try AID(Self.library)
        let offered = CAPPackage(aid: aid, version: VersionNumber([2, 3]))
        let other = try AID(Self.package)
        #expect([[2, 0], [2, 3]].allSatisfy { offered.satisfies(CAPImport(aid: aid, version: VersionNumber($0))) })
        #expect([[2, 4], [1, 9], [3, 0], [1, 0]].allSatisfy { !offered.satisfies(CAPImport(aid: aid, version: VersionNumber($0))) })
        #expect(!offered.satisfies(CAPImport(aid: other, version: VersionNumber([2, 0]))))
    }
}
