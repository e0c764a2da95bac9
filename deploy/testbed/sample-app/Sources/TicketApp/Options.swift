/// What is said on the command line.
struct Options {
    /// The testbed's directory; testbed.json lies in it.
    var testbed = "testbed"
    var handset = "handset-1"
    /// Cards in the PC/SC readers of this machine, in place of the handset's simulated secure components.
    var usesReaders = false
    /// File with the private key (PEM) of the service provider's own token issuer; nil: the app registers with the TSM.
    var tokenKey: String?
    var showsLog = false

    static let usage = """
        usage: TicketApp [--testbed DIR] [--handset NAME] [--pcsc] [--token-key FILE] [--log]

        Deploys the demo service of a testbed (tsms testbed up --with-demo-service), uses its applet, updates, suspends, resumes and terminates it.
        """

    /// nil: the words are none that the app knows.
    init?(_ words: [String]) {
        var rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--log": showsLog = true
            case "--pcsc": usesReaders = true
            case "--testbed", "--handset", "--token-key":
                guard let value = rest.popFirst() else { return nil }
                if word == "--testbed" { testbed = value } else if word == "--handset" { handset = value } else { tokenKey = value }
            default: return nil
            }
        }
    }
}
