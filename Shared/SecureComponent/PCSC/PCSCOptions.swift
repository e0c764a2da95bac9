/// How components in PC/SC readers are used.
public struct PCSCOptions: Hashable, Sendable {
    public enum Sharing: Hashable, Sendable {
        /// Other programs may use the component between our commands, never between a command and its GET RESPONSE.
        case shared
        /// Nobody else gets at the component while we are connected.
        case exclusive
    }

    public var sharing: Sharing
    /// How long to wait for the answer to one command; nil: for ever. A command that loads or generates keys may take many seconds.
    public var commandLimit: Duration?
    /// How long to wait while another program holds the component for itself; nil: for ever.
    public var transactionLimit: Duration?

    public init(sharing: Sharing = .shared, commandLimit: Duration? = .seconds(60), transactionLimit: Duration? = .seconds(30)) {
        self.sharing = sharing
        self.commandLimit = commandLimit
        self.transactionLimit = transactionLimit
    }
}
