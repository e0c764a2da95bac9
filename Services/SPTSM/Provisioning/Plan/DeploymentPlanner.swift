import DeploymentDocument
import GlobalPlatform
import SEIAPI
import TrustedServiceModel

/// Sessions of a deployService call, computed from what is asked and what the card holds. Pure.
public enum DeploymentPlanner {
    public struct Input: Sendable {
        public var document: DeploymentDocument
        public var commands: [ServiceCommand.Kind]
        /// Lock the applications at the end: the call finalizes and the last executed Activate asked for suspension.
        public var lockAtEnd: Bool
        public var challenge: ChallengeKind
        /// The card may hold a security domain from an attempt that went wrong: it is deleted first.
        public var removesRemainder: Bool
        /// That domain's AID where it had another one; nil: the document's.
        public var formerSecurityDomain: AID?
        public var transportKeyIndex: String
        /// How a new security domain of this component gets its first keys.
        public var firstKeys: SEI.FirstKeys
        public var firstKeyVersion: UInt8
        /// Applications that are selectable already, and those that are locked; both are from an update that is being completed.
        public var selectable: [AID]
        public var locked: [AID]
        /// Locked applications are unlocked: the call finalizes, and the instance is not suspended.
        public var unlockAtEnd: Bool
        /// Applications that Personalize concerns; nil: all.
        public var unpersonalized: [AID]?

        public init(document: DeploymentDocument, commands: [ServiceCommand.Kind], lockAtEnd: Bool, challenge: ChallengeKind,
                    removesRemainder: Bool, formerSecurityDomain: AID? = nil, transportKeyIndex: String, firstKeys: SEI.FirstKeys = .storeData,
                    firstKeyVersion: UInt8 = 0x30, selectable: [AID] = [], locked: [AID] = [], unlockAtEnd: Bool = false, unpersonalized: [AID]? = nil) {
            self.document = document
            self.commands = commands
            self.lockAtEnd = lockAtEnd
            self.challenge = challenge
            self.removesRemainder = removesRemainder
            self.formerSecurityDomain = formerSecurityDomain
            self.transportKeyIndex = transportKeyIndex
            self.firstKeys = firstKeys
            self.firstKeyVersion = firstKeyVersion
            self.selectable = selectable
            self.locked = locked
            self.unlockAtEnd = unlockAtEnd
            self.unpersonalized = unpersonalized
        }
    }

    public static func sessions(_ input: Input) throws(TSMFailure) -> [PlannedSession] {
        let creates = input.commands.contains(.install)
        let rules = input.commands.contains(.activate) ? try accessRules(input.document) : []
        let content = contentSteps(input)
        var before: [SEI.Operation] = []
        if creates {
            if input.removesRemainder {
                before.append(.deleteSecurityDomain(aid: input.formerSecurityDomain ?? input.document.service.securityDomain))
            }
            before.append(.createSecurityDomain(
                aid: input.document.service.securityDomain, quotas: SEI.Quotas(nonVolatile: nil, volatile: nil),
                transportKeyIndex: input.transportKeyIndex, keyVersionNumber: input.firstKeyVersion,
                deviceAppIds: try deviceApps(input.document)))
        }
        // Inherited keys are replaced by first keys of the domain's own in a session of the issuer's with the domain: design section 4.
        let keying: [PlannedSession] = creates && input.firstKeys == .inherited ? [.issuer([.putFirstKeys(aid: input.document.service.securityDomain)])] : []
        switch input.challenge {
        case .predictable:
            var sessions: [PlannedSession] = []
            if !before.isEmpty { sessions.append(.issuer(before)) }
            sessions += keying
            if creates { sessions.append(.securityDomain(.first, [.rotateKeys])) }
            if !content.isEmpty { sessions.append(.securityDomain(.final, content)) }
            if !rules.isEmpty { sessions.append(.issuer([.addAccessRules(rules)])) }
            return sessions
        case .random:
            // Every session costs a round trip, so all of the issuer's part is one session and the key rotation is the last command of ours.
            if !rules.isEmpty { before.append(.addAccessRules(rules)) }
            var sessions: [PlannedSession] = (before.isEmpty ? [] : [.issuer(before)]) + keying
            if creates {
                sessions.append(.securityDomain(.first, content + [.rotateKeys]))
            } else if !content.isEmpty {
                sessions.append(.securityDomain(.final, content))
            }
            return sessions
        }
    }

