import DeploymentDocument
import GlobalPlatform
import KeyVaultAPI
import Provisioning
import Testing
import TrustedServiceModel

/// The C-APDUs of a deployment for each variation of what a service provider configures (TR-03165 3.2.1.1, 4.1.4.7, 4.1.4.12 to 4.1.4.15), read back
/// as a card reads them.
@Suite("golden traces: ApplicationConfig → C-APDUs")
struct GoldenTraceTests {
    private static let package = "F054534D530101", module = "F054534D53010101", instance = "F054534D5301010101"

    private func hex(_ aid: AID) -> String { Hex.encodeUpperCase(aid.bytes) }

    /// One plain command in words.
    private func words(_ command: ChannelCommand) throws -> String {
        switch command {
        case .apdu(let bytes):
            let apdu = try CommandAPDU(bytes: bytes.bytes)
            switch apdu.ins {
            case Instruction.install: return try words(try InstallCommand.parse(apdu))
            case Instruction.load:
                let load = try LoadCommand.parse(apdu)
                return "LOAD \(load.blockNumber)\(load.isLast ? " last" : "") of \(load.block.count)"
            case Instruction.setStatus:
                let set = try SetStatusCommand.parse(apdu)
                return "SET STATUS \(set.aid.map(hex) ?? "") \(Hex.encodeUpperCase([set.stateControl]))"
            case Instruction.getStatus:
                let get = try GetStatusCommand.parse(apdu)
                return "GET STATUS \(Hex.encodeUpperCase([get.scope.rawValue])) \(Hex.encodeUpperCase(get.aidPrefix))"
            case Instruction.delete:
                guard case .object(let aid, let related, nil) = try DeleteCommand.parse(apdu) else { return "DELETE of something else" }
                return "DELETE \(hex(aid))\(related ? " related" : "")"
            default: return "INS \(Hex.encodeUpperCase([apdu.ins]))"
            }
        case .putKey(_, let version, let replacing): return "PUT KEY \(Hex.encodeUpperCase([version])) for \(replacing.map { Hex.encodeUpperCase([$0]) } ?? "none")"
        case .storeAttestationToken(let request): return "STORE DATA token of \(request.processId), Flavor \(request.flavorId)\(request.diversifiedKeySetId.map { ", diversification of \($0)" } ?? "")"
        default: return "another directive"
        }
    }

    private func words(_ install: InstallCommand) throws -> String {
        switch install {
        case .load(let load):
            return "INSTALL [for load] \(hex(load.loadFile)) in \(load.securityDomain.map(hex) ?? "") hash \(load.loadFileDataBlockHash.count) parameters \(Hex.encodeUpperCase(load.parameters.bytes))"
        case .install(let made):
            return "INSTALL [for install] \(hex(made.loadFile)) \(hex(made.module)) \(hex(made.application)) privileges \(Hex.encodeUpperCase(made.privileges.bytes)) parameters \(Hex.encodeUpperCase(made.parameters.bytes))"
        case .makeSelectable(let selectable): return "INSTALL [for make selectable] \(hex(selectable.application))"
        case .personalization(let aid): return "INSTALL [for personalization] \(hex(aid))"
        default: return install.name
        }
    }

    private func trace(_ document: DeploymentDocument, _ commands: [ServiceCommand.Kind] = [.install, .personalize, .activate], lock: Bool = false, payload: Int = 239) throws -> [String] {
        let sessions = try DeploymentPlanner.sessions(DeploymentPlanner.Input(document: document, commands: commands, lockAtEnd: lock, challenge: .predictable,
                                                                              removesRemainder: false, transportKeyIndex: "transport"))
        var lines: [String] = []
        for case .securityDomain(_, let steps) in sessions {
            let attested = document.applications.filter(\.provideAttestationToken)
            let tokens = Dictionary(uniqueKeysWithValues: attested.map {
                ($0.instanceAid, AttestationTokenRequest(processId: "process", flavorId: "flavor", diversifiedKeySetId: $0.includeSecurityDomainDiversificationData ? "keys" : nil))
            })
            let blocks = Dictionary(uniqueKeysWithValues: document.loadFiles.map { ($0.packageAid, [UInt8](repeating: 0xCA, count: $0.size)) })
            let script = try SecurityDomainScript(steps: steps, document: document, material: SecurityDomainScript.Material(
                loadFileDataBlocks: blocks, attestations: tokens, finalKeySet: ("keys", 0x31, 0x30), maximumPayload: payload))
            lines += try script.commands.map(words)
        }
        return lines
    }

    private func expected(privileges: String = "000000", parameters: String = "C900", tokens: [String] = [], selectable: Bool = true, locked: Bool = false) -> [String] {
        let instance = Self.instance
        return ["PUT KEY 31 for 30", "INSTALL [for load] \(Self.package) in F054534D53D001 hash 32 parameters ", "LOAD 0 of 239", "LOAD 1 of 239", "LOAD 2 of 239", "LOAD 3 last of 187",
                "INSTALL [for install] \(Self.package) \(Self.module) \(instance) privileges \(privileges) parameters \(parameters)"]
            + tokens.flatMap { ["INSTALL [for personalization] \(instance)", $0] }
            + (selectable ? ["INSTALL [for make selectable] \(instance)"] : []) + (locked ? ["SET STATUS \(instance) 80"] : []) + ["GET STATUS 40 \(instance)"]
    }

    private func ticket(_ change: (inout ApplicationDocument) throws -> Void = { _ in }) throws -> DeploymentDocument {
        var document = try Documents.ticket(token: false)
        try change(&document.applications[0])
        return document
    }

