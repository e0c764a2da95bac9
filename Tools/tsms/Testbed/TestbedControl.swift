import Foundation
import Identity

/// Looks at and stops the processes that a testbed.json names.
enum TestbedControl {
    struct State: Encodable, Sendable {
        var name: String
        var pid: Int32
        var running: Bool
        var ready: Bool
        var reason: String?
    }

    struct Stopped: Encodable, Sendable {
        var name: String
        var pid: Int32
        var end: ProcessControl.End
    }

    static func state(of process: TestbedDescription.Process, in description: TestbedDescription) async -> State {
        var state = State(name: process.name, pid: process.pid, running: ProcessControl.isRunning(process.pid, withArgument: process.configuration), ready: false, reason: nil)
        guard state.running else {
            state.reason = "not running"
            return state
        }
        do {
            let probe = try HealthProbe(files: operatorFiles(of: process, in: description), url: process.health, identity: try SPIFFEID(process.identity))
            switch await probe.look() {
            case .ready: state.ready = true
            case .notReady(let reason): state.reason = reason
            }
            await probe.close()
        } catch {
            state.reason = "\(error)"
        }
        return state
    }

    static func stop(_ process: TestbedDescription.Process) async -> ProcessControl.End {
        await ProcessControl.stop(process.pid, withArgument: process.configuration)
    }

    /// The operator of the process's own domain.
    private static func operatorFiles(of process: TestbedDescription.Process, in description: TestbedDescription) -> CredentialFiles {
        let layout = description.layout
        let issuer = (1...TestbedIssuer.maximum).first { process.identity.hasPrefix("spiffe://issuer-\($0).example/") }
        return CredentialFiles(directory: issuer.map { layout.issuer("operator", $0) } ?? layout.spTsm("operator"))
    }
}

/// What a person may want to copy from the terminal.
enum TestbedBlock {
    static func text(_ testbed: TestbedDescription) -> String {
        let provider = testbed.serviceProviders.first
        let lines = [
            "The testbed is up; all of it is in \(testbed.layout.description).",
            "",
            "  export TSMS_TESTBED='\(testbed.directory)'",
            "  export TSMS_PROVIDER_URL='\(testbed.gateway.providerURL)'",
            "  export TSMS_HANDSET_URL='\(testbed.gateway.handsetURL)'",
            "  export TSMS_CA='\(testbed.gateway.ca)'",
            "  export TSMS_TOKEN='\(provider?.longTermToken ?? "")'",
            "  curl --cacert \"$TSMS_CA\" --cert '\(provider?.clientCertificate ?? "")' --key '\(provider?.clientKey ?? "")' \\",
            "       -X POST -H \"Authorization: $TSMS_TOKEN\" \"$TSMS_PROVIDER_URL/auth\"",
            "  tsms testbed status --dir \"$TSMS_TESTBED\"",
        ] + (testbed.demoService.map { ["  tsms handset --dir \"$TSMS_TESTBED\" --handset handset-1 create \($0.id) \($0.versions.first ?? "")"] } ?? [])
            + ["  tsms testbed down --dir \"$TSMS_TESTBED\""]
        return lines.joined(separator: "\n")
    }
}
