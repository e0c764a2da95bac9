import DeploymentDocument
import GlobalPlatform
import Personalization
import Provisioning
import TrustedServiceModel

/// installationData and personalizationData of one call (TR-03165 4.2.3.3, 4.2.3.4): in memory while a step of the process needs them, and nowhere else in the clear.
struct ProvidedData: Codable, Sendable, Hashable {
    var installation: [String: String] = [:]
    var personalization: [String: String] = [:]

    static let maximumNames = 64
    static let maximumName = 64
    /// Bytes of a value's text: twice as many digits as a value has bytes.
    static let maximumText = 2 * ScriptLimits.value

    init() {}

    init(_ commands: [ServiceCommand]) {
        for command in commands {
            switch command {
            case .install(let data): installation.merge(data) { $1 }
            case .personalize(let data): personalization.merge(data) { $1 }
            case .activate: continue
            }
        }
    }

    var isEmpty: Bool { installation.isEmpty && personalization.isEmpty }

    func values(_ document: DeploymentDocument) -> ProgramValues {
        ProgramValues(installationData: installation, personalizationData: personalization, spParameters: document.spParameters)
    }

    private var given: [(source: ValueSource, values: [String: String])] { [(.installationData, installation), (.personalizationData, personalization)] }

    /// What can be said before anything is looked up.
    /// - Throws: category 4.
    func checkLimits() throws(TSMFailure) {
        for (source, values) in given {
            guard values.count <= Self.maximumNames else { throw TSMFailure(.invalidArgument, "\(source.rawValue) has \(values.count) names, at most \(Self.maximumNames) are taken") }
            for (name, value) in values.sorted(by: { $0.key < $1.key }) {
                guard (1...Self.maximumName).contains(name.utf8.count) else { throw TSMFailure(.invalidArgument, "a name in \(source.rawValue) has \(name.utf8.count) bytes, 1 to \(Self.maximumName) are expected") }
                guard value.utf8.count <= Self.maximumText else { throw TSMFailure(.invalidArgument, "\(source.rawValue).\(name) has \(value.utf8.count) bytes of text, at most \(Self.maximumText) are taken") }
            }
        }
    }

    /// Whether every name is one that a script of the Flavor takes, and every value what its declaration says.
    /// - Throws: category 4 with the name, never with a value.
    func checkNames(_ document: DeploymentDocument) throws(TSMFailure) {
        if isEmpty { return }
        var programs: [PersonalizationProgram] = []
        for application in document.applications {
            if let program = try application.program() { programs.append(program) }
        }
        for (source, values) in given {
            for (name, text) in values.sorted(by: { $0.key < $1.key }) {
                let wanted = ValueName(source, name)
                let declarations = programs.flatMap(\.declarations).filter { $0.name == wanted }
                guard !declarations.isEmpty else { throw TSMFailure(.invalidArgument, "'\(name)' in \(source.rawValue) is taken by no PersonalizationScript of this Flavor") }
                do throws(ValueError) {
                    for declaration in declarations { _ = try declaration.encode(text) }
                } catch {
                    throw TSMFailure(valueError: error)
                }
            }
        }
    }

    /// Whether everything is there that a plan's steps need, before an order leaves.
    /// - Throws: category 4 with the name that is missing; 2 where the service provider's configuration does not fit its script.
    func checkComplete(_ plan: [PlannedSession], _ document: DeploymentDocument) throws(TSMFailure) {
        let values = values(document)
        for case .securityDomain(_, let steps) in plan {
            for step in steps {
                guard let (application, sources) = step.needs(document), let program = try application.program() else { continue }
                do throws(ValueError) { try program.check(values, of: sources) } catch { throw TSMFailure(valueError: error) }
            }
        }
    }
}

extension ProvisioningStep {
    /// The application whose script this step runs, and the values that it fills it with.
    func needs(_ document: DeploymentDocument) -> (application: ApplicationDocument, sources: Set<ValueSource>)? {
        let found: (AID, Set<ValueSource>)? = switch self {
        case .install(let instance): (instance, [.installationData, .spParameters])
        case .personalize(let instance): (instance, [.personalizationData, .spParameters])
        default: nil
        }
        guard let (instance, sources) = found, let application = document.applications.first(where: { $0.instanceAid == instance }), application.personalizationScript != nil else { return nil }
        return (application, sources)
    }
}

extension DialogRecord.Purpose {
    /// The same call without its values: what is stored of it. Names stay, so that a repeated request is known again.
    var withoutValues: DialogRecord.Purpose {
        switch self {
        case .deploy(let id, let commands, let finalize): .deploy(instanceId: id, commands: commands.map(\.withoutValues), finalize: finalize)
        case .update(let id, let version, let commands, let finalize): .update(instanceId: id, version: version, commands: commands.map(\.withoutValues), finalize: finalize)
        default: self
        }
    }
}

extension ServiceCommand {
    fileprivate var withoutValues: ServiceCommand {
        switch self {
        case .install(let data): .install(installationData: data.mapValues { _ in "" })
        case .personalize(let data): .personalize(personalizationData: data.mapValues { _ in "" })
        case .activate: self
        }
    }
}
