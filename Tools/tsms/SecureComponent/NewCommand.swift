import ArgumentParser
import Cryptography
import Foundation
import GlobalPlatform
import SecureComponentSimulator

extension SecureComponentCommand {
    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a simulated card: SECURED, with random keys in its Issuer Security Domain.",
            discussion: "The keys go into FILE.keys, for tsms issuer register; both files are for their owner only. Prints what tsms secure-component show prints. "
                + ExitStatus.discussion)

        @Option(help: ArgumentHelp("A built-in profile, or a file with one.", valueName: "name|file")) var profile = CardProfile.eSE.name
        @Option(help: ArgumentHelp("The card's file; it must not exist yet.", valueName: "file")) var file: String
        @Option(help: ArgumentHelp("Issuer identification number (tag 42), hexadecimal; default: that of the testbed's issuer.", valueName: "hex")) var iin: String?
        @Option(help: ArgumentHelp("Card image number (tag 45), hexadecimal; default: random.", valueName: "hex")) var cin: String?
        @Option(help: ArgumentHelp("Version of the keys.", valueName: "1…111")) var keyVersion: UInt8 = CardManufacturer.keyVersionNumber
        @OptionGroup var output: OutputOptions

        func validate() throws {
            // From 70 on, versions have other uses than SCP03.
            guard (0x01...0x6F).contains(keyVersion) else { throw ValidationError("--key-version is 1 to 111") }
            for (name, text) in [("iin", iin), ("cin", cin)] {
                guard let text else { continue }
                guard let bytes = try? Hex.decode(text), (1...16).contains(bytes.count) else { throw ValidationError("--\(name) is 1 to 16 bytes in hexadecimal") }
            }
        }

        func run() async throws {
            let command = self
            try await output.perform { console in
                guard !FileManager.default.fileExists(atPath: command.file) else { throw ToolFailure("\(command.file) exists already; a card is not overwritten") }
                let keyFile = CardFiles.keys(of: command.file)
                guard !FileManager.default.fileExists(atPath: keyFile) else { throw ToolFailure("\(keyFile) exists already; the keys of a card are not overwritten") }
                let profile = try CardFiles.profile(command.profile)
                let random = SystemRandom()
                let keys = try SCP03StaticKeys.random(keyLength: profile.keyLength, using: SystemRandom.forKeys)
                let iin = try command.iin.map { try Hex.decode($0) } ?? TestbedNames.defaultIssuerIdentificationNumber
                let cin = try command.cin.map { try Hex.decode($0) } ?? random.bytes(6)
                // The keys first: a card whose keys nobody has is of no use.
                try IssuerKeyFile(keyVersionNumber: command.keyVersion, keys: keys).write(to: keyFile)
                let card = try SimulatedCard.personalized(
                    profile: profile, isdKeys: keys, keyVersionNumber: command.keyVersion, issuerIdentificationNumber: iin, cardImageNumber: cin,
                    keyDiversificationData: try random.bytes(10), file: CardFile(path: command.file))
                CardReport(card, path: command.file).show(on: console)
                return .done
            }
        }
    }
}
