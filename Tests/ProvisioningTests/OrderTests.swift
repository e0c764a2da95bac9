import DeploymentDocument
import GlobalPlatform
import KeyVaultAPI
import Provisioning
import Testing
import TrustedServiceModel

@Suite("orders and reports")
struct OrderTests {
    let pieces = [
        OrderPiece(session: 0, part: .whole, commands: [[0x00], [0x01], [0x02]].map { HexBytes($0) },
                   steps: [OrderPiece.Step(name: "open", first: 0, count: 2), OrderPiece.Step(name: "do", first: 2, count: 1)]),
        OrderPiece(session: 1, part: .opening, commands: [HexBytes([0x03])], steps: []),
    ]

    @Test("an order starts, runs in sequence and tells its progress between the steps")
    func order() {
        let order = OrderBuilder.order(pieces, component: SERAM.SecureElement(seType: .eSE, seId: "01"), start: "s", progressBefore: 0, progressAfter: 80) { "p\($0)" }
        #expect(order.ramCommands == [.start, .notification("s"), .apdus(["00", "01"]), .notification("p40"), .apdus(["02"]), .notification("p60"), .apdus(["03"]), .notification("p80")])
    }

    @Test("a report is taken apart by the layout, short ones too")
    func split() throws {
        let layout = OrderLayout(pieces)
        func split(_ lists: [[String]]) throws -> [[HexBytes]] {
            try ReportSplitter.split(SERAM.Report(localAgentStatus: .init(.processed), ramResponses: lists.map { SERAM.Response(listOfRAPDU: $0) }), by: layout)
        }
        #expect(try split([["9000", "019000"], ["9000"], ["6A80"]]).map(\.count) == [3, 1])
        #expect(try split([["9000", "6985"]]).map(\.count) == [2, 0])
        #expect(try split([]).map(\.count) == [0, 0])
        // Agents that run on fill what is missing with empty strings: nothing after the first counts.
        #expect(try split([["9000", ""], ["9000"]]).map(\.count) == [1, 0])
        #expect(throws: TSMFailure.self) { try split([["9000", "9000", "9000", "9000", "9000"]]) }
        #expect(throws: TSMFailure.self) { try split([["90"]]) }
        #expect(throws: TSMFailure.self) { try split([["zz00"]]) }
    }

    @Test("the script of a content session: commands in order, blocks within the payload, steps named")
    func script() throws {
        let document = try Documents.ticket()
        let package = document.loadFiles[0].packageAid, instance = document.applications[0].instanceAid
        let steps: [ProvisioningStep] = [.load(package: package), .install(instance: instance), .personalize(instance: instance), .makeSelectable(instance: instance), .proveApplication(instance, state: 7), .rotateKeys]
        let attestation = AttestationTokenRequest(processId: "process", flavorId: document.flavorId, diversifiedKeySetId: nil)
        let material = SecurityDomainScript.Material(loadFileDataBlocks: [package: Array(repeating: 0xCA, count: 900)], attestations: [instance: attestation],
                                                     finalKeySet: ("keys", 0x31, 0x30), maximumPayload: 239)
        let script = try SecurityDomainScript(steps: steps, document: document, material: material)
        let apdus = script.commands.compactMap { command -> CommandAPDU? in if case .apdu(let bytes) = command { try? CommandAPDU(bytes: bytes.bytes) } else { nil } }
        #expect(apdus.map(\.ins) == [0xE6, 0xE8, 0xE8, 0xE8, 0xE8, 0xE6, 0xE6, 0xE6, 0xF2])
        #expect(apdus.allSatisfy { $0.data.count <= 239 })
        // After INSTALL [for personalization]: the vault builds the token, and its STORE DATA.
        #expect(script.commands[7] == .storeAttestationToken(attestation))
        #expect(script.commands.last == .putKey(keySetId: "keys", keyVersionNumber: 0x31, replacing: 0x30))
        let named = script.steps(wrapped: script.commands.map { _ in [HexBytes([0])] }, offset: 3)
        #expect(named.first?.count == 3 && named.map(\.count).reduce(0, +) == script.commands.count + 3)
        #expect(named[1].name.contains("load package"))
        #expect(throws: TSMFailure.self) {
            try SecurityDomainScript(steps: [.load(package: package)], document: document, material: .init(loadFileDataBlocks: [:], attestations: [:], finalKeySet: nil, maximumPayload: 239))
        }
    }

    @Test("proofs: state, check values and response MACs are held against the plan")
    func proofs() throws {
        let instance = try AID(hex: "F054534D5301010101")
        func entry(_ state: UInt8) -> HexBytes { HexBytes(RegistryEntry(aid: instance, lifeCycleState: state, privileges: []).encoded().bytes) }
        func objection(_ step: ProvisioningStep, _ data: HexBytes, proven: Bool = true) -> String? {
            ContentProof.objection(commandsPerEntry: [(step, 1)], responses: [VerifiedResponse(statusWord: 0x9000, data: data, proven: proven)],
                                   finalKeyCheckValues: [HexBytes([1, 2, 3]), HexBytes([4, 5, 6]), HexBytes([7, 8, 9])], finalKeyVersion: 0x31, requiresProof: true)
        }
        #expect(objection(.proveApplication(instance, state: 0x07), entry(0x07)) == nil)
        #expect(objection(.proveApplication(instance, state: 0x07), entry(0x0F)) == nil)
        #expect(objection(.proveApplication(instance, state: 0x07), entry(0x03)) != nil)
        #expect(objection(.proveApplication(instance, state: 0x87), entry(0x07)) != nil)
        #expect(objection(.proveApplication(instance, state: 0x07), HexBytes([0xFF])) != nil)
        #expect(objection(.proveApplication(instance, state: 0x07), entry(0x07), proven: false) != nil)
        #expect(objection(.rotateKeys, HexBytes([0x31, 1, 2, 3, 4, 5, 6, 7, 8, 9])) == nil)
        #expect(objection(.rotateKeys, HexBytes([0x31, 1, 2, 3, 4, 5, 6, 7, 8, 0])) != nil)
    }
}
