import Foundation
import SecureComponentSimulator
import Testing

/// A card's file holds its keys, and is replaced by way of a file of the same name with `.new` behind it.
@Suite("what lies where a card's new image is written")
struct CardFileReplacementTests {
    private func mode(_ path: String) throws -> Int? { (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue }

    /// A card of which something is stored: the file is replaced.
    private func change(_ card: SimulatedCard) throws { #expect(try Cards.createDomain(Cards.issuer(card)) == .success) }

    @Test("a link to somebody's file is not followed: that file stays as it is, the card's is whole and for its owner alone")
    func link() throws {
        let directory = try PersistenceTests.Directory()
        let (file, other) = (directory.file(), directory.url.appendingPathComponent("other").path)
        try Data("not yours".utf8).write(to: URL(fileURLWithPath: other))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: other)
        let card = try Cards.make(file: file)
        try FileManager.default.createSymbolicLink(atPath: file.path + ".new", withDestinationPath: other)
        try change(card)
        #expect(try String(contentsOfFile: other, encoding: .utf8) == "not yours" && mode(other) == 0o644)
        #expect(try mode(file.path) == 0o600)
        #expect(try FileManager.default.attributesOfItem(atPath: file.path)[.type] as? FileAttributeType == .typeRegular)
        #expect(try SimulatedCard(opening: file).image == card.image)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.url.path).sorted() == ["card.json", "other"])
    }

    @Test("a link that leads nowhere makes no file elsewhere")
    func danglingLink() throws {
        let directory = try PersistenceTests.Directory()
        let (file, nowhere) = (directory.file(), directory.url.appendingPathComponent("nowhere").path)
        let card = try Cards.make(file: file)
        try FileManager.default.createSymbolicLink(atPath: file.path + ".new", withDestinationPath: nowhere)
        try change(card)
        #expect(!FileManager.default.fileExists(atPath: nowhere))
        #expect(try SimulatedCard(opening: file).image == card.image)
    }

    @Test("a file that others may read, left by whomever, lends its mode to nothing")
    func readableFile() throws {
        let directory = try PersistenceTests.Directory()
        let file = directory.file()
        let card = try Cards.make(file: file)
        let path = file.path + ".new"
        #expect(FileManager.default.createFile(atPath: path, contents: Data("torn".utf8), attributes: [.posixPermissions: 0o666]))
        // Whoever holds it open reads none of the keys: the new image is another file.
        let held = try #require(FileHandle(forReadingAtPath: path))
        try change(card)
        #expect(try mode(file.path) == 0o600)
        #expect(try held.readToEnd() == Data("torn".utf8))
        try held.close()
        #expect(try SimulatedCard(opening: file).image == card.image)
    }

    @Test("a directory in its place: the change is refused with 6581, nothing of it is kept, and the card goes on once it is gone")
    func directory() throws {
        let directory = try PersistenceTests.Directory()
        let file = directory.file()
        let card = try Cards.make(file: file)
        // Before the host opens a session, which stores a counter: that too cannot be kept.
        try FileManager.default.createDirectory(atPath: file.path + ".new", withIntermediateDirectories: false)
        let before = card.image
        let host = Host(card)
        try host.select(Cards.isd)
        #expect(try host.open(Cards.isdKeys(), version: 0x30) == .memoryFailure)
        #expect(try card.image == before && SimulatedCard(opening: file).image == before)
        try FileManager.default.removeItem(atPath: file.path + ".new")
        try change(card)
        #expect(try SimulatedCard(opening: file).image == card.image)
    }
}
