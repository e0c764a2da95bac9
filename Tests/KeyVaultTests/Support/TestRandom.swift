import Cryptography
import Synchronization

/// Gives what was laid out, in order, to whoever asks for exactly that many bytes; the system's bytes to everybody else.
final class ScriptedRandom: RandomSource {
    private let queue: Mutex<[[UInt8]]>

    init(_ values: [[UInt8]] = []) { queue = Mutex(values) }

    func lay(_ value: [UInt8]) { queue.withLock { $0.append(value) } }

    func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] {
        let scripted = queue.withLock { queue -> [UInt8]? in
            guard let first = queue.first, first.count == count else { return nil }
            return queue.removeFirst()
        }
        if let scripted { return scripted }
        return try SystemRandom().bytes(count)
    }
}

/// Reproducible bytes for inputs that no card and no vault ever made.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255, using: &self) } }
}
