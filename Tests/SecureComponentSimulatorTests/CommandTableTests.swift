import Cryptography
import GlobalPlatform
import SecureComponentSimulator
import TestMaterial
import Testing

/// Tables: commands against the card's states, and against the privileges of the domain that is asked.
@Suite("Commands by state and privilege")
struct CommandTableTests {
    private static let child = Cards.aid("f054534d530701")
    private static let other = Cards.aid("f054534d530702")
    private static let fresh = Cards.aid("f054534d530703")

    /// A command of content management and what it needs.
    struct Row: Sendable, CustomStringConvertible {
        let description: String
        /// Any of these is enough.
        let needs: [Privileges]
        /// Without.
        var refusal = StatusWord.conditionsNotSatisfied
        let command: @Sendable () throws -> CommandAPDU
    }

    private static let parameters = SecurityDomainParameters(secureChannels: [])

    static let rows: [Row] = [
        Row(description: "INSTALL [for load]", needs: [.authorizedManagement]) { try InstallCommand.load(InstallForLoad(loadFile: fresh)).apdu() },
        Row(description: "INSTALL [for load, install and make selectable]", needs: [.authorizedManagement]) {
            try InstallCommand.beginCombined(InstallForLoad(loadFile: fresh)).apdu()
        },
        Row(description: "INSTALL [for install]", needs: [.authorizedManagement]) {
            var install = InstallForInstall(securityDomain: fresh, privileges: [.securityDomain], parameters: parameters)
            install.makeSelectable = false
            return try InstallCommand.install(install).apdu()
        },
        Row(description: "INSTALL [for install and make selectable]", needs: [.authorizedManagement]) {
            try InstallCommand.install(InstallForInstall(securityDomain: fresh, privileges: [.securityDomain], parameters: parameters)).apdu()
        },
        Row(description: "INSTALL [for make selectable]", needs: [.authorizedManagement]) {
            try InstallCommand.makeSelectable(InstallForMakeSelectable(application: child)).apdu()
        },
        Row(description: "INSTALL [for extradition]", needs: [.authorizedManagement]) {
            try InstallCommand.extradition(InstallForExtradition(newSecurityDomain: Cards.ssd, object: child)).apdu()
        },
        Row(description: "INSTALL [for registry update]", needs: [.authorizedManagement]) {
            try InstallCommand.registryUpdate(InstallForRegistryUpdate(
                application: child, parameters: InstallParameters(system: SystemParameters(nonVolatileQuota: 1_000)))).apdu()
        },
        Row(description: "INSTALL [for personalization]", needs: [.trustedPath]) { try InstallCommand.personalization(child).apdu() },
        Row(description: "DELETE of its own", needs: [.authorizedManagement, .globalDelete]) { DeleteCommand.object(child).apdu },
        Row(description: "DELETE of another's", needs: [.globalDelete]) { DeleteCommand.object(other).apdu },
        Row(description: "SET STATUS of its own", needs: []) { SetStatusCommand.lock(child).apdu },
        Row(description: "SET STATUS of another's", needs: [.globalLock]) { SetStatusCommand.lock(other).apdu },
        Row(description: "SET STATUS CARD_LOCKED", needs: [.cardLock]) { SetStatusCommand.card(.cardLocked).apdu },
        Row(description: "SET STATUS TERMINATED", needs: [.cardTerminate]) { SetStatusCommand.card(.terminated).apdu },
        Row(description: "GET STATUS of its own", needs: []) { GetStatusCommand(scope: .applications, aid: child).apdu },
        Row(description: "GET STATUS of another's", needs: [.globalRegistry], refusal: .referencedDataNotFound) { GetStatusCommand(scope: .applications, aid: other).apdu },
        Row(description: "STORE DATA", needs: []) { StoreDataCommand(structure: .berTLV, data: [0x42, 0x01, 0x55]).apdu },
        Row(description: "PUT KEY", needs: []) { try Cards.putKey(Cards.keys(0x66), version: 0x31, under: Cards.keys(0x22)) },
        Row(description: "DELETE of a key", needs: []) { DeleteCommand.key(identifier: nil, version: 0x32).apdu },
        Row(description: "GET DATA", needs: []) { GetDataCommand.keyInformation.apdu },
    ]

