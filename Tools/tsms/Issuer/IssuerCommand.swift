import ArgumentParser
import GlobalPlatform

/// `tsms issuer …`: what the testbed's issuer does with cards.
struct IssuerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issuer", abstract: "The testbed's issuer: takes cards into its inventory, with their keys.", discussion: ExitStatus.discussion,
        subcommands: [Register.self, Inventory.self])

    struct Target: ParsableArguments {
        @Option(help: ArgumentHelp("The testbed's directory.", valueName: "directory")) var dir: String
        @OptionGroup var output: OutputOptions
    }
}

extension IssuerCommand {
    struct Register: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes a card into the inventory and the keys of its Issuer Security Domain into the issuer's vault.",
            discussion: """
                The card is in a PC/SC reader (--reader), or it is a simulated one (--file). With --keys it has to prove \
                that it holds them before anything is stored. The keys come from a file {"keyVersionNumber":48,"enc":…,"mac":…,"dek":…} (hexadecimal), or are derived from a master key that the issuer's vault has \
                (--master-key): then no cryptogram is checked before the card is stored, and a wrong key or scheme shows at the first eligibility check. The SP TSM finds the issuer by the card's issuer identification number, so the card must carry one that the testbed's issuer has. \
                With --json {"component":…,"profile":…,"keySet":…,…}. \(ExitStatus.discussion)
                """)

        enum FirstKeys: String, ExpressibleByArgument, CaseIterable { case storeData, inherited }

        @OptionGroup var target: Target
        @Option(help: ArgumentHelp("Name of the PC/SC reader, or its beginning.", valueName: "reader")) var reader: String?
        @Option(help: ArgumentHelp("File of a simulated card.", valueName: "file")) var file: String?
        @Option(help: ArgumentHelp("File with the keys; default with --file: the one that was made with the card.", valueName: "file")) var keys: String?
        @Option(help: ArgumentHelp("Index of a master key in the issuer's vault, instead of --keys.", valueName: "index")) var masterKey: String?
        @Option(help: ArgumentHelp("How the card's keys are derived from it: kdf3, emvCps11, visa2.", valueName: "scheme")) var scheme = "kdf3"
        @Option(help: ArgumentHelp("Version of the keys; default: the card's choice, or that of the file.", valueName: "1…127")) var keyVersion: UInt8?
        @Option(help: ArgumentHelp("How the card's new security domains get their first keys; default: storeData, or what a simulated card's profile says.", valueName: "storeData|inherited"))
        var firstKeys: FirstKeys?
        @Option(help: ArgumentHelp("AID of the Issuer Security Domain.", valueName: "aid")) var isd = AID.issuerSecurityDomain.description
        @Option(help: ArgumentHelp("SecureComponentProfile; default: the testbed's first.", valueName: "id")) var profile: String?

        func validate() throws {
            guard (reader == nil) != (file == nil) else { throw ValidationError("one of --reader and --file is needed") }
            guard (masterKey == nil) || (keys == nil) else { throw ValidationError("--keys and --master-key exclude each other") }
            guard masterKey != nil || keys != nil || file != nil else { throw ValidationError("--keys or --master-key is needed") }
            do { _ = try AID(hex: isd) } catch { throw ValidationError("--isd: \(error)") }
            if let keyVersion, !(0x01...0x7F).contains(keyVersion) { throw ValidationError("--key-version is 1 to 127") }
        }

        func run() async throws {
            let command = self
            try await target.output.perform { console in
                let testbed = try TestbedDescription.read(directory: command.target.dir)
                let file = try command.keyFile().map { try IssuerKeyFile.read($0) }
                let keys = try file?.keys()
                let version = command.keyVersion ?? file?.keyVersionNumber
                let evidence = try await CardEvidence.read(try await command.connector(), issuerSecurityDomain: try AID(hex: command.isd), keyVersionNumber: version, keys: keys)
                let registration = CardRegistration(testbed: testbed, profileId: try command.profileId(testbed), firstKeys: try command.firstKeysOfCard())
                let origin: CardRegistration.Keys
                if let keys {
                    origin = .delivered(keys)
                } else {
                    origin = .derived(masterKeyIndex: command.masterKey ?? "", scheme: command.scheme)
                }
                let result = try await registration.register(evidence, origin)
                console.object(result)
                console.text("card \(result.component) is in the inventory; keys \(Hex.encode([result.keyVersionNumber]))"
                    + (result.keySet.map { " are key set \($0) of the issuer's vault" } ?? " are derived from \(command.masterKey ?? "")"))
                return .done
            }
        }

        private func firstKeysOfCard() throws -> String {
            if let firstKeys { return firstKeys.rawValue }
            return try file.map { try CardFiles.open($0).profile.firstKeys.rawValue } ?? FirstKeys.storeData.rawValue
        }

        private func keyFile() -> String? {
            if masterKey != nil { return nil }
            return keys ?? file.map { CardFiles.keys(of: $0) }
        }

        private func connector() async throws -> CardEvidence.Source {
            if let reader { return .reader(try await PCSCReaders.name(reader)) }
            return .file(file ?? "")
        }

        private func profileId(_ testbed: TestbedDescription) throws(ToolFailure) -> String {
            guard let id = profile ?? testbed.secureComponentProfiles.first?.id else { throw ToolFailure("the testbed has no secure component profile") }
            guard testbed.secureComponentProfiles.contains(where: { $0.id == id }) else {
                throw ToolFailure("the testbed has no profile \(id), only \(testbed.secureComponentProfiles.map { "\($0.id) (\($0.name))" }.joined(separator: ", "))")
            }
            return id
        }
    }

    struct Inventory: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the cards of the issuer.", discussion: "With --json a line {\"component\":…,\"profile\":…,\"blocked\":…} for each. " + ExitStatus.discussion)
        @OptionGroup var target: Target

        func run() async throws {
            let target = target
            try await target.output.perform { console in
                let testbed = try TestbedDescription.read(directory: target.dir)
                for component in try await IssuerConnections(testbed).inventory() {
                    console.object(component)
                    console.text("\(component.id)  profile \(component.profileId)\(component.blocked ? "  blocked" : "")")
                }
                return .done
            }
        }
    }
}
