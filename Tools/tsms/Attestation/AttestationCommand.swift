import ArgumentParser
import Foundation

/// `tsms attestation verify`.
struct AttestationCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "attestation", abstract: "Attestation tokens (TR-03165, Appendix A).", subcommands: [Verify.self])

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints what a token says and holds its signature against the TSM's published certificate.",
            discussion: """
                The token is what the applet was given, in binary or in hexadecimal. Exit code 0: signed by the certificate's key, and all that was expected \
                holds; 1 otherwise, with the reason. Whether the certificate is the TSM's is for you to know; that of a testbed is named in testbed.json. \
                deploy/attestation/verify-token.sh does the same with nothing but OpenSSL. \(ExitStatus.discussion)
                """)

        @Argument(help: ArgumentHelp("File with the token; - for standard input.", valueName: "token")) var token: String
        @Option(help: ArgumentHelp("The TSM's certificate for attestation tokens, PEM.", valueName: "file")) var certificate: String
        @Option(help: ArgumentHelp("It has to be of this TSM, an object identifier.", valueName: "oid")) var tsm: String?
        @Option(help: ArgumentHelp("It has to be of this process.", valueName: "uuid")) var process: String?
        @Option(help: ArgumentHelp("It has to be of this Flavor.", valueName: "uuid")) var flavor: String?
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let (file, certificate) = (token, certificate)
            let expectation = AttestationVerification.Expectation(tsm: tsm, process: process, flavor: flavor)
            try await output.perform { console in
                let content = file == "-" ? Array(FileHandle.standardInput.readDataToEndOfFile()) : try Programs.read(file)
                let token = try AttestationVerification.token(try AttestationVerification.bytes(of: content))
                let verification = try AttestationVerification(certificate: certificate)
                let report = AttestationReport(token, verification.certificate)
                if console.json { console.object(report) } else { console.text(report.text) }
                try verification.verify(token, expecting: expectation)
                console.object(["result": "ok"])
                console.text("signature             good")
                return .done
            }
        }
    }
}
