/// The rules of one attribute as the tables of TR-03165 4.1.4 give them.
struct AttributeRule: Sendable {
    /// Column "Mandatory".
    enum Presence: String, Sendable {
        /// Needed in POST and PUT.
        case mandatory = "M"
        /// May be omitted; an omitted one keeps its value in PUT.
        case optional = "O"
        /// Assigned by the TSM.
        case assigned = "A"
        /// Optional as such, but bound to other attributes (FeatureConfig).
        case conditional = "C"
    }

    /// Column "Editable".
    enum Editable: String, Sendable {
        case yes = "Yes"
        case no = "No"
        /// Until a Flavor that uses it is published.
        case untilPublished = "Conditional"
    }

    var name: String
    var presence: Presence
    var editable: Editable
    var format: AttributeFormat
    /// What an omitted attribute gets at creation, and what null or empty resets it to.
    var defaultValue: JSONValue
    /// A mandatory container that may be empty nevertheless.
    var mayBeEmpty = false
    /// Listed as assigned, though the client may set it (`priority`).
    var clientMaySet = false

    init(_ name: String, _ presence: Presence, _ editable: Editable, _ format: AttributeFormat, default defaultValue: JSONValue = .null,
         mayBeEmpty: Bool = false, clientMaySet: Bool = false) {
        self.name = name
        self.presence = presence
        self.editable = editable
        self.format = format
        self.defaultValue = defaultValue
        self.mayBeEmpty = mayBeEmpty
        self.clientMaySet = clientMaySet
    }

    /// Only the TSM gives it a value.
    var isAssigned: Bool { presence == .assigned && !clientMaySet }
}

/// All attributes of an entity.
struct EntityRules: Sendable {
    /// The TR's name of it, for messages.
    var name: String
    var attributes: [AttributeRule]

    init(_ name: String, _ attributes: [AttributeRule]) {
        self.name = name
        self.attributes = attributes
    }

    func attribute(_ name: String) -> AttributeRule? { attributes.first { $0.name == name } }
}
