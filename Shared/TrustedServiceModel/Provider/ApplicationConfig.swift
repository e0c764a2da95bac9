/// How an application is installed, activated and personalised (TR-03165 4.1.4.12). Fixed, but for names and the certificate, once a published Flavor uses it.
public struct ApplicationConfig: Codable, Sendable, Hashable {
    /// Lower-case UUID, assigned by the TSM.
    public var id: String
    /// ID of the owning ServiceProvider.
    public var spId: String
    /// Hexadecimal.
    public var instanceAid: String
    public var name: String
    public var description: String
    public var installConfig: InstallConfig
    public var activationConfig: ActivationConfig
    public var personalizationConfig: PersonalizationConfig

    public init(id: String, spId: String, instanceAid: String, name: String = "", description: String = "",
                installConfig: InstallConfig = InstallConfig(), activationConfig: ActivationConfig = ActivationConfig(),
                personalizationConfig: PersonalizationConfig = PersonalizationConfig()) {
        self.id = id
        self.spId = spId
        self.instanceAid = instanceAid
        self.name = name
        self.description = description
        self.installConfig = installConfig
        self.activationConfig = activationConfig
        self.personalizationConfig = personalizationConfig
    }
}
