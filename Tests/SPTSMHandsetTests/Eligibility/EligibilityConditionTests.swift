import DeploymentDocument
import Foundation
import GlobalPlatform
import SEIAPI
import SecureComponentSimulator
import ServiceKit
@testable import SPTSMHandset
import TSMAPI
import Testing
import TrustedServiceModel

/// TR-03165 3.3.1: each condition of the eligibility check false in turn.
@Suite("every condition of the eligibility check")
struct EligibilityConditionTests {
    /// What is not as it should be when createServiceInstance is called.
    enum Condition: String, CaseIterable, Sendable {
        case serviceMalformed, versionIsPattern, serviceUnknown, versionUnknown, serviceForeign, appNotAuthorized
        case catalogueAway, maintenance, tooManyDialogs
        case noComponent, noneReadable, notReadableAtProof, noChannel, noIssuerIdentification, issuerUnknown
        case componentUnknown, componentBlocked, componentNotAuthentic, inventoryWrong, provesNothing
        case profileNotInContract, profileNotInCatalogue, profileNotInVersion, flavorNotPublished, flavorDeletedMeanwhile, versionDeletedMeanwhile, serviceDeletedMeanwhile
        case noContract, issuerAway, issuerBroken, issuerAwayAtEvidence, instanceExists

        /// Category, and words that a person can act on.
        var expected: (ErrorCategory, [String]) {
            switch self {
            case .serviceMalformed: (.invalidArgument, ["serviceId is not a UUID"])
            case .versionIsPattern: (.invalidArgument, ["version in CreateServiceInstanceRequest"])
            case .serviceUnknown, .serviceForeign: (.notFound, ["service", "does not exist"])
            case .versionUnknown, .versionDeletedMeanwhile: (.notFound, ["version 9.9.9", "does not exist"])
            case .serviceDeletedMeanwhile: (.notFound, ["service", "does not exist"])
            case .appNotAuthorized: (.unauthorized, ["accessAuthorizedDeviceApps"])
            case .catalogueAway: (.tsmNotAvailable, ["catalogue", "try again"])
            case .maintenance: (.underMaintenance, ["try again later"])
            case .tooManyDialogs: (.overloadProtection, ["try again later"])
            case .noComponent: (.noEligibleSecureComponent, ["this handset has no secure component"])
            case .noneReadable: (.secureComponentInaccessible, ["eSE1", "issuer has to allow it"])
            case .notReadableAtProof: (.secureComponentInaccessible, ["eSE1", "Issuer 1 has to allow it"])
            case .noChannel: (.secureComponentChannelNotAvailable, ["eSE1", "cannot open a channel"])
            case .noIssuerIdentification: (.noEligibleSecureComponent, ["eSE1", "does not tell its issuer"])
            case .issuerUnknown: (.noEligibleSecureComponent, ["eSE1", "no issuer that this TSM works with", "420099"])
            case .componentUnknown, .profileNotInContract: (.noEligibleSecureComponent, ["eSE1", "Issuer 1 does not know it, or not for this TSM"])
            case .componentBlocked: (.noEligibleSecureComponent, ["eSE1", "blocked"])
            case .componentNotAuthentic: (.noEligibleSecureComponent, ["eSE1", "did not prove to its issuer Issuer 1 that it is genuine"])
            case .inventoryWrong: (.noEligibleSecureComponent, ["eSE1", "the issuer has to correct its inventory"])
            case .provesNothing: (.noEligibleSecureComponent, ["eSE1", "proves none of its answers", "operator does not accept"])
            case .profileNotInCatalogue: (.noEligibleSecureComponent, ["eSE1", "profile that this TSM does not have"])
            case .profileNotInVersion, .flavorNotPublished, .flavorDeletedMeanwhile: (.noEligibleSecureComponent, ["eSE1", "version 1.0.0 has no published Flavor"])
            case .noContract: (.issuerError, ["eSE1", "Issuer 1 has no contract with this TSM", "operator"])
            case .issuerAway, .issuerAwayAtEvidence: (.networkConnectionError, ["eSE1", "issuer's TSM cannot be reached", "try again later"])
            case .issuerBroken: (.issuerError, ["eSE1", "the issuer refused: its disk is full"])
            case .instanceExists: (.alreadyExists, ["exists on eSE1"])
            }
        }

        var version: String {
            switch self {
            case .versionIsPattern: "1.x.x"
            case .versionUnknown, .versionDeletedMeanwhile: "9.9.9"
            default: "1.0.0"
            }
        }

