import Cryptography
import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("What load files import from each other")
struct LoadFileLinkingTests {
    private static let prefix: [UInt8] = [0xF0, 0x54, 0x53, 0x4D, 0x53]
    private static let libraryAID = prefix + [0x20]

    private func library(_ major: UInt8 = 1, _ minor: UInt8 = 0, aid: [UInt8] = libraryAID, imports: [SampleCAP.Import] = [.lang]) throws -> CAPFile {
        try CAPFile(SampleCAP(.init(aid, major, minor, exportedClasses: 2), imports: imports).archive())
    }

    private func user(of imports: [SampleCAP.Import], aid: [UInt8] = prefix + [0x10], applets: Int = 1) throws -> CAPFile {
        try CAPFile(SampleCAP(.init(aid), applets: (0..<applets).map { aid + [0xA0, UInt8($0)] }, imports: [.lang, .framework] + imports).archive())
    }

    private func extendedFile(_ number: UInt8 = 0x30, package: UInt8 = 0x31) throws -> CAPFile {
        var sample = SampleCAP(extended: .init(Self.prefix + [number], 2, 0), packages: [.init(Self.prefix + [package], 1, 1, exportedClasses: 1)], applets: [Self.prefix + [number, 1]])
        sample.methodBlocks = 2
        return try CAPFile(sample.archive())
    }

    private static let javaCard31: CardProfile = {
        var profile = CardProfile.eSE
        profile.javaCardVersion = VersionNumber([3, 1, 0])
        profile.platformPackages = CardProfile.eUICC.platformPackages
        return profile
    }()

