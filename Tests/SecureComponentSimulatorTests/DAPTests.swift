import Cryptography
import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

@Suite("DAP verification and ciphered load files")
struct DAPTests {
    private func ticket() throws -> CAPFile { try CAPFile(Applets.archive("ticket-1.0-jc304")) }

    private func file(_ cap: CAPFile, _ blocks: [(AID, [UInt8])]) -> LoadFileStructure {
        LoadFileStructure(dapBlocks: blocks.map { .init(securityDomain: $0.0, signature: $0.1) }, content: .plain(cap.loadFileDataBlock))
    }

    private func load(_ cap: CAPFile, _ file: LoadFileStructure, _ host: Host, hash: [UInt8]? = nil) throws -> StatusWord {
        let announced = try host.status(.load(InstallForLoad(loadFile: cap.packageAID, loadFileDataBlockHash: hash ?? cap.loadFileDataBlockHash)))
        guard announced.isSuccess else { return announced }
        return try host.load(file).statusWord
    }

    @Test("a domain with DAP Verification takes load files with its block and no others", arguments: Signer.Kind.allCases)
    func verification(_ kind: Signer.Kind) throws {
        let signer = try Signer(kind), stranger = try Signer(kind, seed: 0x99)
        let card = try Cards.make(Cards.managed)
        let host = try Cards.domain(card, [.securityDomain, .trustedPath, .authorizedManagement, .dapVerification])
        let cap = try ticket()
        let hash = cap.loadFileDataBlockHash
        #expect(try load(cap, file(cap, [(Cards.ssd, signer.sign(hash))]), host) == .conditionsNotSatisfied)
        #expect(try host.status(signer.putKey(version: ManagementKeyVersion.dap, under: Cards.keys(0x22))) == .success)
        let before = card.image
        #expect(try load(cap, file(cap, []), host) == .conditionsNotSatisfied)
        #expect(try load(cap, file(cap, [(Cards.ssd, stranger.sign(hash))]), host) == .conditionsNotSatisfied)
        #expect(try load(cap, file(cap, [(Cards.ssd, signer.sign([UInt8](repeating: 1, count: 32)))]), host) == .conditionsNotSatisfied)
        #expect(try load(cap, file(cap, [(Cards.ssd, Array(signer.sign(hash).dropLast()))]), host) == .conditionsNotSatisfied)
        #expect(try load(cap, file(cap, [(Cards.isd, signer.sign(hash))]), host) == .conditionsNotSatisfied)
        #expect(try load(cap, file(cap, [(Cards.ssd, signer.sign(hash)), (Cards.ssd, signer.sign(hash))]), host) == .incorrectData)
        // Without an announced hash there is nothing that the block could sign.
        #expect(try load(cap, file(cap, [(Cards.ssd, signer.sign(hash))]), host, hash: []) == .incorrectData)
        #expect(card.image == before)
        #expect(try load(cap, file(cap, [(Cards.ssd, signer.sign(hash))]), host) == .success)
        #expect(card.entry(cap.packageAID)?.securityDomain == Cards.ssd)
    }

    @Test("a block is verified wherever it points, even where none is demanded")
    func voluntary() throws {
        let signer = try Signer(.p256)
        let card = try Cards.make(Cards.managed)
        let authority = try Cards.domain(card, Cards.otherSSD, [.securityDomain, .dapVerification], seed: 0x44)
        #expect(try authority.status(signer.putKey(version: ManagementKeyVersion.dap, under: Cards.keys(0x44))) == .success)
        let host = try Cards.domain(card, .serviceProviderSecurityDomain)
        let cap = try ticket()
        let wrong = file(cap, [(Cards.otherSSD, try signer.sign([0x00]))])
        #expect(try load(cap, wrong, host) == .conditionsNotSatisfied)
        #expect(try load(cap, file(cap, [(Cards.ssd, signer.sign(cap.loadFileDataBlockHash))]), host) == .conditionsNotSatisfied)
        #expect(try load(cap, file(cap, [(Cards.otherSSD, signer.sign(cap.loadFileDataBlockHash))]), host, hash: []) == .conditionsNotSatisfied)
        #expect(try load(cap, file(cap, [(Cards.otherSSD, signer.sign(cap.loadFileDataBlockHash))]), host) == .success)
        #expect(try host.status(DeleteCommand.object(cap.packageAID).apdu) == .success)
        #expect(try load(cap, file(cap, []), host) == .success)
    }

