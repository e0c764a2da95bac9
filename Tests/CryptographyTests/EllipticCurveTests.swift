import Testing

@testable import Cryptography

@Suite struct EllipticCurveTests {
    struct Signed: Sendable {
        let curve: EllipticCurve
        let x, y: String
        let message: String
        let hash: HashFunction
        let r, s: String
    }

    /// RFC 6979, A.2.5 and A.2.6.
    static let p256x = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
    static let p256y = "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299"
    static let p384x = "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC13"
    static let p384y = "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720"
    static let signed = [
        Signed(
            curve: .p256, x: p256x, y: p256y, message: "sample", hash: .sha256,
            r: "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716", s: "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"),
        Signed(
            curve: .p256, x: p256x, y: p256y, message: "test", hash: .sha256,
            r: "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367", s: "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"),
        Signed(
            curve: .p256, x: p256x, y: p256y, message: "sample", hash: .sha1,
            r: "61340C88C3AAEBEB4F6D667F672CA9759A6CCAA9FA8811313039EE4A35471D32", s: "6D7F147DAC089441BB2E2FE8F7A3FA264B9C475098FDCF6E00D7C996E1B8B7EB"),
        Signed(
            curve: .p384, x: p384x, y: p384y, message: "sample", hash: .sha384,
            r: "94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
            s: "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8"),
        Signed(
            curve: .p384, x: p384x, y: p384y, message: "test", hash: .sha384,
            r: "8203B63D3C853E8D77227FB377BCF7B7B772E97892A80F36AB775D509D7A5FEB0542A7F0812998DA8F1DD3CA3CF023DB",
            s: "DDD0760448D42D8A43AF45AF836FCE4DE8BE06B485E9B61B827C2F13173923E06A739F040649A667BF3B828246BAA5A5"),
    ]

    @Test(arguments: signed) func verifiesKnownSignatures(_ vector: Signed) throws {
        let key = try ECPublicKey(point: [4] + hex(vector.x) + hex(vector.y), curve: vector.curve)
        let message = Array(vector.message.utf8)
        let signature = try ECDSASignature(raw: hex(vector.r) + hex(vector.s), curve: vector.curve)
        #expect(try key.isValid(signature, of: message, hash: vector.hash))
        #expect(try !key.isValid(signature, of: message + [0], hash: vector.hash))
        #expect(try ECDSASignature(der: signature.derRepresentation(), curve: vector.curve) == signature)
    }

    /// PrivateKeyInfo without the optional public key, around a scalar.
    static func privateKey(_ scalar: String, _ curve: EllipticCurve) throws -> ECPrivateKey {
        let oid =
            switch curve {
            case .p256: "06082a8648ce3d030107"
            case .p384: "06052b81040022"
            case .brainpoolP256r1: "06092b2403030208010107"
            case .brainpoolP384r1: "06092b240303020801010b"
            }
        func tlv(_ tag: UInt8, _ value: [UInt8]) -> [UInt8] { [tag, UInt8(value.count)] + value }
        let algorithm = tlv(0x30, hex("06072a8648ce3d0201") + hex(oid))
        let key = tlv(0x30, [2, 1, 1] + tlv(4, hex(scalar)))
        return try ECPrivateKey(pkcs8: SecretBytes(copying: tlv(0x30, [2, 1, 0] + algorithm + tlv(4, key))))
    }

    /// RFC 7027, A.1 and A.2, and RFC 5903, 8.1: both sides and the x coordinate they share.
    struct Agreement: Sendable {
        let curve: EllipticCurve
        let a, b, shared: String
    }
    static let agreements = [
        Agreement(
            curve: .brainpoolP256r1, a: "81DB1EE100150FF2EA338D708271BE38300CB54241D79950F77B063039804F1D",
            b: "55E40BC41E37E3E2AD25C3C6654511FFA8474A91A0032087593852D3E7D76BD3", shared: "89AFC39D41D3B327814B80940B042590F96556EC91E6AE7939BCE31F3A18BF2B"),
        Agreement(
            curve: .brainpoolP384r1, a: "1E20F5E048A5886F1F157C74E91BDE2B98C8B52D58E5003D57053FC4B0BD65D6F15EB5D1EE1610DF870795143627D042",
            b: "032640BC6003C59260F7250C3DB58CE647F98E1260ACCE4ACDA3DD869F74E01F8BA5E0324309DB6A9831497ABAC96670",
            shared: "0BD9D3A7EA0B3D519D09D8E48D0785FB744A6B355E6304BC51C229FBBCE239BBADF6403715C35D4FB2A5444F575D4F42"),
        Agreement(
            curve: .p256, a: "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
            b: "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53", shared: "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"),
    ]

    @Test(arguments: agreements) func agreesOnKnownSecrets(_ vector: Agreement) throws {
        let a = try Self.privateKey(vector.a, vector.curve)
        let b = try Self.privateKey(vector.b, vector.curve)
        let expected = SecretBytes(copying: hex(vector.shared))
        #expect(try a.sharedSecret(with: b.publicKey) == expected)
        #expect(try b.sharedSecret(with: a.publicKey) == expected)
    }

