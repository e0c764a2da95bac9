import GlobalPlatform
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

/// Archives that are meant to harm whoever unpacks them.
@Suite struct HostileCAPTests {
    /// A ZIP archive as somebody with intent writes it: nothing in it has to be true.
    struct Archive {
        struct Entry {
            var name: String
            /// As stored in the file.
            var data: [UInt8]
            var isDeflated = false
            var announcedSize: Int
            var checksum: UInt32
        }
        var entries: [Entry] = []

        mutating func add(stored content: [UInt8], as name: String) {
            entries.append(Entry(name: name, data: content, announcedSize: content.count, checksum: Self.checksum(content)))
        }

        var bytes: [UInt8] {
            var (file, directory) = ([UInt8](), [UInt8]())
            for entry in entries {
                let name = Array(entry.name.utf8)
                let common = le(20, 2) + le(0, 2) + le(entry.isDeflated ? 8 : 0, 2) + le(0, 4) + le(Int(entry.checksum), 4) + le(entry.data.count, 4) + le(entry.announcedSize, 4) + le(name.count, 2) + le(0, 2)
                directory += [0x50, 0x4B, 0x01, 0x02] + le(20, 2) + common + le(0, 2) + le(0, 2) + le(0, 2) + le(0, 4) + le(file.count, 4) + name
                file += [0x50, 0x4B, 0x03, 0x04] + common + name + entry.data
            }
            let end = [0x50, 0x4B, 0x05, 0x06] + le(0, 4) + le(entries.count, 2) + le(entries.count, 2) + le(directory.count, 4) + le(file.count, 4) + le(0, 2)
            return file + directory + end
        }

        private func le(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

        private static func checksum(_ bytes: [UInt8]) -> UInt32 {
            ~bytes.reduce(UInt32.max) { value, byte in (0..<8).reduce(value ^ UInt32(byte)) { bits, _ in bits & 1 == 1 ? 0xEDB8_8320 ^ bits >> 1 : bits >> 1 } }
        }

        /// Deflate: one zero, then `count` times the 258 bytes before, in thirteen bits each (fixed codes).
        static func bomb(_ count: Int) -> [UInt8] {
            var bytes: [UInt8] = []
            var (accumulator, filled) = (0, 0)
            func put(_ bits: String) {
                for bit in bits {
                    if bit == "1" { accumulator |= 1 << filled }
                    filled += 1
                    if filled == 8 {
                        bytes.append(UInt8(accumulator))
                        (accumulator, filled) = (0, 0)
                    }
                }
            }
            put("1" + "10")
            put("00110000")
            for _ in 0..<count { put("11000101" + "00000") }
            put("0000000")
            if filled > 0 { bytes.append(UInt8(accumulator)) }
            return bytes
        }
    }

    /// The ticket applet, packed anew without compression.
    private func ticket() throws -> Archive {
        var archive = Archive()
        for entry in try ZIPArchive(try Applets.archive("ticket-1.0-jc304.cap")).entries { archive.add(stored: entry.content, as: entry.name) }
        return archive
    }

    private func upload(_ plane: Plane, _ archive: Archive) async throws -> Plane.Answer {
        try await plane.upload(.post, "/executable-load-files", [.file("elfFile", archive.bytes)])
    }

    @Test func repackedFileIsSound() async throws {
        #expect(try await upload(try await Plane(), try ticket()).status == 200)
    }

    @Test(arguments: ["../Header.cap", "org/../../etc/passwd", "/etc/passwd", "..\\..\\x.cap", "C:\\x.cap", "a//b.cap", "./x.cap", "x\u{1}.cap", "..", ""])
    func namesThatLeadOutside(_ name: String) async throws {
        let plane = try await Plane()
        var archive = try ticket()
        archive.add(stored: [1, 2, 3], as: name)
        let answer = try await upload(plane, archive)
        #expect(answer.status == 400 && answer.category == 1013, "\(String(decoding: answer.body, as: UTF8.self))")
        #expect(try await plane.call(.get, "/executable-load-files").decode([CAP].self).isEmpty)
    }

    @Test func bombs() async throws {
        let plane = try await Plane()
        let count = 300_000
        let bomb = Archive.bomb(count)
        #expect(bomb.count < 500_000)
        for announced in [1 + 258 * count, 100, 0, 16 << 20, 0xFFFF_FFFF] {
            var archive = try ticket()
            archive.entries.append(.init(name: "META-INF/bomb", data: bomb, isDeflated: true, announcedSize: announced, checksum: 0))
            let clock = ContinuousClock.now
            let answer = try await upload(plane, archive)
            #expect(answer.status == 400 && answer.category == 1013, "\(announced): \(String(decoding: answer.body, as: UTF8.self))")
            #expect(clock.duration(to: .now) < .seconds(20), "\(announced)")
        }
        // Entries that overlap, and more of them than any CAP file has.
        var many = Archive()
        for number in 0..<5000 { many.add(stored: [], as: "e\(number)") }
        #expect(try await upload(plane, many).category == 1013)
        var twice = try ticket()
        twice.entries.append(twice.entries[0])
        #expect(try await upload(plane, twice).category == 1013)
    }
}
