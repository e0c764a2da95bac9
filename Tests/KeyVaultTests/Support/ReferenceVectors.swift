import TestMaterial
import Foundation
import GlobalPlatform

/// The reference vectors beside the repository, or where TSMS_REFERENCE says; the tests that need them are skipped without.
enum ReferenceVectors {
    struct Exchange: Decodable {
        let name: String
        let plain: String
        let wrapped: String
        let response_plain: String?
        let response_wrapped: String?
    }

    struct Session: Decodable, CustomStringConvertible {
        let name: String
        let security_level: String
        let key_enc: String
        let key_mac: String
        let key_dek: String
        let select: String
        let initialize_update: String
        let initialize_update_response: String
        let external_authenticate: String
        let exchanges: [Exchange]
        var description: String { name }
    }

    private struct File: Decodable { let golden_sessions: [Session] }

    static let goldenSessions: [Session] = {
        guard let data = ReferenceData.file("globalplatform-vectors.json"), let file = try? JSONDecoder().decode(File.self, from: data)
        else { return [] }
        return file.golden_sessions
    }()
}

func hex(_ text: String) throws -> [UInt8] { try Hex.decode(text) }