    /// Steps in the security domain in the order of the commands, closed by the proof of the state reached.
    static func contentSteps(_ input: Input) -> [ProvisioningStep] {
        var steps: [ProvisioningStep] = []
        let applications = input.document.applications
        for command in input.commands {
            switch command {
            case .install:
                steps += input.document.loadFiles.map { .load(package: $0.packageAid) }
                steps += applications.map { .install(instance: $0.instanceAid) }
            case .personalize:
                steps += applications.filter { $0.isPersonalized && input.unpersonalized?.contains($0.instanceAid) ?? true }.map { .personalize(instance: $0.instanceAid) }
            case .activate:
                steps += applications.filter { $0.makeSelectable && !input.selectable.contains($0.instanceAid) }.map { .makeSelectable(instance: $0.instanceAid) }
            }
        }
        if input.lockAtEnd { steps += applications.filter { !input.locked.contains($0.instanceAid) }.map { .lock(instance: $0.instanceAid) } }
        if input.unlockAtEnd { steps += applications.filter { input.locked.contains($0.instanceAid) }.map { .unlock(instance: $0.instanceAid) } }
        // Of a repeated Activate the proof alone is left.
        guard !steps.isEmpty || input.commands.contains(.activate) else { return [] }
        // After Personalize alone the state is what earlier calls made of it, so only a call that changes states proves them.
        guard input.commands.contains(.install) || input.commands.contains(.activate) || input.lockAtEnd || input.unlockAtEnd else { return steps }
        for application in applications {
            // Locking at the end follows an Activate, in this call or before it.
            let selectable = (input.commands.contains(.activate) || input.lockAtEnd) && application.makeSelectable || input.selectable.contains(application.instanceAid)
            let isLocked = input.lockAtEnd || !input.unlockAtEnd && input.locked.contains(application.instanceAid)
            let state: UInt8 = (selectable ? 0x07 : 0x03) | (isLocked ? 0x80 : 0)
            steps.append(.proveApplication(application.instanceAid, state: state))
        }
        if applications.isEmpty { steps += input.document.loadFiles.map { .proveLoadFile($0.packageAid) } }
        return steps
    }

    /// Rules that the Service's device apps need for its applications (TR-03165 4.1.4.13: accessibleViaApdu, accessibleViaNfc).
    public static func accessRules(_ document: DeploymentDocument) throws(TSMFailure) -> [SEI.AccessRule] {
        let apps = try deviceApps(document)
        return document.applications.flatMap { application in
            application.accessibleViaApdu || application.accessibleViaNfc
                ? apps.map { SEI.AccessRule(aid: application.instanceAid, deviceAppId: $0, apdu: application.accessibleViaApdu, nfc: application.accessibleViaNfc) }
                : []
        }
    }

    static func deviceApps(_ document: DeploymentDocument) throws(TSMFailure) -> [HexBytes] {
        var apps: [HexBytes] = []
        for text in document.service.accessAuthorizedDeviceApps {
            guard let bytes = try? Hex.decode(text), bytes.count == 20 || bytes.count == 32 else {
                throw TSMFailure(.internalError, "accessAuthorizedDeviceApps of Service \(document.service.id) holds '\(text)', which is no SHA-1 or SHA-256 hash; the service provider has to correct it")
            }
            apps.append(HexBytes(bytes))
        }
        return apps
    }
}

extension ApplicationDocument {
    /// Something is stored in the instance by personalization.
    public var isPersonalized: Bool { provideAttestationToken || personalizationScript != nil }
}
