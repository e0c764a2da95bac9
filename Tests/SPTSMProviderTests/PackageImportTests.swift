import DeploymentDocument
import GlobalPlatform
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// Flavors of several load files: what they import from each other (TR-03165 4.1.4.3, 4.1.4.10; category 1016), and in which order they are loaded.
@Suite struct PackageImportTests {
    private static let prefix: [UInt8] = [0xF0, 0x54, 0x53, 0x4D, 0x53]
    private static let library = prefix + [0x70]
    private static let user = prefix + [0x71]

    private static func libraryFile(_ minor: UInt8 = 0, imports: [SampleCAP.Import] = [.lang]) -> [UInt8] {
        SampleCAP(.init(library, 1, minor, exportedClasses: 1), imports: imports).archive()
    }

    private static func userFile(_ imports: [SampleCAP.Import], exports: Int = 0) -> [UInt8] {
        SampleCAP(.init(user, exportedClasses: exports), applets: [user + [1]], imports: [.lang, .framework] + imports).archive()
    }

    private static func extendedFile(package: [UInt8] = prefix + [0x73]) -> [UInt8] {
        SampleCAP(extended: .init(prefix + [0x72], 1, 0), packages: [.init(package, 1, 3, exportedClasses: 1)], applets: [prefix + [0x72, 1]]).archive()
    }

    private struct Catalogue {
        let plane: Plane
        let service: TrustedServiceModel.Service
        let flavor: Flavor
        let elfs: [CAP]

