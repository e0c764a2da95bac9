import GlobalPlatform
import KeyVaultAPI
import SEIAPI

/// C-APDUs of a session as they leave, with the names of their steps.
struct SessionScript: Sendable, Hashable {
    var commands: [HexBytes]
    var steps: [SEI.Step]
    /// C-APDUs of each planned command.
    var layout: [Int]

    /// SELECT of the security domain and INITIALIZE UPDATE; the rest follows once the card's challenge is known.
    static func opening(_ domain: AID, _ script: ChannelScript) throws(SEIError) -> SessionScript {
        guard let initializeUpdate = script.initializeUpdate else { throw incomplete("INITIALIZE UPDATE") }
        return SessionScript(commands: [select(domain), initializeUpdate],
                             steps: [SEI.Step(name: selection(domain), first: 0, count: 1), SEI.Step(name: "open the secure channel", first: 1, count: 1)],
                             layout: [])
    }

    /// EXTERNAL AUTHENTICATE and all planned commands.
    static func rest(_ plan: [PlannedCommand], _ script: ChannelScript) throws(SEIError) -> SessionScript {
        guard let externalAuthenticate = script.externalAuthenticate else { throw incomplete("EXTERNAL AUTHENTICATE") }
        return try body([externalAuthenticate], [SEI.Step(name: "authenticate", first: 0, count: 1)], plan, script)
    }

    /// Everything at once: the card's challenge is foreseen.
    static func whole(_ domain: AID, _ plan: [PlannedCommand], _ script: ChannelScript) throws(SEIError) -> SessionScript {
        guard let initializeUpdate = script.initializeUpdate else { throw incomplete("INITIALIZE UPDATE") }
        guard let externalAuthenticate = script.externalAuthenticate else { throw incomplete("EXTERNAL AUTHENTICATE") }
        let steps = [SEI.Step(name: selection(domain), first: 0, count: 1), SEI.Step(name: "open the secure channel", first: 1, count: 2)]
        return try body([select(domain), initializeUpdate, externalAuthenticate], steps, plan, script)
    }

    /// More commands in a session that is open.
    static func continuation(_ plan: [PlannedCommand], _ script: ChannelScript) throws(SEIError) -> SessionScript {
        try body([], [], plan, script)
    }

    private static func body(_ head: [HexBytes], _ headSteps: [SEI.Step], _ plan: [PlannedCommand], _ script: ChannelScript) throws(SEIError) -> SessionScript {
        guard script.wrapped.count == plan.count else {
            throw SEIError(.internalError, "the key vault wrapped \(script.wrapped.count) commands where \(plan.count) were given")
        }
        var commands = head
        var steps = headSteps
        for (planned, wrapped) in zip(plan, script.wrapped) {
            if let last = steps.indices.last, steps[last].name == planned.step, steps[last].first + steps[last].count == commands.count {
                steps[last].count += wrapped.count
            } else {
                steps.append(SEI.Step(name: planned.step, first: commands.count, count: wrapped.count))
            }
            commands += wrapped
        }
        return SessionScript(commands: commands, steps: steps, layout: script.wrapped.map(\.count))
    }

    /// The step's name, for people.
    static func selection(_ domain: AID) -> String { "select security domain \(domain)" }

    private static func select(_ domain: AID) -> HexBytes {
        HexBytes(SelectCommand(aid: domain).apdu.bytes)
    }

    private static func incomplete(_ command: String) -> SEIError {
        SEIError(.internalError, "the key vault opened a channel without \(command)")
    }
}
