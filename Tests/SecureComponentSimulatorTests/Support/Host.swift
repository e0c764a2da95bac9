import Cryptography
import GlobalPlatform
import SecureComponentSimulator

/// The off-card end for tests: selects, opens sessions, sends commands through them.
final class Host {
    let card: SimulatedCard
    let channel: Int
    private(set) var selected: AID?
    private var session: SCP03HostSession?
    private let random = SeededRandom(seed: 7)

    init(_ card: SimulatedCard, channel: Int = 0) {
        self.card = card
        self.channel = channel
    }

    var maximumPayload: Int { session?.maximumPayload ?? 255 }

    @discardableResult
    func select(_ aid: AID) throws -> ResponseAPDU {
        session = nil
        let response = try plain(SelectCommand(aid: aid).apdu)
        if response.statusWord.isSuccess { selected = aid }
        return response
    }

    /// Without secure messaging.
    @discardableResult
    func plain(_ command: CommandAPDU) throws -> ResponseAPDU {
        try card.transmit(command.withChannel(channel))
    }

    /// INITIALIZE UPDATE and EXTERNAL AUTHENTICATE; the status word of the first that was refused.
    @discardableResult
    func open(_ keys: SCP03StaticKeys, version: UInt8, level: SecurityLevel? = nil) throws -> StatusWord {
        session = nil
        let challenge = try random.bytes(card.profile.scp03Parameter.challengeLength)
        let response = try plain(SCP03HostSession.initializeUpdate(kvn: version, hostChallenge: challenge))
        guard response.statusWord.isSuccess else { return response.statusWord }
        let answer = try InitializeUpdateResponse(response)
        var session = try SCP03HostSession(
            staticKeys: keys, level: level ?? .strongest(for: answer.parameter), keyVersionNumber: version, hostChallenge: challenge, response: answer)
        let status = try plain(session.externalAuthenticate()).statusWord
        if status.isSuccess { self.session = session }
        return status
    }

    /// Through the session, response verified.
    @discardableResult
    func send(_ command: CommandAPDU) throws -> ResponseAPDU {
        let wrapped = try wrap(command)
        return try unwrap(try card.transmit(wrapped))
    }

    func wrap(_ command: CommandAPDU) throws -> CommandAPDU {
        guard var open = session else { throw NoSession() }
        let wrapped = try open.wrap(command)
        session = open
        return try wrapped.withChannel(channel)
    }

    func unwrap(_ response: ResponseAPDU) throws -> ResponseAPDU {
        guard var open = session else { throw NoSession() }
        let plain = try open.unwrap(response)
        session = open
        return plain
    }

    /// Status word only.
    func status(_ command: CommandAPDU) throws -> StatusWord { try send(command).statusWord }
    func status(_ install: InstallCommand) throws -> StatusWord { try send(install.apdu()).statusWord }

    struct NoSession: Error {}
}

extension Host {
    /// All pages.
    func registry(_ scope: GetStatusCommand.Scope, prefix: [UInt8] = []) throws -> [RegistryEntry] {
        var request = GetStatusCommand(scope: scope, aidPrefix: prefix)
        var entries: [RegistryEntry] = []
        while true {
            let page = try GetStatusPage(parsing: try send(request.apdu))
            entries += page.entries
            guard page.hasMore else { return entries }
            request = request.nextPage
        }
    }

    func load(_ cap: CAPFile, into domain: AID? = nil, hash: [UInt8]? = nil, name: AID? = nil) throws -> StatusWord {
        let install = InstallForLoad(loadFile: name ?? cap.packageAID, securityDomain: domain, loadFileDataBlockHash: hash ?? cap.loadFileDataBlockHash)
        var status = try self.status(.load(install))
        guard status.isSuccess else { return status }
        for command in try cap.loadFile.commands(maximumPayload: maximumPayload) {
            status = try self.status(command.apdu)
            if !status.isSuccess { return status }
        }
        return status
    }

    func install(_ cap: CAPFile, module: AID, as instance: AID, parameters: [UInt8] = [], makeSelectable: Bool = true) throws -> StatusWord {
        try status(.install(InstallForInstall(
            loadFile: cap.packageAID, module: module, application: instance, parameters: InstallParameters(applicationSpecific: parameters), makeSelectable: makeSelectable)))
    }

    func personalize(_ instance: AID, _ data: [(StoreDataCommand.Structure, [UInt8])]) throws -> StatusWord {
        var status = try self.status(.personalization(instance))
        guard status.isSuccess else { return status }
        for (structure, bytes) in data {
            status = try self.status(.personalization(instance))
            guard status.isSuccess else { return status }
            for command in try StoreDataCommand.split(bytes, structure: structure, maximumPayload: maximumPayload) {
                status = try self.status(command.apdu)
                guard status.isSuccess else { return status }
            }
        }
        return status
    }
}
