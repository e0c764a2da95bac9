import Cryptography
import Testing

@Suite("RSA signatures")
struct RSATests {
    @Test("a signature is valid for its message, key and scheme alone", arguments: [(1024, RSASignatureScheme.pkcs1SHA1), (1536, .pssSHA256), (2048, .pssSHA256)])
    func roundTrip(_ bits: Int, _ scheme: RSASignatureScheme) throws {
        let key = try RSAPrivateKey.generate(bits: bits)
        let message = Array("load file data block hash".utf8)
        let signature = try key.signature(of: message, scheme: scheme)
        #expect(signature.count == bits / 8)
        let again = try RSAPublicKey(modulus: [0] + key.publicKey.modulus, exponent: [0, 1, 0, 1])
        #expect(again.modulus == key.publicKey.modulus && again.modulusBits == bits)
        #expect(try again.isValid(signature, of: message, scheme: scheme))
        #expect(try !again.isValid(signature, of: message + [0], scheme: scheme))
        #expect(try !again.isValid(signature, of: message, scheme: scheme == .pkcs1SHA1 ? .pssSHA256 : .pkcs1SHA1))
        #expect(try !again.isValid(Array(signature.dropLast()), of: message, scheme: scheme))
        #expect(try !again.isValid([UInt8](repeating: 0xFF, count: bits / 8), of: message, scheme: scheme))
        var altered = signature
        altered[10] ^= 1
        #expect(try !again.isValid(altered, of: message, scheme: scheme))
        #expect(try !RSAPrivateKey.generate(bits: bits).publicKey.isValid(signature, of: message, scheme: scheme))
    }

    @Test("numbers that are no key")
    func refused() throws {
        let modulus = try RSAPrivateKey.generate(bits: 1024).publicKey.modulus
        for (n, e) in [([], [3]), (Array(modulus.prefix(100)), [3]), (modulus.dropLast() + [0x02], [3]), (modulus, []), (modulus, [1]), (modulus, [2]), (modulus, [1, 0, 0, 0, 1])] as [([UInt8], [UInt8])] {
            #expect(throws: CryptographyError.self) { try RSAPublicKey(modulus: n, exponent: e) }
        }
        #expect(throws: CryptographyError.self) { try RSAPrivateKey.generate(bits: 512) }
    }
}
