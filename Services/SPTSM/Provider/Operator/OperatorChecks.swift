import Foundation
import GlobalPlatform
import Identity
import TrustedServiceModel

/// Formats of what the operator enters; each message says what belongs there.
enum OperatorChecks {
    static func check(_ new: OperatorAPI.NewServiceProvider) throws(OperatorError) {
        try check(name: new.name, "name")
        guard !new.aidPrefixes.isEmpty else { throw OperatorError(.invalidRequest, "aidPrefixes: at least one is needed") }
        for prefix in new.aidPrefixes { try check(prefix) }
        for app in new.deviceApps ?? [] { try check(deviceApp: app) }
        for key in new.keyIndexes ?? [] { try check(key) }
        if let sha256 = new.clientCertificateSHA256 { try check(sha256: sha256) }
    }

    static func check(_ prefix: HexBytes) throws(OperatorError) {
        guard (5...11).contains(prefix.bytes.count) else {
            throw OperatorError(.invalidRequest, "aidPrefixes: \(prefix) has \(prefix.bytes.count) bytes; 5 to 11 leave room for the AIDs below it")
        }
    }

    static func check(deviceApp: String) throws(OperatorError) {
        guard let hash = try? Hex.decode(deviceApp), hash.count == 20 || hash.count == 32 else {
            throw OperatorError(.invalidRequest, "deviceAppId: the SHA-1 or SHA-256 of the app's certificate in hexadecimal is expected")
        }
    }

    static func check(_ key: OperatorAPI.KeyIndex) throws(OperatorError) {
        guard (1...255).contains(key.index.unicodeScalars.count) else { throw OperatorError(.invalidRequest, "keyIndexes: an index has 1 to 255 characters") }
        guard (try? Hex.decode(key.kcv))?.isEmpty == false else { throw OperatorError(.invalidRequest, "keyIndexes: kcv is hexadecimal") }
        let allowed = key.kind == .master ? [1] : [2, 3]
        guard !key.modes.isEmpty, key.modes.allSatisfy(allowed.contains) else {
            throw OperatorError(.invalidRequest, "keyIndexes: a \(key.kind.rawValue) key serves the modes \(allowed.map(String.init).joined(separator: " and "))")
        }
    }

    static func check(sha256: String) throws(OperatorError) {
        guard (try? Hex.decode(sha256))?.count == 32 else { throw OperatorError(.invalidRequest, "the SHA-256 of a certificate is 64 hexadecimal digits") }
    }

    static func check(_ new: OperatorAPI.NewIssuer) throws(OperatorError) {
        try check(name: new.name, "name")
        if let id = new.id { try check(identifier: id) }
        guard let url = URL(string: new.seiURL), url.scheme == "https", url.host() != nil else { throw OperatorError(.invalidRequest, "seiURL: an https URL is expected") }
        do throws(IdentityError) {
            guard try CertificateFile.parse(pem: new.caPEM).contains(where: \.isCertificateAuthority) else { throw IdentityError(.invalidCertificate, "no CA certificate in it") }
            _ = try AllowedPeer(new.expectedPeer)
        } catch {
            throw OperatorError(.invalidRequest, "caPEM or expectedPeer: \(error.reason)")
        }
        for number in new.issuerIdentificationNumbers where (try? Hex.decode(number))?.isEmpty != false {
            throw OperatorError(.invalidRequest, "issuerIdentificationNumbers: \(number) is not hexadecimal")
        }
        guard !new.transportKeyIndex.isEmpty else { throw OperatorError(.invalidRequest, "transportKeyIndex is empty") }
    }

    static func check(_ profile: SecureComponentProfile) throws(OperatorError) {
        try check(identifier: profile.id)
        for (name, text) in [("name", profile.name), ("hardwarePlatform", profile.hardwarePlatform), ("os", profile.os), ("osVersion", profile.osVersion)] {
            try check(name: text, "profile.\(name)")
        }
        guard SecureComponentType(rawValue: profile.scType) != nil else { throw OperatorError(.invalidRequest, "profile.scType: 1 to 4 is expected") }
        guard AttributeFormat.isVersionTag(profile.javaCardVersion) else { throw OperatorError(.invalidRequest, "profile.javaCardVersion: three numbers are expected, such as 3.0.5") }
        for (name, version) in profile.gpApiVersions.merging(profile.gpSpecVersions, uniquingKeysWith: { first, _ in first }) where (try? VersionNumber(version)) == nil {
            throw OperatorError(.invalidRequest, "profile: the version of \(name) is not a number with dots")
        }
    }

    /// A key that could never be chosen is an error now rather than a puzzle later.
    static func check(keys: JSONWebKeySet, _ attribute: String) throws(OperatorError) {
        guard !keys.keys.isEmpty else {
            throw OperatorError(.invalidRequest, "\(attribute): no public EC key on P-256 for ES256 is in the key set (keys of other kinds are skipped, private ones never taken)")
        }
        guard keys.keys.count <= 16 else { throw OperatorError(.invalidRequest, "\(attribute): at most 16 keys are expected") }
        let names = keys.keys.compactMap(\.keyID)
        guard keys.keys.count == 1 || (names.count == keys.keys.count && Set(names).count == names.count) else {
            throw OperatorError(.invalidRequest, "\(attribute): of several keys each needs a kid of its own")
        }
    }

    static func check(name: String, _ attribute: String) throws(OperatorError) {
        guard (1...255).contains(name.unicodeScalars.count) else { throw OperatorError(.invalidRequest, "\(attribute): 1 to 255 characters are expected") }
    }

    private static func check(identifier: String) throws(OperatorError) {
        guard UUID(uuidString: identifier) != nil, identifier == identifier.lowercased() else { throw OperatorError(.invalidRequest, "id: a lower-case UUID is expected") }
    }
}