    @Test("a library comes before its user and goes after it")
    func order() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let (library, user) = (try library(), try user(of: [.init(Self.libraryAID)]))
        let empty = card.image
        #expect(try host.load(user) == .conditionsNotSatisfied)
        #expect(card.image == empty)
        #expect(try host.load(library) == .success)
        #expect(try host.load(user) == .success)
        let instance = Cards.aid("f054534d5310a00001")
        #expect(try host.install(user, module: user.applets[0].aid, as: instance) == .success)
        let full = card.image
        #expect(try host.status(DeleteCommand.object(library.packageAID).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(library.packageAID, related: true).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(user.packageAID).apdu) == .conditionsNotSatisfied)
        #expect(card.image == full)
        #expect(try host.status(DeleteCommand.object(user.packageAID, related: true).apdu) == .success)
        #expect(try host.status(DeleteCommand.object(library.packageAID).apdu) == .success)
        #expect(card.image.registry == empty.registry && card.image.freeMemory(for: Cards.ssd) == empty.freeMemory(for: Cards.ssd))
    }

    @Test("versions link within one major version", arguments: [(1, 1, true), (1, 0, true), (1, 2, false), (2, 0, false), (0, 9, false)])
    func versions(major: UInt8, minor: UInt8, links: Bool) throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        #expect(try host.load(library(1, 1)) == .success)
        let before = card.image
        #expect(try host.load(user(of: [.init(Self.libraryAID, major, minor)])) == (links ? .success : .conditionsNotSatisfied))
        #expect((card.image == before) == !links)
        // Its own package is nothing that a package could import.
        #expect(try host.load(user(of: [.init(Self.prefix + [0x40])], aid: Self.prefix + [0x40])) == .conditionsNotSatisfied)
    }

    @Test("a newer version under the same AID: only once the older one is gone, for which its users must be gone")
    func upgrade() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let (old, new) = (try library(1, 0), try library(1, 1))
        let (oldUser, newUser) = (try user(of: [.init(Self.libraryAID, 1, 0)]), try user(of: [.init(Self.libraryAID, 1, 1)], aid: Self.prefix + [0x11]))
        #expect(try host.load(old) == .success)
        #expect(try host.load(oldUser) == .success)
        #expect(try host.load(newUser) == .conditionsNotSatisfied)
        #expect(try host.load(new) == .incorrectData)
        #expect(try host.status(DeleteCommand.object(old.packageAID).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(oldUser.packageAID).apdu) == .success)
        #expect(try host.status(DeleteCommand.object(old.packageAID).apdu) == .success)
        for file in [new, newUser, oldUser] { #expect(try host.load(file) == .success) }
        #expect(try host.registry(.loadFiles).first { $0.aid == new.packageAID }?.version == [1, 1])
    }

    @Test("what exports nothing cannot be imported")
    func noExports() throws {
        let host = try Cards.withDomain(Cards.make())
        let applet = try user(of: [], aid: Self.libraryAID)
        #expect(try host.load(applet) == .success)
        #expect(try host.load(user(of: [.init(Self.libraryAID)])) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(applet.packageAID).apdu) == .success)
    }

    @Test("a security domain goes with all it holds, whatever came first; not while others use its library")
    func domain() throws {
        let card = try Cards.make()
        let empty = card.image
        let host = try Cards.withDomain(card)
        let second = Self.prefix + [0x21]
        for file in [try library(), try library(aid: second, imports: [.lang, .framework, .init(Self.libraryAID)]), try user(of: [.init(second), .init(Self.libraryAID)])] {
            #expect(try host.load(file) == .success)
        }
        let outside = try user(of: [.init(second)], aid: Self.prefix + [0x50])
        let issuer = try Cards.issuer(card)
        #expect(try issuer.load(outside) == .success)
        let full = card.image
        #expect(try issuer.status(DeleteCommand.object(Cards.ssd, related: true).apdu) == .conditionsNotSatisfied)
        #expect(card.image.registry == full.registry)
        #expect(try issuer.status(DeleteCommand.object(outside.packageAID).apdu) == .success)
        #expect(try issuer.status(DeleteCommand.object(Cards.ssd, related: true).apdu) == .success)
        #expect(card.image.registry == empty.registry && card.image.freeMemory(for: Cards.isd) == empty.freeMemory(for: Cards.isd))
    }

    @Test("twenty applets of one file, an instance each")
    func twenty() throws {
        let card = try Cards.make()
        let host = try Cards.withDomain(card)
        let file = try user(of: [], applets: 20)
        #expect(try host.load(file) == .success)
        for applet in file.applets { #expect(try host.install(file, module: applet.aid, as: AID(applet.aid.bytes + [1])) == .success) }
        #expect(try host.registry(.loadFilesAndModules).first { $0.aid == file.packageAID }?.modules.count == 20)
        #expect(try host.status(DeleteCommand.object(file.packageAID, related: true).apdu) == .success)
    }

    @Test("a card takes the block with or without Descriptor and Debug, and hashes what it was sent")
    func descriptor() throws {
        var sample = SampleCAP(.init(Self.prefix + [0x10]), applets: [Self.prefix + [0x10, 1]])
        sample.format = 2
        sample.hasDebug = true
        sample.customComponent = (0x99, [1, 2, 3])
        let parts = sample.components
        let plain = sample.loadFileDataBlock(), described = sample.loadFileDataBlock(withDescriptor: true)
        let file = try AID(sample.package.aid)
        let host = try Cards.withDomain(Cards.make())
        func load(_ block: [UInt8], hashOf hashed: [UInt8]) throws -> StatusWord {
            var status = try host.status(.load(InstallForLoad(loadFile: file, loadFileDataBlockHash: try HashFunction.sha256.digest(of: hashed))))
            for command in try LoadFile(dataBlock: block).commands(maximumPayload: host.maximumPayload) where status.isSuccess { status = try host.status(command.apdu) }
            return status
        }
        for block in [plain, described, described + (parts["Debug"] ?? []), plain + (parts["Custom"] ?? [])] {
            #expect(try load(block, hashOf: block) == .success)
            #expect(try host.status(DeleteCommand.object(file).apdu) == .success)
        }
        #expect(try load(described, hashOf: plain) == .conditionsNotSatisfied)
        #expect(try load(plain, hashOf: described) == .conditionsNotSatisfied)
        #expect(try load(plain + [14, 0, 0], hashOf: plain + [14, 0, 0]) == .incorrectData)
    }

    @Test("format 2.3 and extended files: from Java Card 3.1 on")
    func extendedLoadFiles() throws {
        let older = try Cards.make()
        let before = try Cards.withDomain(older)
        let image = older.image
        #expect(try before.load(extendedFile()) == .conditionsNotSatisfied)
        var compact = SampleCAP(.init(Self.prefix + [0x60]), imports: [.lang])
        compact.format = 3
        #expect(try before.load(CAPFile(compact.archive())) == .conditionsNotSatisfied)
        #expect(older.image == image)

        let card = try Cards.make(Self.javaCard31)
        let host = try Cards.withDomain(card)
        let file = try extendedFile()
        #expect(try host.load(CAPFile(compact.archive())) == .success)
        #expect(try host.load(file) == .success)
        let entry = try #require(try host.registry(.loadFilesAndModules).first { $0.aid == file.packageAID })
        #expect(entry.version == [2, 0] && entry.modules == file.applets.map(\.aid))
        #expect(try host.install(file, module: file.applets[0].aid, as: Cards.aid("f054534d53300101")) == .success)
        // The public package can be imported, the whole cannot, and nobody else can bring the package.
        let user = try user(of: [.init(Self.prefix + [0x31], 1, 1)])
        #expect(try host.load(self.user(of: [.init(Self.prefix + [0x30], 2, 0)])) == .conditionsNotSatisfied)
        #expect(try host.load(self.user(of: [.init(Self.prefix + [0x31], 1, 2)])) == .conditionsNotSatisfied)
        #expect(try host.load(user) == .success)
        #expect(try host.load(extendedFile(0x32)) == .conditionsNotSatisfied)
        #expect(try host.load(library(aid: Self.prefix + [0x31])) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(file.packageAID, related: true).apdu) == .conditionsNotSatisfied)
        #expect(try host.status(DeleteCommand.object(user.packageAID).apdu) == .success)
        #expect(try host.status(DeleteCommand.object(file.packageAID, related: true).apdu) == .success)
    }
}