        /// Known from what the handset says, or before: nobody is asked.
        var isKnownAtOnce: Bool {
            switch self {
            case .serviceMalformed, .versionIsPattern, .serviceUnknown, .versionUnknown, .serviceForeign, .appNotAuthorized, .catalogueAway, .maintenance, .tooManyDialogs, .noComponent,
                 .noIssuerIdentification, .issuerUnknown, .noneReadable: true
            default: false
            }
        }
    }

    private func handset(_ condition: Condition, _ bench: TSMBench) async throws -> Handset {
        switch condition {
        case .noComponent:
            return try Handset(bench, empty: try Handset(bench, try await bench.card()))
        case .noneReadable:
            var silent = CardProfile.eSE
            silent.initialAccessRules = []
            return try Handset(bench, try await bench.card(silent))
        case .issuerUnknown: return try Handset(bench, try await bench.card(iin: "420099"))
        case .componentUnknown: return try Handset(bench, try await bench.card(known: false))
        case .componentBlocked: return try Handset(bench, try await bench.card(blocked: true))
        case .componentNotAuthentic: return try Handset(bench, try await bench.card(master: [UInt8](repeating: 0x66, count: 16)))
        case .inventoryWrong: return try Handset(bench, try await bench.card(.eSE, listedAs: .eSERandom))
        case .provesNothing: return try Handset(bench, try await bench.card(.bare))
        case .profileNotInCatalogue, .profileNotInVersion, .profileNotInContract:
            return try Handset(bench, try await bench.card(profileId: SeveralComponentsTests.second))
        case .serviceForeign: return try Handset(bench, try await bench.card(), provider: "3b1d6f0e-0000-4000-8000-00000000ffff")
        case .appNotAuthorized: return try Handset(bench, try await bench.card(), app: String(repeating: "cd", count: 32))
        default: return try Handset(bench, try await bench.card())
        }
    }

    private func spoil(_ condition: Condition, _ bench: TSMBench, _ handset: Handset) async throws {
        let state = bench.catalogue
        let report = handset.transport.requests + 2
        func meanwhile(_ change: @escaping @Sendable (inout FixedCatalogue.State) -> Void) { handset.transport.before.withLock { $0[report] = { state.state.withLock { change(&$0) } } } }
        func reported(_ status: SERAM.LocalAgentStatus) {
            handset.transport.edits.withLock { $0[report] = { _ in
                Array(try WireJSON.encode(SERAM.Report(localAgentStatus: SERAM.AgentStatus(status, executedSeRamCommands: 1, errorMsg: "no"), ramResponses: [])))
            } }
        }
        func refused(_ call: String, _ error: SEIError) { bench.issuerCalls.refusals.withLock { $0[call] = error } }
        switch condition {
        case .catalogueAway: state.state.withLock { $0.isAvailable = false }
        case .maintenance: state.state.withLock { $0.isClosed = true }
        case .notReadableAtProof: reported(.ungrantedAccess)
        case .noChannel: reported(.unavailableSE)
        case .noIssuerIdentification:
            handset.transport.edits.withLock { $0[report - 1] = { body in
                var request = try WireJSON.decode(HandsetAPI.CreateRequest.self, from: body)
                request.handshake.components[0].iin = nil
                return Array(try WireJSON.encode(request))
            } }
        case .profileNotInVersion: state.state.withLock { $0.moreProfiles = [SeveralComponentsTests.second] }
        case .flavorNotPublished: state.state.withLock { $0.versions = [VersionSummary(tag: "1.0.0", flavorByProfile: [:])] }
        case .flavorDeletedMeanwhile:
            meanwhile {
                $0.versions = [VersionSummary(tag: "1.0.0", flavorByProfile: [:])]
                $0.deletedFlavors = [FixedCatalogue.flavor]
            }
        case .versionDeletedMeanwhile:
            state.state.withLock { $0.moreVersions = [VersionSummary(tag: "9.9.9", flavorByProfile: [TSMBench.profile: FixedCatalogue.flavor])] }
            meanwhile { $0.moreVersions = [] }
        case .serviceDeletedMeanwhile: meanwhile { $0.isDeleted = true }
        case .noContract: refused("beginEligibility", SEIError(.forbidden, "the issuer has no contract with \(TSMBench.spTsm)"))
        case .issuerAway: refused("beginEligibility", SEIError(.unreachable, "away"))
        case .issuerAwayAtEvidence: refused("submitEvidence", SEIError(.unreachable, "away"))
        case .issuerBroken: refused("submitEvidence", SEIError(.internalError, "its disk is full"))
        case .instanceExists: #expect(await handset.create().executionStatus == .noError)
        default: break
        }
    }

