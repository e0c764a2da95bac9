import GlobalPlatform
import Synchronization

/// One connection, shared by all sessions of a reader: commands go one after the other, and channels are kept count of.
final class CardLine: Sendable {
    private struct State {
        var isLost = false
        var isBasicChannelTaken = false
    }

    let connection: any CardConnection
    private let gate = AsyncGate()
    private let state = Mutex(State())

    init(_ connection: any CardConnection) {
        self.connection = connection
    }

    /// Set once the component was lost: a new connection is needed.
    var isLost: Bool { state.withLock { $0.isLost } }

    /// Sends a command whose class byte is complete, fetches what 61xx announces, and repeats it once with the Le that 6Cxx asks for.
    func exchange(_ command: CommandAPDU) async throws(SecureComponentError) -> ResponseAPDU {
        if isLost { throw .componentLost("an earlier command found it gone") }
        await gate.enter()
        defer { gate.leave() }
        do throws(SecureComponentError) {
            try await connection.beginTransaction()
        } catch {
            // Where a loss between two commands shows first.
            note(error)
            throw error
        }
        do {
            let response = try await complete(command)
            await connection.endTransaction()
            return response
        } catch {
            await connection.endTransaction()
            note(error)
            throw error
        }
    }

    private func note(_ error: SecureComponentError) {
        if case .componentLost = error { state.withLock { $0.isLost = true } }
    }

    private func complete(_ command: CommandAPDU) async throws(SecureComponentError) -> ResponseAPDU {
        var response = try await send(command)
        if let length = response.statusWord.correctLength {
            var repeated = command
            repeated.expectedLength = length
            response = try await send(repeated)
        }
        guard response.statusWord.bytesAvailable != nil else { return response }
        var data = response.data
        var rounds = 0
        while let count = response.statusWord.bytesAvailable {
            rounds += 1
            // 65 536 bytes are the most that a response can have.
            guard rounds <= 256 else { throw .malformedResponse("the component announces more and more bytes") }
            var getResponse = CommandAPDU(cla: 0x00, ins: Instruction.getResponse, p1: 0, p2: 0, expectedLength: count)
            do { getResponse = try getResponse.withChannel(command.logicalChannel) } catch { throw .malformedCommand(error.description) }
            response = try await send(getResponse)
            if let length = response.statusWord.correctLength {
                getResponse.expectedLength = length
                response = try await send(getResponse)
            }
            data += response.data
        }
        return ResponseAPDU(data: data, statusWord: response.statusWord)
    }

    private func send(_ command: CommandAPDU) async throws(SecureComponentError) -> ResponseAPDU {
        let bytes = command.bytes
        guard !bytes.isEmpty else { throw .malformedCommand("\(command.data.count) bytes of data are too many") }
        let answer = try await connection.transmit(bytes)
        do { return try ResponseAPDU(bytes: answer) } catch { throw .malformedResponse(error.description) }
    }

    /// False when somebody has it.
    func takeBasicChannel() -> Bool {
        state.withLock { state in
            if state.isBasicChannelTaken { return false }
            state.isBasicChannelTaken = true
            return true
        }
    }

    func returnBasicChannel() {
        state.withLock { $0.isBasicChannelTaken = false }
    }

    /// MANAGE CHANNEL [open].
    /// - Throws: `channelNotAvailable`.
    func openChannel() async throws(SecureComponentError) -> Int {
        let response = try await exchange(ManageChannelCommand.open.apdu)
        guard response.statusWord.isSuccess else {
            throw .channelNotAvailable("\(response.statusWord.explanation(ins: Instruction.manageChannel)) (\(response.statusWord))")
        }
        do { return try ManageChannelCommand.channel(from: response.data) } catch { throw .malformedResponse(error.description) }
    }

    /// MANAGE CHANNEL [close]. Whether it worked is of no use to anyone who is done with the channel.
    func closeChannel(_ number: Int) async {
        guard !isLost, let number = UInt8(exactly: number) else { return }
        _ = try? await exchange(ManageChannelCommand.close(number).apdu)
    }

    /// SELECT by name on a channel that is open.
    func select(_ select: SelectCommand, channel: Int) async throws(SecureComponentError) -> ResponseAPDU {
        let command: CommandAPDU
        do { command = try select.apdu.withChannel(channel) } catch { throw .malformedCommand(error.description) }
        return try await exchange(command)
    }
}
