import GlobalPlatform
import KeyVaultAPI
import SecureComponentSimulator
@testable import SPTSMHandset
import Synchronization
import TrustedServiceModel

/// What an operation does when nothing fails: the measure for its cases.
struct FaultBaseline: Sendable {
    /// Commands to the card, from the first one of the handshake on.
    var commands: Int
    var before: CardContent
    var goal: CardContent
    /// State of the instance before and after; nil: there is none.
    var stateBefore: ServiceInstanceState?
    var stateAfter: ServiceInstanceState?
}

/// One case of the matrix, from a new card to an empty one.
struct FaultRun {
    let world: FaultWorld
    let column: FaultColumn

    private final class Watch: Sendable {
        struct Seen: Sendable {
            var commands: [[UInt8]] = []
            var reasons: [String?] = []
            var isLate = false
        }
        let seen = Mutex(Seen())
    }

    /// Without a fault.
    func baseline() async throws -> FaultBaseline {
        let (card, device) = try await world.newCard(column.card)
        let phone = try world.phone(column.agent, card, device: device)
        let id = try await column.operation.prepare(phone, card)
        let before = CardContent(card, world.domain)
        let stateBefore = await phone.instances().found.first?.state
        let watch = Watch()
        card.observe { exchange in watch.seen.withLock { $0.commands.append(exchange.command) } }
        let told = await column.operation.perform(phone, id)
        card.observe(nil)
        guard told.category == .noError else { throw FaultViolation(["without a fault: \(told.message)"]) }
        let after = await phone.instances().found.first
        let baseline = FaultBaseline(commands: watch.seen.withLock { $0.commands.count }, before: before, goal: CardContent(card, world.domain), stateBefore: stateBefore, stateAfter: after?.state)
        if let id = after?.id {
            let ended = await phone.terminate(id)
            guard ended.category == .noError else { throw FaultViolation(["terminate without a fault: \(ended.message)"]) }
        }
        return baseline
    }

    /// - Throws: `FaultViolation` with everything that is not as it has to be.
    func run(_ given: FaultCase, _ baseline: FaultBaseline) async throws {
        var wrong: [String] = []
        func check(_ condition: Bool, _ what: @autoclosure () -> String) { if !condition { wrong.append(what()) } }

        let operation = column.operation
        let (card, device) = try await world.newCard(column.card)
        let blank = CardContent(card, world.domain)
        let phone = try world.phone(column.agent, card, device: device)
        let id = try await operation.prepare(phone, card)
        let before = CardContent(card, world.domain)

        let watch = Watch()
        let (index, kind) = (given.index, given.kind)
        card.observe { exchange in
            watch.seen.withLock { seen in
                if kind == .slow, seen.commands.count == index { seen.isLate = true }
                seen.commands.append(exchange.command)
                seen.reasons.append(exchange.reason)
            }
        }
        let world = world
        phone.transport.before.withLock { hooks in
            for request in 1...400 {
                hooks[request] = {
                    let isLate = watch.seen.withLock { seen in defer { seen.isLate = false }; return seen.isLate }
                    if isLate { try await world.letLeasesEnd() }
                }
            }
        }
        if let fault = kind.fault(given.variant) { card.inject(.at(index, fault)) }
        let told = await operation.perform(phone, id)
        card.inject(FaultPlan())
        card.observe(nil)
        phone.transport.before.withLock { $0 = [:] }
        let seen = watch.seen.withLock { $0 }
        let hit = index < seen.commands.count ? Hex.encodeUpperCase(Array(seen.commands[index].prefix(5))) : "nothing"

        // What was told, and what is so.
        let after = CardContent(card, world.domain)
        let found = await phone.instances()
        check(found.told.category == .noError, "the instances cannot be asked for: \(found.told.message)")
        let state = found.found.first?.state
        if told.category == .noError {
            check(after == baseline.goal, "success was told, and the card differs: \(after.difference(from: baseline.goal))")
            check(state == baseline.stateAfter, "success was told, and the state is \(String(describing: state))")
            if index < seen.commands.count, [.error, .drop, .lostResponse].contains(kind), !Self.isSurvivable(seen.commands[index]) { check(false, "command \(hit) failed and nobody noticed") }
        } else {
            // A channel that cannot be had or read interrupts the order, whatever the card says; agents of others do not say that it was the channel.
            let isOwn = index < seen.commands.count && told.category == .executionInterrupted
                && (Self.isSurvivable(seen.commands[index]) || given.column.agent == .runsOn && Array(seen.commands[index].prefix(2)) == [0x00, Instruction.manageChannel])
            check(kind.categories.contains(told.category) || isOwn, "category \(told.category.rawValue) is none of this kind: \(told.message)")
            check(told.message.hasPrefix(told.category.title + ": ") && told.message.count > told.category.title.count + 12, "the message says nothing: \(told.message)")
            if kind == .error { checkWords(told, given, seen.commands, check) }
            if operation == .create {
                check(found.found.isEmpty, "creation failed, and there is an instance")
                check(after == before, "creation changed the card: \(after.difference(from: before))")
            } else if state == .inError {
                // Only where the TSM knows all that the card did it can know that it did nothing.
                if kind == .error, after == before, baseline.stateBefore != .inError { check(false, "InError, and nothing changed on the card: \(told.message)") }
            } else if operation == .deployInThree {
                check(state.map { [.notDeployed, .installed, .personalized].contains($0) } ?? false, "state \(String(describing: state)) after a failure")
            } else {
                check(state == baseline.stateBefore || (state == .notDeployed && after == blank), "state \(String(describing: state)), before it \(String(describing: baseline.stateBefore)): \(told.message)")
                check(after == before || (state == .notDeployed && after == blank), "state as before, and the card is not: \(after.difference(from: before))")
            }
            if let toldState = told.state, toldState != .unknown { check(toldState == state, "told state \(toldState), stored \(String(describing: state))") }
        }
        var open = try await world.openDialogs()
        if kind == .slow {
            // The handset whose report came too late has no dialog any more; the issuer's went with it.
            check(open.handset == 0, "\(open.handset) dialogs are open")
        }
        check(open == (0, 0), "dialogs are left open: \(open)")
        check(card.failedAuthentications < 3, "\(card.failedAuthentications) wrong host cryptograms")

        // A channel that was not closed keeps what is selected on it until the card is without power, as at the end of a handset's day.
        if index < seen.commands.count, seen.commands[index].starts(with: [0x00, 0x70, 0x80]) { card.reset() }
        // The next call.
        if told.category != .noError {
            if given.terminatesNext, let id, found.found.first != nil {
                let next = await phone.terminate(id)
                check(next.category == .noError, "after '\(told.message)' terminate: \(next.message)")
            } else {
                let next = await operation.repeated(phone, id, state: state)
                check(next.category == .noError, "after '\(told.message)' the same again: \(next.message)")
                let recovered = CardContent(card, world.domain)
                check(recovered == baseline.goal, "after the same again the card differs: \(recovered.difference(from: baseline.goal))")
            }
        }
        wrong += try await keys(card, told)
        // And away.
        for instance in await phone.instances().found {
            let ended = await phone.terminate(instance.id)
            check(ended.category == .noError, "terminate at the end: \(ended.message)")
        }
        let end = CardContent(card, world.domain)
        check(end == blank, "terminated, and the card is not empty: \(end.difference(from: blank))")
        wrong += try await keys(card, told)
        open = try await world.openDialogs()
        check(open == (0, 0), "dialogs are left open at the end: \(open)")
        let unproven = try await world.unprovenAuthentications()
        check(unproven < 3, "\(unproven) authentications are counted as not proven")
        if !wrong.isEmpty { throw FaultViolation(["command \(index) was \(hit) of \(seen.commands.count); told \(told.category.rawValue) '\(told.message)', state \(String(describing: state))"] + wrong) }
    }

