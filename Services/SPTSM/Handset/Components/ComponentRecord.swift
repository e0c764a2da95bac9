import Foundation
import GlobalPlatform
import SEIAPI

/// A secure component that proved itself to its issuer.
struct ComponentRecord: Codable, Sendable {
    /// `issuer/component`, unique in this store.
    var id: String
    var issuerId: String
    /// How a handset names it: `iin/cin` in hex, as the evidence proved.
    var claimKey: String
    var component: SEI.SecureComponent

    static func id(issuer: String, component: String) -> String { "\(issuer)/\(component)" }

    static func claimKey(iin: String?, cin: String?) -> String { "\(iin?.lowercased() ?? "-")/\(cin?.lowercased() ?? "-")" }
}
