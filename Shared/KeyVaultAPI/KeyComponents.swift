import Cryptography
import GlobalPlatform

/// Components of a key: each worth nothing by itself, together, by XOR, the key.
public enum KeyComponents {
    /// - Throws: `KeyVaultError` `invalidRequest` unless there are 2 to 8 of 16, 24 or 32 bytes alike that do not cancel each other out.
    public static func combine(_ components: [[UInt8]]) throws(KeyVaultError) -> SecretBytes {
        guard (2...8).contains(components.count), let length = components.first?.count, [16, 24, 32].contains(length), components.allSatisfy({ $0.count == length })
        else { throw KeyVaultError(.invalidRequest, "2 to 8 components of 16, 24 or 32 bytes alike are expected") }
        let key = SecretBytes(count: length) { buffer in
            for component in components {
                for place in 0..<length { buffer[place] ^= component[place] }
            }
        }
        guard key != SecretBytes(count: length, initializingWith: { _ in }) else {
            throw KeyVaultError(.invalidRequest, "the components cancel each other out: two are the same")
        }
        return key
    }

    /// - Throws: `KeyVaultError` `keyCheckValueMismatch` naming the first component (from 1) whose check value is another.
    public static func require(_ checkValues: [HexBytes], of components: [HexBytes]) throws(KeyVaultError) {
        guard checkValues.count == components.count else {
            throw KeyVaultError(.invalidRequest, "\(components.count) components came with \(checkValues.count) check values")
        }
        for (number, (component, expected)) in zip(components, checkValues).enumerated() {
            let found: [UInt8]
            do {
                found = try aesKeyCheckValue(SecretBytes(copying: component.bytes))
            } catch {
                throw KeyVaultError(.invalidRequest, "component \(number + 1) has \(component.bytes.count) bytes: 16, 24 or 32 are expected")
            }
            guard constantTimeEqual(found, expected.bytes) else {
                throw KeyVaultError(.keyCheckValueMismatch, "component \(number + 1) has another check value than \(expected): it is mistyped, or not the one that was given out")
            }
        }
    }

    /// Random components of a fresh key.
    /// - Parameter length: 16, 24 or 32 bytes.
    public static func make(count: Int, length: Int, using random: some RandomSource) throws(CryptographyError) -> [[UInt8]] {
        guard (2...8).contains(count), [16, 24, 32].contains(length) else {
            throw CryptographyError(.invalidInputLength, "2 to 8 components of 16, 24 or 32 bytes are made")
        }
        var components: [[UInt8]] = []
        for _ in 0..<count { components.append(try random.bytes(length)) }
        return components
    }
}
