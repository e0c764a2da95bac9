import SEIAPI
import Testing

/// The operation is refused with this code.
func expect<Value>(_ code: SEIError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ operation: () async throws -> Value) async {
    do {
        _ = try await operation()
        Issue.record("was not refused; \(code.rawValue) was expected", sourceLocation: sourceLocation)
    } catch let error as SEIError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(error) instead of \(code.rawValue)", sourceLocation: sourceLocation)
    }
}

/// SplitMix64: the same bytes in every run.
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
}
