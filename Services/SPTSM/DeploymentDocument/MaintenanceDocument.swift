/// Whether the TSM serves, as its operator decided: the answer of `/internal/v1/maintenance`, as far as the handset plane needs it.
public struct MaintenanceDocument: Codable, Sendable, Hashable {
    /// `off`, `readOnly` (nothing in the catalogue changes; what it deploys is deployed) or `closed`.
    public var mode: String

    public init(mode: String) { self.mode = mode }

    /// A mode that is unknown here was set by somebody who knew more: closed is the safe reading.
    public var isClosed: Bool { mode != "off" && mode != "readOnly" }
}
