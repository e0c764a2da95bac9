import Foundation

/// Where the PC/SC library looks for its daemon in tests: a place of this test run's own, never the machine's daemon with its readers.
///
/// The library asks once a process, so everything that comes near it has to call ``directory`` first.
public enum ReaderSocket {
    /// A daemon of the tests' own (`Tests/card/private-pcscd`) gets this directory.
    public static let directory: String = {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("tsms-readers-\(ProcessInfo.processInfo.processIdentifier)").path
        setenv(variable, path + "/run/pcscd.comm", 1)
        return path
    }()

    public static let variable = "PCSCLITE_CSOCK_NAME"
    public static var path: String { directory + "/run/pcscd.comm" }
}
