import DeploymentDocument
import GlobalPlatform
import KeyVaultAPI
import Personalization
import TrustedServiceModel

/// INSTALL [for personalization] and STORE DATA: first the attestation token in a session of its own (TR-03165, Appendix A.1), then what the
/// PersonalizationScript says.
extension SecurityDomainScript {
    static func personalization(_ application: ApplicationDocument, _ step: ProvisioningStep, material: Material) throws -> [Entry] {
        let begin = Entry(step: step, command: .apdu(HexBytes(try InstallCommand.personalization(application.instanceAid).apdu().bytes)), personalization: .begins)
        var entries: [Entry] = []
        if application.provideAttestationToken {
            guard let attestation = material.attestations[application.instanceAid] else { throw missing("attestation token", step) }
            entries += [begin, Entry(step: step, command: .storeAttestationToken(attestation), personalization: .attestationToken)]
        }
        guard let program = try application.program() else { return entries }
        do throws(ValueError) {
            for session in try program.filledSessions(material.values, payload: material.maximumPayload) {
                entries.append(begin)
                entries += session.map { command in
                    let bytes = HexBytes(command.apdu.bytes)
                    return Entry(
                        step: step,
                        command: command.encrypted.isEmpty ? .apdu(bytes) : .storeEncrypted(apdu: bytes, parts: command.encrypted.map { DataPart(offset: $0.lowerBound, count: $0.count) }),
                        personalization: .command(label: command.label, shown: HexBytes(command.shown.bytes), expected: command.expected))
                }
            }
        } catch {
            throw TSMFailure(valueError: error)
        }
        return entries
    }

    /// The configuration's parameters, and behind them what the script adds.
    static func installParameters(_ application: ApplicationDocument, material: Material) throws(TSMFailure) -> [UInt8] {
        guard let program = try application.program() else { return application.applicationSpecificInstallParameter.bytes }
        do throws(ValueError) {
            return application.applicationSpecificInstallParameter.bytes + (try program.installParameters(material.values) ?? [])
        } catch {
            throw TSMFailure(valueError: error)
        }
    }
}

extension ApplicationDocument {
    /// The application's PersonalizationScript; nil: it has none.
    /// - Throws: category 2 for one that was uploaded before scripts were checked, and is none.
    public func program() throws(TSMFailure) -> PersonalizationProgram? {
        guard let text = personalizationScript else { return nil }
        do throws(ScriptError) {
            return try PersonalizationProgram(parsing: text)
        } catch {
            throw TSMFailure(.internalError, "the PersonalizationScript of application \(instanceAid) cannot be run: line \(error.line), column \(error.column): \(error.reason); the service provider has to correct and upload it")
        }
    }
}

extension TSMFailure {
    /// What the SP app gives is its argument; spParameters are the service provider's configuration.
    public init(valueError error: ValueError) {
        self = error.name.source == .spParameters
            ? TSMFailure(.internalError, "\(error.description), by the Service's or Flavor's configuration; the service provider has to correct it")
            : TSMFailure(.invalidArgument, error.description)
    }
}
