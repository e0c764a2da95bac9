import Cryptography

/// What a receipt says was done (GPCS 2.3.1, C.5): AES-CMAC of the confirmation data and the names of what the command dealt with.
public enum ManagementReceipt: Hashable, Sendable {
    case load(loadFile: AID, securityDomain: AID)
    /// Also of [for make selectable].
    case install(loadFile: AID, application: AID)
    case delete(AID)
    case extradition(oldSecurityDomain: AID, object: AID, newSecurityDomain: AID)
    /// Domains are nil when the application did not move; privileges are nil when they did not change.
    case registryUpdate(oldSecurityDomain: AID?, application: AID, newSecurityDomain: AID?, privileges: Privileges?, parameters: [UInt8])

    /// The fields that follow the confirmation data, each with its length.
    public func fields() throws(FormatError) -> [UInt8] {
        let structure = "receipt"
        func encode(_ aids: [AID?]) throws(FormatError) -> [UInt8] {
            var bytes: [UInt8] = []
            for aid in aids { bytes += try LV.encode(aid?.bytes ?? [], structure) }
            return bytes
        }
        switch self {
        case .load(let loadFile, let domain): return try encode([loadFile, domain])
        case .install(let loadFile, let application): return try encode([loadFile, application])
        case .delete(let aid): return try encode([aid])
        case .extradition(let old, let object, let new): return try encode([old, object, new])
        case .registryUpdate(let old, let application, let new, let privileges, let parameters):
            return try encode([old, application, new]) + LV.encode(privileges?.bytes ?? [], structure) + LV.encode(parameters, structure)
        }
    }

    /// The receipt: 16 bytes.
    public func code(confirmation: ConfirmationData, key: SecretBytes) throws(FormatError) -> [UInt8] {
        let message = try confirmation.encoded() + fields()
        do { return try AESCMAC.code(over: message, key: key) } catch { throw FormatError(.data, "receipt", "key", error.description) }
    }

    /// Whether a card's confirmation is of this, made with `key`.
    public func isConfirmed(by confirmation: ManagementConfirmation, key: SecretBytes) throws(FormatError) -> Bool {
        constantTimeEqual(try code(confirmation: ConfirmationData(parsing: confirmation.data), key: key), confirmation.receipt)
    }
}

/// What stands in a confirmation beside the receipt (GPCS 2.3.1, table 11-13).
public struct ConfirmationData: Hashable, Sendable {
    public var counter: UInt16
    /// Identification and image number of the domain that made the receipt, one after the other.
    public var securityDomainData: [UInt8]
    /// Of the token: its identifier, and the SHA-256 digest of what it signs. Both or neither; an empty identifier where the token had none.
    public var token: (identifier: [UInt8], digest: [UInt8])? {
        get { tokenFields.map { ($0[0], $0[1]) } }
        set { tokenFields = newValue.map { [$0.identifier, $0.digest] } }
    }
    private var tokenFields: [[UInt8]]?

    public init(counter: UInt16, securityDomainData: [UInt8], token: (identifier: [UInt8], digest: [UInt8])? = nil) {
        self.counter = counter
        self.securityDomainData = securityDomainData
        self.token = token
    }

    public init(parsing data: [UInt8]) throws(FormatError) {
        let structure = "confirmation data"
        var reader = FieldReader(data, structure: structure)
        let counter = try reader.field("counter")
        guard counter.count == 2 else { throw FormatError(.data, structure, "counter", "2 bytes were expected") }
        self.init(counter: UInt16(counter[0]) << 8 | UInt16(counter[1]), securityDomainData: try reader.field("security domain data"))
        if !reader.isAtEnd { token = (try reader.field("token identifier"), try reader.field("token digest")) }
        try reader.finish()
    }

    public func encoded() throws(FormatError) -> [UInt8] {
        var bytes: [UInt8] = [0x02, UInt8(counter >> 8), UInt8(counter & 0xFF)]
        bytes += try LV.encode(securityDomainData, "confirmation data", "security domain data")
        if let token { bytes += try LV.encode(token.identifier, "confirmation data") + LV.encode(token.digest, "confirmation data") }
        return bytes
    }
}
