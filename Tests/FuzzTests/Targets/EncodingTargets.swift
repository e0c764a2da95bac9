import GlobalPlatform

struct TLVTarget: FuzzTarget {
    static let name = "tlv"

    func run(_ bytes: [UInt8]) throws {
        let objects = try TLV.parseAll(bytes, minimalLengths: true)
        let encoded = objects.flatMap(\.bytes)
        require(try TLV.parseAll(encoded) == objects, "TLV objects are others once encoded")
    }
}

/// Commands as a card, or a check of what is relayed to one, reads them.
struct CardCommandTarget: FuzzTarget {
    static let name = "card-commands"

    func run(_ bytes: [UInt8]) throws {
        let command = try CommandAPDU(bytes: bytes)
        require(try CommandAPDU(bytes: command.bytes) == command, "a C-APDU is another once encoded")
        let readers: [() throws -> Void] = [
            { _ = try SelectCommand.parse(command) }, { _ = try InstallCommand.parse(command) }, { _ = try LoadCommand.parse(command) },
            { _ = try DeleteCommand.parse(command) }, { _ = try GetStatusCommand.parse(command) }, { _ = try SetStatusCommand.parse(command) },
            { _ = try GetDataCommand.parse(command) }, { _ = try StoreDataCommand.parse(command) }, { _ = try PutKeyCommand.parse(command) },
            { _ = try PutPublicKeyCommand.parse(command) }, { _ = try ManageChannelCommand.parse(command) }, { _ = try ManageUpgradeCommand.parse(command) },
            { _ = try AccessRuleCommand.parse(command.data) }, { _ = try DGI.parseAll(command.data) }, { _ = try FirstKeySet(parsing: command.data) },
        ]
        for reader in readers { try? reader() }
    }
}

/// What a card, or a handset in its place, answers.
struct CardAnswerTarget: FuzzTarget {
    static let name = "card-answers"

    func run(_ bytes: [UInt8]) throws {
        let response = try ResponseAPDU(bytes: bytes)
        let data = response.data
        let readers: [() throws -> Void] = [
            { _ = try GetStatusPage(parsing: response) }, { _ = try SelectResponse(parsing: data) }, { _ = try CardRecognitionData(parsing: data) },
            { _ = try CardCapabilityInformation(parsing: data) }, { _ = try CardProductionLifeCycle(parsing: data) }, { _ = try KeyInformation(parsing: data) },
            { _ = try ExtendedCardResources(parsing: data) }, { _ = try PutKeyResponse(parsing: data) }, { _ = try ManagementConfirmation(parsing: data) },
            { _ = try AccessRuleResponse.parseAll(data) }, { _ = try AccessRuleResponse.parseRefreshTag(data) }, { _ = try InitializeUpdateResponse(data: data) },
            { _ = try AttestationToken(parsing: data) },
        ]
        for reader in readers { try? reader() }
    }
}

struct CAPFileTarget: FuzzTarget {
    static let name = "cap"

    func run(_ bytes: [UInt8]) throws {
        try? { _ = try LoadFileStructure(parsing: bytes) }()
        let file = try CAPFile(bytes)
        require(file.loadFileDataBlock.count <= 16 << 20, "a load file of \(file.loadFileDataBlock.count) bytes came out of \(bytes.count)")
    }
}