    @Test("Mandated DAP Verification is demanded everywhere on the card; locked, its domain lets nothing pass")
    func mandated() throws {
        let signer = try Signer(.aes), own = try Signer(.p256)
        let card = try Cards.make(Cards.managed)
        let authority = try Cards.domain(card, Cards.otherSSD, [.securityDomain, .dapVerification, .mandatedDAPVerification], seed: 0x44)
        #expect(try authority.status(signer.putKey(version: ManagementKeyVersion.dap, under: Cards.keys(0x44))) == .success)
        let host = try Cards.domain(card, [.securityDomain, .trustedPath, .authorizedManagement, .dapVerification])
        #expect(try host.status(own.putKey(version: ManagementKeyVersion.dap, under: Cards.keys(0x22))) == .success)
        let cap = try ticket()
        let hash = cap.loadFileDataBlockHash
        let before = card.image.registry
        #expect(try load(cap, file(cap, [(Cards.ssd, own.sign(hash))]), host) == .conditionsNotSatisfied)
        #expect(try load(cap, file(cap, [(Cards.otherSSD, signer.sign(hash))]), host) == .conditionsNotSatisfied)
        let both = file(cap, [(Cards.otherSSD, try signer.sign(hash)), (Cards.ssd, try own.sign(hash))])
        // The issuer is bound by it as well.
        let issuer = try Cards.issuer(card)
        #expect(try load(cap, file(cap, []), issuer) == .conditionsNotSatisfied)
        #expect(try load(cap, file(cap, []), issuer, hash: []) == .incorrectData)
        #expect(try issuer.status(SetStatusCommand.lock(Cards.otherSSD).apdu) == .success)
        #expect(try load(cap, both, Cards.session(card, Cards.ssd)) == .conditionsNotSatisfied)
        #expect(try Cards.issuer(card).status(SetStatusCommand.unlock(Cards.otherSSD).apdu) == .success)
        #expect(card.image.registry == before)
        #expect(try load(cap, both, Cards.session(card, Cards.ssd)) == .success)
        #expect(try load(cap, file(cap, []), Cards.issuer(card)) == .incorrectData)
    }

    @Test("a ciphered load file is deciphered by its domain", arguments: [nil, [UInt8](repeating: 0x5A, count: 16)] as [[UInt8]?])
    func ciphered(_ initialValue: [UInt8]?) throws {
        let card = try Cards.make(Cards.managed)
        let host = try Cards.domain(card, [.securityDomain, .trustedPath, .authorizedManagement, .cipheredLoadFileDataBlock])
        let cap = try ticket()
        func enciphered(_ key: SecretBytes) throws -> LoadFileStructure {
            guard let initialValue else { return try LoadFileStructure(enciphering: cap.loadFileDataBlock, key: key) }
            return try LoadFileStructure(enciphering: cap.loadFileDataBlock, key: key, initialValue: initialValue)
        }
        let file = try enciphered(Cards.decipheringKey)
        #expect(try LoadFileStructure(parsing: file.bytes) == file)
        #expect(try load(cap, file, host) == .conditionsNotSatisfied)
        #expect(try host.status(Cards.putSecret(Cards.decipheringKey, version: ManagementKeyVersion.cipheredLoadFileDataBlock, under: Cards.keys(0x22))) == .success)
        let before = card.image
        #expect(try load(cap, enciphered(Cards.receiptKey), host) != .success)
        #expect(try load(cap, file, host, hash: [UInt8](repeating: 7, count: 32)) == .conditionsNotSatisfied)
        #expect(card.image == before)
        #expect(try load(cap, file, host) == .success)
        #expect(card.entry(cap.packageAID)?.modules == cap.applets.map(\.aid))
        // Another domain does not decipher.
        let other = try Cards.domain(card, Cards.otherSSD, .serviceProviderSecurityDomain, seed: 0x44)
        let store = try CAPFile(Applets.archive("store-1.0-jc304"))
        #expect(try other.status(.load(InstallForLoad(loadFile: store.packageAID))) == .success)
        #expect(try other.load(LoadFileStructure(enciphering: store.loadFileDataBlock, key: Cards.decipheringKey)).statusWord == .conditionsNotSatisfied)
    }

    @Test("load files that are none", arguments: [
        "", "E200", "E2044F00C300C400", "C400C400", "D40101", "D400", "D3020000D410" + String(repeating: "00", count: 16), "C9020101", "C40100E200",
        "D310" + String(repeating: "00", count: 16) + "C40100",
    ])
    func malformed(_ hex: String) throws {
        #expect(throws: FormatError.self) { try LoadFileStructure(parsing: Hex.decode(hex)) }
    }
}