    /// Key sets live or pending are on the card, and the card has the one domain that they are of.
    private func keys(_ card: SimulatedCard, _ told: Told) async throws -> [String] {
        var wrong: [String] = []
        let domains = card.image.registry.count { $0.aid == world.domain }
        if domains > 1 { wrong.append("\(domains) security domains") }
        let onCard = try card.keyCheckValues(of: world.domain, version: 0x31)
        let own = try await world.keySetsInUse(world.bench.spVault)
        let isOwn = own.map(\.values) == (onCard.map { [$0] } ?? [])
        if !isOwn { wrong.append("the SP TSM's vault has \(own.map { "\($0.state) \($0.version)" }) in use, the card \(onCard == nil ? "none" : "one of version 31")") }
        // First keys were replaced by the SP TSM; the issuer, whom nobody tells, holds them as live until their domain goes.
        let issuers = try await world.keySetsInUse(world.bench.issuerVault)
        let expected = domains == 0 ? [] : ["live"]
        if issuers.map(\.state) != expected { wrong.append("the issuer's vault has \(issuers.map { "\($0.state) \($0.version)" }) in use, the card \(domains) domains") }
        return wrong
    }

    private func checkWords(_ told: Told, _ given: FaultCase, _ commands: [[UInt8]], _ check: (Bool, @autoclosure () -> String) -> Void) {
        guard given.index < commands.count, let command = try? CommandAPDU(bytes: commands[given.index]), told.category == .secureComponentError || told.category == .issuerError else { return }
        let statusWord = FaultKind.refusal(given.variant)
        let explanations = [statusWord.explanation(ins: nil), statusWord.explanation(ins: command.ins)]
        // Readers tell both in one word: there is no such application.
        if command.ins == Instruction.select, statusWord == .referencedDataNotFound { return }
        check(told.message.uppercased().contains(Hex.encodeUpperCase(statusWord.bytes)), "the message does not name status word \(statusWord): \(told.message)")
        check(explanations.contains { told.message.contains($0) }, "the message does not put \(statusWord) into words: \(told.message)")
        check(told.message.contains("'") || told.message.contains("session "), "the message does not name the step: \(told.message)")
    }

    /// Whether the process can do without the command's answer: closing of a logical channel, and keyless reads of the handset for which there are
    /// other ways (a counter that cannot be read only means that challenges are waited for).
    private static func isSurvivable(_ bytes: [UInt8]) -> Bool {
        guard let command = try? CommandAPDU(bytes: bytes) else { return false }
        if command.cla & 0x80 == 0 { return command.ins == Instruction.manageChannel && command.p1 == 0x80 }
        return command.ins == Instruction.getData && !command.isSecureMessaging
    }
}

/// What is not as it has to be.
struct FaultViolation: Error, CustomStringConvertible {
    var lines: [String]
    init(_ lines: [String]) { self.lines = lines }
    var description: String { lines.joined(separator: "\n    ") }
}
