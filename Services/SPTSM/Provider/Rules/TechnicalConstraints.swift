import GlobalPlatform
import TrustedServiceModel

/// Whether a SecureComponentProfile offers what a Flavor's load files and features need (TR-03165 4.1.4.3, 4.1.4.10; category 1016).
enum TechnicalConstraints {
    static func check(_ requirements: [TechnicalRequirements], _ features: FeatureConfig, on profile: SecureComponentProfile) throws(GeneralError) {
        for needed in requirements {
            guard isOffered(needed.javaCardVersion, by: profile.javaCardVersion) else { throw .technicalConstraints("javaCard") }
            guard isOffered(needed.gpApiVersion, by: profile.gpApiVersions["card"]) else { throw .technicalConstraints("gpApi") }
        }
        guard !features.useCspFull || !profile.csp.isEmpty else { throw .technicalConstraints("csp") }
    }

    /// By numbers, component by component; a requirement of `0.0` is none; what cannot be read is not offered.
    private static func isOffered(_ needed: String, by offered: String?) -> Bool {
        guard let needed = try? VersionNumber(needed) else { return false }
        if needed == VersionNumber([0]) { return true }
        guard let offered, let offered = try? VersionNumber(offered) else { return false }
        return needed <= offered
    }
}