        init(_ plane: Plane, _ files: [[UInt8]]) async throws {
            self.plane = plane
            var elfs: [CAP] = []
            for file in files {
                let answer = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", file)])
                try #require(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
                elfs.append(try answer.decode())
            }
            self.elfs = elfs
            service = try await plane.call(.post, "/services", json: #"{"name": "Library"}"#).decode()
            let ids = elfs.map { "\"\($0.id)\"" }.joined(separator: ", ")
            flavor = try await plane.call(.post, "/services/\(service.id)/flavors", json: #"{"name": "f", "executableLoadFileIds": [\#(ids)]}"#).decode()
        }

        func version(_ tag: String = "1.0.0", on profile: SecureComponentProfile) async throws -> Plane.Answer {
            try await plane.call(.post, "/services/\(service.id)/versions", json: #"{"tag": "\#(tag)", "allowedDeployments": {"\#(flavor.id)": ["\#(profile.id)"]}}"#)
        }

        func link(_ elf: CAP, _ method: String = "link") async throws -> Plane.Answer {
            try await plane.call(method == "link" ? .post : .put, "/services/\(service.id)/flavors/\(flavor.id)/executable-load-files", json: #"["\#(elf.id)"]"#)
        }
    }

    @Test func librariesMustBeInTheFlavor() async throws {
        let plane = try await Plane()
        let catalogue = try await Catalogue(plane, [Self.userFile([.init(Self.library, 1, 1)])])
        let missing = try await catalogue.version(on: plane.profile304)
        #expect(missing.status == 400 && missing.category == 1016)
        #expect(try missing.decode(GeneralError.self).errorMessage.contains("f054534d5370 1.1"))
        func upload(_ minor: UInt8) async throws -> CAP { try await plane.upload(.post, "/executable-load-files", [.file("elfFile", Self.libraryFile(minor))]).decode() }
        // Too old, then right.
        let old = try await upload(0)
        #expect(try await catalogue.link(old).status == 200)
        #expect(try await catalogue.version(on: plane.profile304).category == 1016)
        #expect(try await catalogue.link(old, "unlink").status == 200)
        let right = try await upload(1)
        #expect(try await catalogue.link(right).status == 200)
        #expect(try await catalogue.version(on: plane.profile304).status == 200)
        // What a Version deploys cannot lose its library any more, nor get an older one.
        #expect(try await catalogue.link(right, "unlink").category == 1016)
        #expect(try await plane.upload(.put, "/executable-load-files/\(right.id)", [.file("elfFile", Self.libraryFile(0))]).category == 1016)
        #expect(try await plane.upload(.put, "/executable-load-files/\(right.id)", [.file("elfFile", Self.libraryFile(2))]).status == 200)
    }

    @Test func documentsListLibrariesFirst() async throws {
        let plane = try await Plane()
        let files = [Self.userFile([.init(Self.library), .init(Self.prefix + [0x73], 1, 3)]), Self.extendedFile(), Self.libraryFile()]
        let catalogue = try await Catalogue(plane, files)
        #expect(try await catalogue.version(on: plane.profile310).status == 200)
        #expect(try await plane.call(.post, "/services/\(catalogue.service.id)/flavors/\(catalogue.flavor.id)/publish").status == 200)
        let document: DeploymentDocument = try await plane.callInternal("/internal/v1/services/\(catalogue.service.id)/versions/1.0.0/profiles/\(plane.profile310.id)").decode()
        // Otherwise as the Flavor lists them.
        #expect(document.loadFiles.map { $0.packageAid.bytes.last } == [0x72, 0x70, 0x71])
        for file in document.loadFiles {
            let block = try LoadFileDataBlock(parsing: try await plane.callInternal("/internal/v1/binaries/\(file.sha256)").body)
            #expect(block.header.packageAID == file.packageAid)
        }
    }

    @Test func circlesAreRefused() async throws {
        let plane = try await Plane()
        let catalogue = try await Catalogue(plane, [Self.userFile([.init(Self.library)], exports: 1), Self.libraryFile(imports: [.lang, .framework, .init(Self.user)])])
        let answer = try await catalogue.version(on: plane.profile304)
        #expect(answer.category == 1002)
        #expect(LoadOrder.order(of: []) == [])
    }

    @Test func extendedFilesNeedJavaCard31() async throws {
        let plane = try await Plane()
        let catalogue = try await Catalogue(plane, [Self.extendedFile()])
        #expect(catalogue.elfs[0].technicalRequirements.javaCardVersion == "3.1.0" && catalogue.elfs[0].aid == "f054534d5372")
        let refused = try await catalogue.version(on: plane.profile304)
        #expect(refused.category == 1016)
        #expect(try refused.decode(GeneralError.self).errorMessage.contains("javaCard"))
        #expect(try await catalogue.version(on: plane.profile310).status == 200)
        // Its packages are AIDs of the provider as well.
        let foreign = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", Self.extendedFile(package: [0xF0, 1, 2, 3, 4, 5]))])
        #expect(foreign.category == 1008)
    }

    @Test func foreignPackagesAreLeftToTheCard() throws {
        let tenancy = AIDTenancy(prefixes: [HexBytes(Self.prefix)])
        func file(_ aid: [UInt8], _ packages: [CAPPackage], _ imports: [CAPImport]) throws -> PackageImports.File { .init(aid: try AID(aid), packages: packages, imports: imports) }
        let toolkit = CAPImport(aid: try AID(hex: "a0000000090003ffffffff8910710002"), version: VersionNumber([2, 6]))
        try PackageImports.check([try file(Self.user, [], [toolkit])], tenancy)
        // But where the Flavor brings one, it must fit.
        let brought = try file(Self.library, [CAPPackage(aid: toolkit.aid, version: VersionNumber([2, 5]))], [])
        #expect(throws: GeneralError.self) { try PackageImports.check([try file(Self.user, [], [toolkit]), brought], tenancy) }
        // A file cannot satisfy itself.
        let own = CAPImport(aid: try AID(Self.user), version: VersionNumber([1, 0]))
        #expect(throws: GeneralError.self) { try PackageImports.check([try file(Self.user, [CAPPackage(aid: own.aid, version: own.version)], [own])], tenancy) }
    }

    @Test func twentyAppletsAreTwentyModules() async throws {
        let plane = try await Plane()
        let file = SampleCAP(.init(Self.user), applets: (0..<20).map { Self.user + [UInt8($0)] }).archive(.init(manifest: .none, appletDescription: .other("<broken")))
        let elf: CAP = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", file)]).decode()
        #expect(try await plane.call(.get, "/executable-load-files/\(elf.id)/executable-modules").decode([ExecutableModule].self).count == 20)
    }
}
