import GlobalPlatform
import SecureComponent

/// Commands straight to a component, in a transaction each, without channels and access rules: for an issuer's and a tester's tools.
struct CardDialog: Sendable {
    private let connection: any CardConnection

    init(_ connection: any CardConnection) {
        self.connection = connection
    }

    /// With GET RESPONSE for what 61xx announces, and once more with the Le that 6Cxx asks for.
    func send(_ command: CommandAPDU) async throws -> ResponseAPDU {
        try await connection.beginTransaction()
        do {
            let response = try await complete(command)
            await connection.endTransaction()
            return response
        } catch {
            await connection.endTransaction()
            throw error
        }
    }

    private func complete(_ command: CommandAPDU) async throws -> ResponseAPDU {
        var response = try await single(command)
        if let length = response.statusWord.correctLength {
            var repeated = command
            repeated.expectedLength = length
            response = try await single(repeated)
        }
        var data = response.data
        // 65 536 bytes are the most that a response can have.
        for _ in 0..<256 {
            guard let count = response.statusWord.bytesAvailable else { return ResponseAPDU(data: data, statusWord: response.statusWord) }
            response = try await single(CommandAPDU(cla: command.cla & 0x03, ins: Instruction.getResponse, p1: 0, p2: 0, expectedLength: count))
            data += response.data
        }
        throw ToolFailure("the card announces more and more bytes")
    }

    private func single(_ command: CommandAPDU) async throws -> ResponseAPDU {
        try ResponseAPDU(bytes: try await connection.transmit(command.bytes))
    }
}

/// PC/SC readers by name on the command line.
enum PCSCReaders {
    /// The reader of this name, or the only one whose name begins so: names of the daemon end in numbers that nobody types.
    static func name(_ given: String) async throws -> String {
        let states = try await PCSCService(accessControl: .unrestricted).states
        if states.contains(where: { $0.name == given }) { return given }
        var found = states.filter { $0.name.hasPrefix(given) }
        // Of several, the one with a card in it.
        if found.count > 1 { found = found.filter(\.isCardPresent) }
        guard let only = found.first, found.count == 1 else {
            let all = states.map { "'\($0.name)'\($0.isCardPresent ? "" : " (empty)")" }.joined(separator: ", ")
            throw ToolFailure(found.isEmpty ? "there is no reader '\(given)'; PC/SC has \(all.isEmpty ? "none" : all)" : "'\(given)' begins the names of several readers: \(all)")
        }
        return only.name
    }
}