    private static let privilegeSets: [Privileges] = [
        [], .trustedPath, .authorizedManagement, [.trustedPath, .authorizedManagement], .globalDelete, .globalLock, .globalRegistry, .cardLock, .cardTerminate,
        [.dapVerification, .tokenVerification, .receiptGeneration, .cipheredLoadFileDataBlock, .cvmManagement, .globalService], .delegatedManagement,
    ]

    @Test("a domain does what its privileges allow; what is refused changes nothing", arguments: privilegeSets)
    func byPrivilege(_ privileges: Privileges) throws {
        let start = try Cards.make(Cards.managed)
        let host = try Cards.domain(start, privileges.union(.securityDomain))
        #expect(try host.status(Cards.putKey(Cards.keys(0x66), version: 0x32, under: Cards.keys(0x22))) == .success)
        let issuer = try Cards.issuer(start)
        #expect(try issuer.status(Signer(.aes).putKey(version: ManagementKeyVersion.token, under: Cards.isdKeys())) == .success)
        for aid in [Self.child, Self.other] {
            var install = InstallForInstall(securityDomain: aid, privileges: [.securityDomain], parameters: Self.parameters)
            install.makeSelectable = false
            #expect(try issuer.status(.install(install)) == .success)
        }
        #expect(try issuer.status(.extradition(InstallForExtradition(newSecurityDomain: Cards.ssd, object: Self.child))) == .success)
        let image = start.image
        for row in Self.rows {
            let card = SimulatedCard(image: image, random: SeededRandom(seed: 3))
            let domain = try Cards.session(card, Cards.ssd)
            let before = card.image
            let status = try domain.status(row.command())
            // Delegated Management asks for a token where Authorized Management asks for nothing.
            let managesContent = row.needs.contains(.authorizedManagement) || row.description == "DELETE of another's"
            let delegated = privileges.contains(.delegatedManagement) && managesContent
            // The token of a combined process comes with its end.
            let begins = delegated && row.description == "INSTALL [for load, install and make selectable]"
            let allowed = begins || row.needs.isEmpty || row.needs.contains { privileges.isSuperset(of: $0) }
            #expect(status == (allowed ? .success : delegated ? .securityStatusNotSatisfied : row.refusal), "\(row) with \(privileges)")
            if !allowed { #expect(card.image == before, "\(row) with \(privileges)") }
        }
    }

    /// Statuses in OP_READY, INITIALIZED, SECURED, CARD_LOCKED.
    private static let byState: [(name: String, command: @Sendable () throws -> CommandAPDU, locked: StatusWord)] = rows.compactMap { row in
        switch row.description {
        case "SET STATUS CARD_LOCKED", "SET STATUS TERMINATED": nil
        case "GET STATUS of its own", "GET STATUS of another's", "GET DATA": (row.description, row.command, .success)
        default: (row.description, row.command, .conditionsNotSatisfied)
        }
    }

    private func card(_ state: CardState) throws -> SimulatedCard {
        let card = try SimulatedCard.personalized(
            profile: Cards.managed, isdKeys: Cards.keys(0x22), issuerIdentificationNumber: [1], cardImageNumber: [2], keyDiversificationData: Cards.kdd,
            lifeCycleState: .opReady, random: SeededRandom(seed: 1))
        let host = try Cards.session(card, Cards.isd)
        #expect(try host.status(Cards.putKey(Cards.keys(0x66), version: 0x32, under: Cards.keys(0x22))) == .success)
        for aid in [Self.child, Self.other, Cards.ssd] {
            var install = InstallForInstall(securityDomain: aid, privileges: [.securityDomain], parameters: Self.parameters)
            install.makeSelectable = aid == Cards.ssd
            #expect(try host.status(.install(install)) == .success)
        }
        for next in [CardState.initialized, .secured, .cardLocked] where state.rawValue >= next.rawValue && state != .terminated {
            #expect(try host.status(SetStatusCommand.card(next).apdu) == .success)
        }
        if state == .terminated { #expect(try host.status(SetStatusCommand.card(.terminated).apdu) == .success) }
        return card
    }

    @Test("what the Issuer Security Domain does in each of the card's states", arguments: [CardState.opReady, .initialized, .secured, .cardLocked])
    func byState(_ state: CardState) throws {
        let image = try card(state).image
        for (name, command, locked) in Self.byState {
            let card = SimulatedCard(image: image, random: SeededRandom(seed: 3))
            let host = Host(card)
            #expect(try host.select(Cards.isd).statusWord == (state == .cardLocked ? .selectedLocked : .success))
            #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
            let before = card.image
            let status = try host.status(command())
            #expect(status == (state == .cardLocked ? locked : .success), "\(name) in \(state)")
            if !status.isSuccess { #expect(card.image == before, "\(name) in \(state)") }
        }
    }

    @Test("every way between the card's states, legal and not")
    func transitions() throws {
        let states = CardState.allCases
        let legal: Set<[CardState]> = [
            [.opReady, .initialized], [.initialized, .secured], [.secured, .cardLocked], [.cardLocked, .secured], [.opReady, .terminated],
            [.initialized, .terminated], [.secured, .terminated], [.cardLocked, .terminated],
        ]
        for from in states where from != .terminated {
            let image = try card(from).image
            for to in states {
                let card = SimulatedCard(image: image, random: SeededRandom(seed: 3))
                let host = Host(card)
                try host.select(Cards.isd)
                #expect(try host.open(Cards.keys(0x22), version: 0x30) == .success)
                let isLegal = legal.contains([from, to])
                #expect(try host.status(SetStatusCommand.card(to).apdu) == (isLegal ? .success : .conditionsNotSatisfied), "\(from) to \(to)")
                #expect(card.entry(Cards.isd)?.cardState == (isLegal ? to : from))
            }
        }
    }

    @Test("a TERMINATED card answers GET DATA and nothing else, whatever is asked, for good")
    func terminated() throws {
        let card = try card(.terminated)
        card.reset()
        for _ in 0..<2 {
            #expect(try card.transmit(GetDataCommand.cardProductionLifeCycle.apdu).statusWord == .success)
            #expect(try card.transmit(GetDataCommand.cardRecognitionData.apdu).statusWord == .success)
            for instruction in UInt8.min...UInt8.max where instruction != Instruction.getData && instruction != Instruction.getResponse {
                let status = try card.transmit(CommandAPDU(cla: 0x80, ins: instruction, p1: 0, p2: 0)).statusWord
                #expect([.conditionsNotSatisfied, .instructionNotSupported].contains(status), "\(instruction): \(status)")
            }
            for command in [SelectCommand(aid: Cards.isd).apdu, ManageChannelCommand.open.apdu] {
                #expect(try card.transmit(command).statusWord == .conditionsNotSatisfied)
            }
            card.reset()
        }
        #expect(card.entry(Cards.isd)?.cardState == .terminated)
    }

    /// Every state of an object against what SET STATUS can ask, by the domain above.
    @Test("every transition of a security domain and of an application, legal and not")
    func objectTransitions() throws {
        let start = try Cards.make()
        let host = try Cards.withDomain(start)
        let cap = try CAPFile(Applets.archive("ticket-1.0-jc304"))
        #expect(try host.load(cap) == .success)
        let instance = Cards.aid("f054534d5301010101")
        for isDomain in [true, false] {
            for makeSelectable in [true, false] {
                for isLocked in [true, false] {
                    for control in [0x00, 0x80, 0x03, 0x07, 0x0F, 0xFF] as [UInt8] {
                        let card = SimulatedCard(image: start.image, random: SeededRandom(seed: 3))
                        let domain = try Cards.session(card, Cards.ssd)
                        let aid = isDomain ? Self.child : instance
                        if isDomain {
                            var install = InstallForInstall(securityDomain: aid, parameters: Self.parameters)
                            install.makeSelectable = makeSelectable
                            #expect(try domain.status(.install(install)) == .success)
                        } else {
                            #expect(try domain.install(cap, module: #require(cap.applets.first).aid, as: aid, makeSelectable: makeSelectable) == .success)
                        }
                        if isLocked { #expect(try domain.status(SetStatusCommand.lock(aid).apdu) == .success) }
                        let present = try #require(card.entry(aid)?.lifeCycleState)
                        // b8 locks what is not LOCKED; anything else unlocks what is. Nothing else is a domain's to set.
                        let isLegal = (control & 0x80 != 0) != isLocked
                        let expected: UInt8 = isLegal ? present ^ 0x80 : present
                        let status = try domain.status(SetStatusCommand(scope: .application, stateControl: control, aid: aid).apdu)
                        #expect(status == (isLegal ? .success : .conditionsNotSatisfied), "\(present) with \(control)")
                        #expect(card.entry(aid)?.lifeCycleState == expected, "\(present) with \(control)")
                    }
                }
            }
        }
    }
}
