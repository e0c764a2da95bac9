import Cryptography
import Synchronization

/// Reproducible bytes (SplitMix64).
final class SeededRandom: RandomSource {
    private let state: Mutex<UInt64>

    init(seed: UInt64) {
        state = Mutex(seed)
    }

    func next() -> UInt64 {
        state.withLock { state in
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }
    }

    func next(below limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }
    func byte() -> UInt8 { UInt8(truncatingIfNeeded: next()) }
    func bytes(_ count: Int) throws(CryptographyError) -> [UInt8] { (0..<count).map { _ in byte() } }
}
