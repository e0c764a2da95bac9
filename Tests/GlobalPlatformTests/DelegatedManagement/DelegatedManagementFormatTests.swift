import Cryptography
import Testing
@testable import GlobalPlatform

@Suite("Tokens, receipts, public keys")
struct DelegatedManagementFormatTests {
    private let aid: AID
    private let domain: AID

    init() throws {
        aid = try AID(hex: "F054534D530101")
        domain = try AID(hex: "D27600016554534401")
    }

    @Test("what a token signs: P1 P2, the length without the token, the data without the token")
    func signedData() throws {
        let extradition = InstallForExtradition(newSecurityDomain: domain, object: aid, token: [1, 2, 3])
        #expect(try ManagementToken.signedData(of: InstallCommand.extradition(extradition).apdu()) == octets("1000 15 09D27600016554534401 00 07F054534D530101 00 00"))
        var unsigned = extradition
        unsigned.token = []
        #expect(try ManagementToken.signedData(of: InstallCommand.extradition(unsigned).apdu()) == ManagementToken.signedData(of: InstallCommand.extradition(extradition).apdu()))
        let delete = DeleteCommand.object(aid, related: true, token: [9, 9])
        #expect(try ManagementToken.signedData(of: delete.apdu) == octets("0080 09 4F07F054534D530101"))
        let load = InstallForLoad(loadFile: aid, securityDomain: domain, loadFileDataBlockHash: [UInt8](repeating: 0xAA, count: 32), token: [7])
        for (install, header) in [(InstallCommand.load(load), "0200"), (.beginCombined(load), "0E01")] {
            #expect(try ManagementToken.signedData(of: install.apdu()) == octets(header + "34 07F054534D530101 09D27600016554534401 20" + String(repeating: "AA", count: 32) + "00"))
        }
        #expect(throws: FormatError.self) { try ManagementToken.signedData(of: GetDataCommand.keyInformation.apdu) }
        for length in 0..<10 {
            #expect(throws: FormatError.self) {
                try ManagementToken.signedData(of: CommandAPDU(cla: 0x80, ins: Instruction.install, p1: 0x10, p2: 0, data: [UInt8](repeating: 0x01, count: length)))
            }
        }
    }

    @Test("a control reference keeps its four objects; others, doubles and empty ones are refused")
    func reference() throws {
        let full = TokenReference(identificationNumber: [1], imageNumber: [2, 3], applicationProvider: [4], tokenIdentifier: [5])
        #expect(try full.encoded.bytes == octets("B60E 420101 45020203 5F200104 930105"))
        #expect(try TokenReference(parsing: full.encoded) == full)
        #expect(try TokenReference.find(in: [TLV(0x4F, aid.bytes)]) == nil)
        #expect(try TokenReference.find(in: [TLV(0x4F, aid.bytes), full.encoded]) == full)
        for hex in ["B602 4200", "B606 420101 420101", "B603 990101", "B602 4205", "A600"] {
            #expect(throws: (any Error).self, "\(hex)") { try TokenReference(parsing: TLV.parse(octets(hex))) }
        }
        #expect(throws: FormatError.self) { try TokenReference.find(in: [full.encoded, full.encoded]) }
    }

    @Test("receipts are AES-CMAC over confirmation data and names; any difference shows")
    func receipts() throws {
        let key = SecretBytes(copying: [UInt8](repeating: 7, count: 16))
        let data = ConfirmationData(counter: 0x0102, securityDomainData: [0xAA, 0xBB], token: ([5], [6, 7]))
        #expect(try data.encoded() == octets("020102 02AABB 0105 020607"))
        #expect(try ConfirmationData(parsing: data.encoded()) == data)
        #expect(try ConfirmationData(parsing: octets("020102 00")) == ConfirmationData(counter: 0x0102, securityDomainData: []))
        for hex in ["", "0102", "0200", "020102", "020102 01", "020102 00 01", "020102 00 00", "020102 00 00 00 00"] {
            #expect(throws: FormatError.self, "\(hex)") { try ConfirmationData(parsing: octets(hex)) }
        }
        let kinds: [(ManagementReceipt, String)] = [
            (.load(loadFile: aid, securityDomain: domain), "07F054534D530101 09D27600016554534401"), (.install(loadFile: aid, application: domain), "07F054534D530101 09D27600016554534401"),
            (.delete(aid), "07F054534D530101"),
            (.extradition(oldSecurityDomain: domain, object: aid, newSecurityDomain: domain), "09D27600016554534401 07F054534D530101 09D27600016554534401"),
            (.registryUpdate(oldSecurityDomain: nil, application: aid, newSecurityDomain: nil, privileges: .trustedPath, parameters: [1]), "00 07F054534D530101 00 03008000 0101"),
        ]
        for (receipt, fields) in kinds {
            #expect(try receipt.fields() == octets(fields))
            let code = try receipt.code(confirmation: data, key: key)
            #expect(try code == AESCMAC.code(over: data.encoded() + octets(fields), key: key))
            let confirmation = ManagementConfirmation(receipt: code, data: try data.encoded())
            #expect(try receipt.isConfirmed(by: ManagementConfirmation(parsing: confirmation.bytes), key: key))
            var other = data
            other.counter += 1
            #expect(try !receipt.isConfirmed(by: ManagementConfirmation(receipt: code, data: other.encoded()), key: key))
        }
        // A long confirmation has a BER length.
        let long = ManagementConfirmation(receipt: [UInt8](repeating: 1, count: 16), data: [UInt8](repeating: 2, count: 150))
        #expect(long.bytes.prefix(3) == [0x81, 167, 16])
        #expect(try ManagementConfirmation(parsing: long.bytes) == long)
    }

    @Test("public keys in PUT KEY: both kinds, either order of components")
    func publicKeys() throws {
        let curve = try PublicKeyData(ECPrivateKey.generate(on: .p256).publicKey)
        let rsa = try PublicKeyData(RSAPrivateKey.generate(bits: 1024).publicKey)
        for (key, start) in [(curve, "70 B041"), (rsa, "70 A18180")] {
            let command = PutPublicKeyCommand(replacing: 0x70, newVersion: 0x70, key: key)
            let apdu = try command.apdu()
            #expect(try apdu.data.starts(with: octets(start)))
            #expect(apdu.p1 == 0x70 && apdu.p2 == 0x01)
            #expect(PutPublicKeyCommand.isPublic(apdu))
            #expect(try PutPublicKeyCommand.parse(apdu) == command)
            #expect(try PublicKeyData(Array(key.components.reversed())) == key)
            for length in 0..<apdu.data.count {
                var cut = apdu
                cut.data = Array(apdu.data.prefix(length))
                #expect(throws: FormatError.self, "\(length)") { try PutPublicKeyCommand.parse(cut) }
            }
        }
        #expect(throws: FormatError.self) { try PutPublicKeyCommand(newVersion: 0x70, key: PublicKeyData(RSAPrivateKey.generate(bits: 2048).publicKey)).apdu() }
        #expect(throws: FormatError.self) { try PutPublicKeyCommand(newVersion: 0x80, key: curve).apdu() }
    }

    @Test("a ciphered load file is read back with its key and no other")
    func ciphered() throws {
        let key = SecretBytes(copying: [UInt8](repeating: 7, count: 16))
        for count in [0, 1, 15, 16, 17, 300] {
            let block = [UInt8](repeating: 0x80, count: count)
            let file = try LoadFileStructure(enciphering: block, key: key)
            #expect(try LoadFileStructure(parsing: file.bytes) == file)
            guard case .ciphered(let ciphered, let initialValue) = file.content else { throw TLVError.truncated(offset: 0) }
            #expect(ciphered.count == count / 16 * 16 + 16)
            #expect(try LoadFileStructure.decipher(ciphered, initialValue: initialValue, key: key) == block)
        }
    }

    @Test("the two ends of a combined installation")
    func combined() throws {
        let load = InstallCommand.beginCombined(InstallForLoad(loadFile: aid))
        let install = InstallCommand.endCombined(InstallForInstall(loadFile: aid, module: aid, application: domain, parameters: InstallParameters(applicationSpecific: []), makeSelectable: true))
        #expect(try load.apdu().bytes.starts(with: octets("80E60E01")))
        #expect(try install.apdu().bytes.starts(with: octets("80E60E03")))
        for command in [load, install] { #expect(try InstallCommand.parse(command.apdu()) == command) }
        for p2 in [0x00, 0x02, 0x04] as [UInt8] {
            var command = try load.apdu()
            command.p2 = p2
            #expect(throws: FormatError.self) { try InstallCommand.parse(command) }
        }
    }
}