    @Test("nothing asked for: no token arrives, no privileges, an empty C9")
    func plain() throws { #expect(try trace(ticket()) == expected()) }

    @Test("privileges: CVM Management, Global Service, Contactless Self-Activation, Privacy Trusted, and all of them", arguments: ["020000", "000100", "000010", "000008", "020118"])
    func privileges(text: String) throws {
        let bytes = try Hex.decode(text)
        #expect(try trace(ticket { $0.privileges = HexBytes(bytes) }) == expected(privileges: text))
    }

    @Test("installation parameters go into C9, as they are", arguments: ["", "00", "0102030405", String(repeating: "AB", count: 127)])
    func parameters(text: String) throws {
        let bytes = try Hex.decode(text)
        #expect(try trace(ticket { $0.applicationSpecificInstallParameter = HexBytes(bytes) }) == expected(parameters: "C9" + Hex.encodeUpperCase([UInt8(bytes.count)]) + text))
    }

    @Test("attestation token: with and without diversification data, and only on request")
    func tokens() throws {
        #expect(try trace(ticket { $0.provideAttestationToken = true }) == expected(tokens: ["STORE DATA token of process, Flavor flavor"]))
        #expect(try trace(ticket { $0.provideAttestationToken = true; $0.includeSecurityDomainDiversificationData = true })
            == expected(tokens: ["STORE DATA token of process, Flavor flavor, diversification of keys"]))
        // Diversification data is part of a token; alone it asks for none.
        #expect(try trace(ticket { $0.includeSecurityDomainDiversificationData = true }) == expected())
        // The token belongs to Personalize.
        #expect(try trace(ticket { $0.provideAttestationToken = true }, [.install, .activate]) == expected())
    }

    @Test("selectability and suspension")
    func activation() throws {
        #expect(try trace(ticket { $0.makeSelectable = false }) == expected(selectable: false))
        #expect(try trace(ticket(), lock: true) == expected(locked: true))
        #expect(try trace(ticket(), [.install]) == expected(selectable: false))
    }

    @Test("what the issuer is asked for: one rule for each application that is accessible and each app; interfaces as configured",
          arguments: [(true, false), (false, true), (true, true), (false, false)])
    func accessRules(apdu: Bool, nfc: Bool) throws {
        var document = try ticket { ($0.accessibleViaApdu, $0.accessibleViaNfc) = (apdu, nfc) }
        document.service.accessAuthorizedDeviceApps.append(String(repeating: "cd", count: 20))
        let rules = try DeploymentPlanner.accessRules(document)
        #expect(rules.count == (apdu || nfc ? 2 : 0))
        #expect(rules.allSatisfy { $0.aid == document.applications[0].instanceAid && $0.apdu == apdu && $0.nfc == nfc })
        #expect(rules.map { $0.deviceAppId?.bytes.count } == (apdu || nfc ? [32, 20] : []))
        // Neither changes what is sent to the domain: reachability over the air is the applet's own affair (its privilege, its parameters).
        #expect(try trace(document) == expected())
    }

    @Test("several load files and modules: libraries first, applications in the order of their priority")
    func several() throws {
        var document = try ticket()
        func aid(_ text: String) throws -> AID { try AID(hex: text) }
        let library = LoadFileDocument(executableLoadFileId: "library", packageAid: try aid("F054534D530109"), sha256: HexBytes([UInt8](repeating: 9, count: 32)), size: 10, moduleAids: [])
        document.loadFiles.insert(library, at: 0)
        document.loadFiles[1].moduleAids.append(try aid("F054534D53010102"))
        var second = document.applications[0]
        (second.moduleAid, second.instanceAid) = (try aid("F054534D53010102"), try aid("F054534D5301010201"))
        document.applications.insert(second, at: 0)
        #expect(try trace(document, [.install]) == [
            "PUT KEY 31 for 30", "INSTALL [for load] F054534D530109 in F054534D53D001 hash 32 parameters ", "LOAD 0 last of 12",
            "INSTALL [for load] \(Self.package) in F054534D53D001 hash 32 parameters ", "LOAD 0 of 239", "LOAD 1 of 239", "LOAD 2 of 239", "LOAD 3 last of 187",
            "INSTALL [for install] \(Self.package) F054534D53010102 F054534D5301010201 privileges 000000 parameters C900",
            "INSTALL [for install] \(Self.package) \(Self.module) \(Self.instance) privileges 000000 parameters C900",
            "GET STATUS 40 F054534D5301010201", "GET STATUS 40 \(Self.instance)",
        ])
        // Termination takes all of it off again, the other way round.
        let sessions = TerminationPlanner.sessions(document: document, ownKeysWork: true, holdsSecurityDomain: true, rules: [])
        guard case .securityDomain(.final, let steps)? = sessions.first else { Issue.record("no session of ours"); return }
        let script = try SecurityDomainScript(steps: steps, document: document, material: .init(loadFileDataBlocks: [:], attestations: [:], finalKeySet: nil, maximumPayload: 239))
        #expect(try script.commands.map(words) == ["DELETE \(Self.instance)", "DELETE F054534D5301010201", "DELETE \(Self.package) related", "DELETE F054534D530109 related"])
    }

    @Test("shorter blocks for long MACs", arguments: [(239, 4), (223, 5), (247, 4)])
    func blocks(payload: Int, count: Int) throws { #expect(try trace(ticket(), payload: payload).count { $0.hasPrefix("LOAD ") } == count) }
}