    @Test(arguments: EllipticCurve.allCases) func generatesSignsAgreesAndTravels(_ curve: EllipticCurve) throws {
        let key = try ECPrivateKey.generate(on: curve)
        #expect(key.curve == curve && key.publicKey.curve == curve)
        let message = Array("attested".utf8)
        let signature = try key.signature(of: message)
        #expect(signature.rawRepresentation.count == 2 * curve.coordinateLength)
        #expect(try key.publicKey.isValid(signature, of: message))
        #expect(try key.publicKey.isValid(ECDSASignature(der: signature.derRepresentation(), curve: curve), of: message))
        for index in signature.rawRepresentation.indices {
            var altered = signature.rawRepresentation
            altered[index] ^= 1
            #expect(try !key.publicKey.isValid(ECDSASignature(raw: altered, curve: curve), of: message))
        }
        let again = try ECPrivateKey(pkcs8: key.pkcs8())
        #expect(again.publicKey == key.publicKey)
        let spki = try key.publicKey.subjectPublicKeyInfo()
        #expect(try ECPublicKey(subjectPublicKeyInfo: spki) == key.publicKey)
        let point = try key.publicKey.point()
        #expect(point.count == 1 + 2 * curve.coordinateLength && point[0] == 4)
        #expect(try ECPublicKey(point: point, curve: curve) == key.publicKey)
        let compressed = [2 | (point[point.count - 1] & 1)] + point[1...curve.coordinateLength]
        #expect(try ECPublicKey(point: compressed, curve: curve).point() == point)
        let other = try ECPrivateKey.generate(on: curve)
        #expect(other.publicKey != key.publicKey)
        #expect(try key.sharedSecret(with: other.publicKey) == other.sharedSecret(with: key.publicKey))
        #expect(try !other.publicKey.isValid(signature, of: message))
    }

    @Test func keepsCurvesApart() throws {
        let nist = try ECPrivateKey.generate(on: .p256)
        let brainpool = try ECPrivateKey.generate(on: .brainpoolP256r1)
        #expect(nist.publicKey != brainpool.publicKey)
        #expect(code { _ = try nist.sharedSecret(with: brainpool.publicKey) } == .curveMismatch)
        #expect(code { _ = try ECPublicKey(point: nist.publicKey.point(), curve: .brainpoolP256r1) } == .invalidEncoding)
        let signature = try nist.signature(of: [1])
        #expect(try !ECPrivateKey.generate(on: .p384).publicKey.isValid(signature, of: [1]))
    }

    /// An SPKI on secp521r1, and one that is no EC key at all.
    @Test func refusesOtherCurvesAndAlgorithms() throws {
        let point = "04" + "00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66"
            + "011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650"
        #expect(code { _ = try ECPublicKey(subjectPublicKeyInfo: hex("30819b301006072a8648ce3d020106052b81040023038186 00" + point)) } == .unsupportedCurve)
        let ed25519 = "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"
        #expect(code { _ = try ECPublicKey(subjectPublicKeyInfo: hex(ed25519)) } == .unsupportedCurve)
    }

    @Test func refusesTruncatedOverlongAndRandomEncodings() throws {
        let key = try ECPrivateKey.generate(on: .p256)
        let spki = try key.publicKey.subjectPublicKeyInfo()
        let pkcs8 = try key.pkcs8().withUnsafeBytes { Array($0) }
        let point = try key.publicKey.point()
        let der = try key.signature(of: [1]).derRepresentation()
        for count in 0..<spki.count { #expect(throws: CryptographyError.self) { try ECPublicKey(subjectPublicKeyInfo: Array(spki.prefix(count))) } }
        for count in 0..<pkcs8.count { #expect(throws: CryptographyError.self) { try ECPrivateKey(pkcs8: SecretBytes(copying: pkcs8.prefix(count))) } }
        for count in 0..<point.count { #expect(throws: CryptographyError.self) { try ECPublicKey(point: Array(point.prefix(count)), curve: .p256) } }
        for count in 0..<der.count { #expect(throws: CryptographyError.self) { try ECDSASignature(der: Array(der.prefix(count)), curve: .p256) } }
        #expect(throws: CryptographyError.self) { try ECPublicKey(subjectPublicKeyInfo: spki + [0]) }
        #expect(throws: CryptographyError.self) { try ECPrivateKey(pkcs8: SecretBytes(copying: pkcs8 + [0])) }
        #expect(throws: CryptographyError.self) { try ECDSASignature(der: der + [0], curve: .p256) }
        #expect(throws: CryptographyError.self) { try ECDSASignature(raw: [1, 2], curve: .p256) }
        var offCurve = point
        offCurve[64] ^= 1
        #expect(throws: CryptographyError.self) { try ECPublicKey(point: offCurve, curve: .p256) }
        #expect(throws: CryptographyError.self) { try ECPublicKey(point: [0], curve: .p256) }
        var random = SeededRandom(seed: 4)
        for _ in 0..<300 {
            let bytes = random.bytes(Int.random(in: 0...120, using: &random))
            #expect(throws: CryptographyError.self) { try ECPublicKey(subjectPublicKeyInfo: bytes) }
            #expect(throws: CryptographyError.self) { try ECPrivateKey(pkcs8: SecretBytes(copying: bytes)) }
        }
    }

    @Test func errorsSayWhatTheLibrarySaid() throws {
        do {
            _ = try ECPublicKey(subjectPublicKeyInfo: [0x30, 0x05, 0x01])
            Issue.record("garbage was accepted")
        } catch {
            #expect(error.code == .invalidEncoding)
            #expect(error.libraryMessage?.hasPrefix("error:") == true)
            #expect(error.description.contains("not a public key"))
        }
    }

    private func code(_ body: () throws -> Void) -> CryptographyError.Code? {
        do { try body() } catch { return (error as? CryptographyError)?.code }
        return nil
    }
}
