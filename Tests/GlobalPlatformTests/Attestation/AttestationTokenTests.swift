import Cryptography
import GlobalPlatform
import Testing

@Suite struct AttestationTokenTests {
    let plain: AttestationContent
    let diversified: AttestationContent
    let signature: [UInt8]

    init() throws {
        let tsm = try ASN1ObjectIdentifier("1.3.6.1.4.1.32473.1")
        let process = try UUIDOctets("00112233-4455-6677-8899-aabbccddeeff")
        let flavor = try UUIDOctets("ffeeddcc-bbaa-9988-7766-554433221100")
        let identifier = Array(repeating: UInt8(0x5A), count: 20)
        plain = try AttestationContent(tsm: tsm, processID: process, flavorID: flavor, subjectKeyIdentifier: identifier)
        diversified = try AttestationContent(tsm: tsm, processID: process, flavorID: flavor,
                                             diversification: .init(masterKeyIndex: process, keyDiversificationData: Array(repeating: 0xD1, count: 16)), subjectKeyIdentifier: identifier)
        signature = [0x30, 0x44, 0x02, 0x20] + Array(repeating: 0x41, count: 32) + [0x02, 0x20] + Array(repeating: 0x42, count: 32)
    }

    @Test func toBeSignedByHand() throws {
        #expect(plain.tsm.content.count == 9)
        #expect(try plain.toBeSigned == octets("""
            A0 45 80 09 2B0601040181FD5901 81 10 00112233445566778899AABBCCDDEEFF 82 10 FFEEDDCCBBAA99887766554433221100 \
            85 14 \(String(repeating: "5A", count: 20))
            """))
    }

    @Test func sizes() throws {
        #expect(try AttestationToken(content: plain, signature: signature).bytes.count == 147)
        #expect(try AttestationToken(content: diversified, signature: signature).bytes.count == 183)
        #expect(try AttestationToken(content: diversified, signature: signature).bytes.starts(with: octets("7F41 81B3 A069")))
    }

    @Test func readBack() throws {
        for content in [plain, diversified] {
            let token = try AttestationToken(content: content, signature: signature)
            let read = try AttestationToken(parsing: token.bytes)
            #expect(read == token && read.content.toBeSigned == content.toBeSigned && read.signature == signature)
        }
    }

    @Test func storeData() throws {
        let token = try AttestationToken(content: diversified, signature: signature)
        let whole = try token.storeData(maximumPayload: 239)
        #expect(whole.count == 1 && whole[0].p1 == 0x90 && whole[0].data == token.bytes)
        let cut = try token.storeData(maximumPayload: 100)
        #expect(cut.map(\.p1) == [0x10, 0x90] && cut.flatMap(\.data) == token.bytes)
    }

    @Test func refusesOtherSignaturesAndFields() {
        for hex in ["", "3000", "3006020101", "3006020100020101", "3006020181020101", "300702020001020101", "3009020101020101020101", "3006020101040101", "308106020101020101"] {
            #expect(throws: FormatError.self, "\(hex)") { try AttestationToken(content: plain, signature: octets(hex)) }
        }
        #expect(throws: FormatError.self) {
            try AttestationContent(tsm: plain.tsm, processID: plain.processID, flavorID: plain.flavorID, subjectKeyIdentifier: [1])
        }
        #expect(throws: FormatError.self) {
            try AttestationContent(tsm: plain.tsm, processID: plain.processID, flavorID: plain.flavorID,
                                   diversification: .init(masterKeyIndex: plain.processID, keyDiversificationData: []), subjectKeyIdentifier: plain.subjectKeyIdentifier)
        }
    }

    /// Whatever is changed is refused or read as something else: two byte strings never stand for one token.
    @Test func encodingIsUnique() throws {
        let token = try AttestationToken(content: diversified, signature: signature)
        var generator = TestGenerator(seed: 5)
        for _ in 0..<5000 {
            let bytes = generator.mutate(token.bytes)
            do throws(FormatError) {
                #expect(try AttestationToken(parsing: bytes).bytes == bytes)
            } catch {
                #expect(error.structure.isEmpty == false)
            }
        }
    }

    @Test func subjectKeyIdentifier() throws {
        #expect(try AttestationContent.subjectKeyIdentifier(ofPublicKey: Array("abc".utf8)) == octets("a9993e364706816aba3e25717850c26c9cd0d89d"))
    }
}
