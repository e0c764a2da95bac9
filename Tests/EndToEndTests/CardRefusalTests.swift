import Cryptography
import Foundation
import GlobalPlatform
import SecureComponentSimulator
import Testing
import TrustedServiceModel

extension EndToEnd.Shared {
    /// A card that says of itself what the handset's card says, with keys of another master key.
    private func impostor(of testbed: RunningTestbed) throws -> SimulatedCard {
        let genuine = try SimulatedCard(opening: CardFile(path: TestHandset.cardPath(testbed, 0)))
        let identity = try CardFileContent(path: TestHandset.cardPath(testbed, 0)).identity
        let master = try SecretBytes.random(count: genuine.profile.keyLength, using: SystemRandom.forKeys)
        return try SimulatedCard.personalized(
            profile: genuine.profile, isdKeys: try DiversificationScheme.kdf3.keys(master: master, keyDiversificationData: identity.keyDiversificationData.bytes),
            issuerIdentificationNumber: identity.issuerIdentificationNumber.bytes, cardImageNumber: identity.cardImageNumber.bytes,
            keyDiversificationData: identity.keyDiversificationData.bytes)
    }

    @Test("a card that answers a wrong cryptogram: refused, nothing is created, revealed or changed")
    func wrongCryptogram() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let id = try await handset.create(testbed).id
            let before = handset.content
            try await withHandset(try TestHandset(testbed, card: try impostor(of: testbed))) { other in
                let content = other.content
                let refusals: Set<ErrorCategory> = [.secureComponentError, .noEligibleSecureComponent]
                let created = await other.client.createServiceInstance(serviceId: try testbed.service(), version: "1.0.0")
                #expect(refusals.contains(created.executionStatus) && created.serviceInstance == nil, "\(created.executionMessage)")
                let listed = await other.client.getServiceInstances(serviceId: try testbed.service())
                #expect(listed.serviceInstances.isEmpty && listed.executionStatus != .noError, "\(listed.executionMessage)")
                let deployed = await other.deploy(id)
                #expect(refusals.contains(deployed.processInfo.executionStatus) && deployed.processInfo.processId.isEmpty, "\(deployed.processInfo.executionMessage)")
                #expect(deployed.serviceCommandResults.allSatisfy { $0.commandExecutionStatus == .notExecuted })
                let terminated = await other.terminate(id)
                #expect(refusals.contains(terminated.processInfo.executionStatus), "\(terminated.processInfo.executionMessage)")
                #expect(other.content == content)
            }
            #expect(handset.content == before)
            #expect(try await handset.instances(testbed).map(\.state) == [.notDeployed])
            try await handset.clear(testbed)
        }
    }

    @Test("a card that is not there: no proof, no deployment; the instance stays as it is")
    func absentCard() async throws {
        let testbed = try RunningTestbed.required()
        try await withHandset(try TestHandset(testbed)) { handset in
            try await handset.clear(testbed)
            let id = try await handset.create(testbed).id
            let before = handset.content
            // The other handset with its own genuine card, then without any.
            for isEmpty in [false, true] {
                try await withHandset(try TestHandset(testbed, 1, isEmpty: isEmpty)) { other in
                    let content = other.content
                    let deployed = await other.deploy(id)
                    #expect(deployed.processInfo.executionStatus == .secureComponentInaccessible, "\(deployed.processInfo.executionMessage)")
                    #expect(deployed.serviceCommandResults.allSatisfy { $0.commandExecutionStatus == .notExecuted } && deployed.processInfo.processId.isEmpty)
                    #expect(await other.terminate(id).processInfo.executionStatus == .secureComponentInaccessible)
                    #expect(other.content == content)
                    let listed = await other.client.getServiceInstances(serviceId: try testbed.service())
                    #expect(listed.serviceInstances.isEmpty)
                }
            }
            #expect(handset.content == before)
            #expect(try await handset.instances(testbed).map(\.state) == [.notDeployed])
            // Whoever has the card can go on.
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
            try await handset.clear(testbed)
            #expect(handset.content == before)
        }
    }
}
