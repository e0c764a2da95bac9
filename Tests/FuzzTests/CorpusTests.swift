import Foundation
import Testing

/// What libFuzzer collected (`make fuzz`), and each of it altered a little: in every run of the tests, without libFuzzer.
@Suite("Inputs of others: the fuzzing corpus") struct CorpusTests {
    private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpus")

    private static func inputs(_ name: String) throws -> [[UInt8]] {
        try FileManager.default.contentsOfDirectory(at: corpus.appendingPathComponent(name), includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }.map { Array(try Data(contentsOf: $0)) }
    }

    @Test(arguments: FuzzTargets.all.map { $0.name }) func corpus(name: String) throws {
        let target = try #require(FuzzTargets.all.first { $0.name == name }).init()
        let inputs = try Self.inputs(name)
        #expect(!inputs.isEmpty, "\(name) has no corpus")
        var random = Random()
        for input in inputs {
            target.take(input)
            for _ in 0..<(4096 / max(input.count, 256)) { target.take(random.altered(input, with: inputs)) }
        }
        target.take([])
    }

    /// Repeatable (SplitMix64).
    private struct Random {
        var state: UInt64 = 1

        mutating func next(below limit: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return Int((value ^ value >> 31) % UInt64(max(limit, 1)))
        }

        mutating func altered(_ input: [UInt8], with others: [[UInt8]]) -> [UInt8] {
            var bytes = input
            for _ in 0...next(below: 3) {
                let at = next(below: bytes.count + 1)
                switch next(below: 5) {
                case 0: bytes.insert(UInt8(next(below: 256)), at: at)
                case 1: bytes.removeSubrange(at..<min(bytes.count, at + 1 + next(below: 8)))
                case 2: bytes.insert(contentsOf: bytes.prefix(next(below: 16)), at: at)
                case 3: bytes.replaceSubrange(at..<bytes.count, with: others[next(below: others.count)].suffix(next(below: 64)))
                default: if at < bytes.count { bytes[at] ^= 1 << UInt8(next(below: 8)) }
                }
            }
            return bytes
        }
    }
}
