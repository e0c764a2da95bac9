import DeploymentDocument
import Personalization
import TrustedServiceModel

/// Personalisation in portions that an order and the key vault carry: where scripts are long and many, a session becomes several, in orders of their own. Pure.
public enum PersonalizationPortions {
    /// C-APDUs of scripts in one session. One application's script always fits.
    public static let maximumCommands = 512

    /// - Throws: category 2 for a script that is none.
    public static func split(_ sessions: [PlannedSession], of document: DeploymentDocument) throws(TSMFailure) -> [PlannedSession] {
        var split: [PlannedSession] = []
        for session in sessions {
            guard case .securityDomain(let keys, let steps) = session else {
                split.append(session)
                continue
            }
            var portions: [[ProvisioningStep]] = [[]]
            var count = 0
            for step in steps {
                let own = try commands(step, document)
                if count > 0, own > 0, count + own > maximumCommands {
                    portions.append([])
                    count = 0
                }
                portions[portions.count - 1].append(step)
                count += own
            }
            // The first keys serve one session: they are replaced at its end, and the rest runs under the final ones.
            if portions.count > 1, portions.last?.last == .rotateKeys {
                portions[portions.count - 1].removeLast()
                portions[0].append(.rotateKeys)
            }
            split += portions.enumerated().filter { !$0.element.isEmpty }.map { .securityDomain($0.offset == 0 ? keys : .final, $0.element) }
        }
        return split
    }

    /// Sessions of a predicted run that go out together: up to where one portion follows another.
    public static func firstOrder(_ sessions: [PlannedSession]) -> Range<Int> {
        let end = sessions.indices.first { $0 > 0 && sessions[$0].isFinal && sessions[$0 - 1].isFinal }
        return 0..<(end ?? sessions.count)
    }

    private static func commands(_ step: ProvisioningStep, _ document: DeploymentDocument) throws(TSMFailure) -> Int {
        guard case .personalize(let instance) = step, let application = document.applications.first(where: { $0.instanceAid == instance }) else { return 0 }
        return try application.program()?.maximumCommandCount ?? 0
    }
}

extension PlannedSession {
    fileprivate var isFinal: Bool { if case .securityDomain(.final, _) = self { true } else { false } }
}