    @Test("category and message; nothing is created, nothing changes on the component, no security domain is asked for", arguments: Condition.allCases)
    func condition(_ condition: Condition) async throws {
        let settings = HandsetSettings(lease: 60, maximumOpenDialogs: condition == .tooManyDialogs ? 0 : 8)
        try await withBench(settings: settings, profiles: condition == .profileNotInContract ? [TSMBench.profile] : SeveralComponentsTests.profiles) { bench in
            let handset = try await handset(condition, bench)
            try await spoil(condition, bench, handset)
            let before = handset.card.image
            let instances = try await bench.handsetStore.read { db in try HandsetStore.instanceCount(db) }
            _ = bench.issuerCalls.take()
            let service = switch condition {
            case .serviceMalformed: "nonsense"
            case .serviceUnknown: "99999999-0000-4000-8000-000000000001"
            default: FixedCatalogue.serviceId
            }
            let result = await handset.client.createServiceInstance(serviceId: service, version: condition.version)
            let (category, words) = condition.expected
            #expect(result.executionStatus == category, "\(result.executionMessage)")
            #expect(result.serviceInstance == nil)
            for word in words { #expect(result.executionMessage.contains(word), "\(result.executionMessage)") }
            #expect(result.executionMessage.hasPrefix(category.title + ": "))
            // TR-A034: what needs a security domain comes after all this, and it never came to that.
            let calls = bench.issuerCalls.take()
            #expect(Set(calls).isSubset(of: ["beginEligibility", "submitEvidence"]), "\(calls)")
            if condition.isKnownAtOnce { #expect(calls.isEmpty) }
            #expect(handset.card.image.registry == before.registry && handset.card.image.accessRules == before.accessRules)
            #expect(try await bench.engine.openDialogCount() == 0)
            #expect(try await bench.handsetStore.read { db in try HandsetStore.instanceCount(db) } == instances)
        }
    }

    @Test("the same with nothing wrong: created, with no more calls than the check needs, and no security domain")
    func eligible() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let before = handset.card.image.registry
            let (created, count) = await handset.requests { await handset.create() }
            #expect(created.executionStatus == .noError && count == 2)
            #expect(bench.issuerCalls.take() == ["beginEligibility", "submitEvidence"])
            #expect(handset.card.image.registry == before)
        }
    }

    @Test("a component that another process of the issuer's is on: category 16 and when to try again; then it goes")
    func componentInUse() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            let issuer = bench.sei.as(TSMBench.spTsm)
            let component = try #require(try await bench.engine.store.instance(id: id, owner: FixedCatalogue.provider)).componentId.drop { $0 != "/" }.dropFirst()
            let other = try await issuer.openDialog(SEI.DialogRequest(secureComponentId: String(component), process: "another", sequenceCounter: nil,
                                                                      sessions: [[.status(aid: try AID(hex: "F054534D53D0FF"))]]), idempotencyKey: "another")
            let busy = await handset.deploy(id)
            #expect(busy.processInfo.executionStatus == .issuerError && busy.serviceInstanceState == .notDeployed)
            #expect(busy.processInfo.executionMessage.contains("busy") && busy.processInfo.executionMessage.contains("try again in"), "\(busy.processInfo.executionMessage)")
            try await issuer.abandonDialog(other.dialogId)
            #expect(await handset.deploy(id).serviceInstanceState == .operational)
        }
    }

    @Test("blocked after the check: the issuer's refusal, and nothing changes")
    func blockedAfterwards() async throws {
        try await withBench { bench in
            let handset = try Handset(bench, try await bench.card())
            let id = try #require(await handset.create().serviceInstance?.id)
            let before = handset.card.image.registry
            _ = try await bench.sei.setBlocked(true, component: FixedCatalogue.iin + "990001")
            let refused = await handset.deploy(id)
            #expect(refused.processInfo.executionStatus == .issuerError && refused.processInfo.executionMessage.contains("blocked"), "\(refused.processInfo.executionMessage)")
            #expect(refused.serviceInstanceState == .notDeployed && handset.card.image.registry == before)
        }
    }
}
