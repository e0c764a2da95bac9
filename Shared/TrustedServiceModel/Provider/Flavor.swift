/// A variant of a Service for certain platforms (TR-03165 4.1.4.4). Publishing cannot be undone.
public struct Flavor: Codable, Sendable, Hashable {
    /// Lower-case UUID, assigned by the TSM.
    public var id: String
    public var serviceId: String
    public var name: String
    public var description: String
    /// UTC, ISO 8601 with milliseconds and `Z`; set once.
    public var creationDate: String
    /// Only published Flavors are deployed; from then on load files and instantiation configurations are fixed.
    public var published: Bool
    public var executableLoadFileIds: [String]
    public var applicationInstantiationConfigs: [ApplicationInstantiationConfig]
    public var spParameters: [String: String]
    public var featureConfig: FeatureConfig
    /// Agreed between SP and TSM operator.
    public var contextSpecificAttributes: [String: String]

    public init(id: String, serviceId: String, name: String = "", description: String = "", creationDate: String, published: Bool = false,
                executableLoadFileIds: [String] = [], applicationInstantiationConfigs: [ApplicationInstantiationConfig] = [],
                spParameters: [String: String] = [:], featureConfig: FeatureConfig = FeatureConfig(),
                contextSpecificAttributes: [String: String] = [:]) {
        self.id = id
        self.serviceId = serviceId
        self.name = name
        self.description = description
        self.creationDate = creationDate
        self.published = published
        self.executableLoadFileIds = executableLoadFileIds
        self.applicationInstantiationConfigs = applicationInstantiationConfigs
        self.spParameters = spParameters
        self.featureConfig = featureConfig
        self.contextSpecificAttributes = contextSpecificAttributes
    }
}
