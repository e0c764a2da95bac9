/// Which ApplicationConfig is applied to which ExecutableModule within a Flavor (TR-03165 4.1.4.7).
public struct ApplicationInstantiationConfig: Codable, Sendable, Hashable {
    /// 1 to 255; lower values are instantiated first.
    public var priority: Int
    public var executableModuleId: String
    public var applicationConfigId: String

    public init(priority: Int = 255, executableModuleId: String, applicationConfigId: String) {
        self.priority = priority
        self.executableModuleId = executableModuleId
        self.applicationConfigId = applicationConfigId
    }
}
