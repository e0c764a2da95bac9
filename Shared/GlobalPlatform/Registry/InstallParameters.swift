/// The parameters field of INSTALL (GPCS 2.3.1, 11.5.2.3.7): C9 for the application, EF for the system, others as they come.
public struct InstallParameters: Hashable, Sendable {
    /// C9, handed to the applet's `install`; nil = no C9, which [for install] must not lack.
    public var applicationSpecific: [UInt8]?
    public var system: SystemParameters
    /// Other objects, such as EA (ETSI TS 102 226) or B6.
    public var other: [TLV]

    public init(applicationSpecific: [UInt8]? = nil, system: SystemParameters = SystemParameters(), other: [TLV] = []) {
        self.applicationSpecific = applicationSpecific
        self.system = system
        self.other = other
    }

    /// C9 with the parameters of a security domain.
    public init(securityDomain: SecurityDomainParameters, system: SystemParameters = SystemParameters()) {
        self.init(applicationSpecific: securityDomain.bytes, system: system)
    }

    /// Reads the field's value; C9 and EF at most once each.
    public init(parsing bytes: [UInt8]) throws(FormatError) {
        let structure = "install parameters"
        self.init()
        var seenSystem = false
        for object in try TLV.read(bytes, structure, "field") {
            switch object.tag {
            case 0xC9:
                guard applicationSpecific == nil else { throw FormatError(.data, structure, "C9", "it occurs twice") }
                applicationSpecific = object.value
            case 0xEF:
                guard !seenSystem else { throw FormatError(.data, structure, "EF", "it occurs twice") }
                seenSystem = true
                system = try SystemParameters(parsing: object.value)
            default: other.append(object)
            }
        }
    }

    /// The field's value; an empty EF is left out.
    public var bytes: [UInt8] {
        var objects: [TLV] = []
        if let applicationSpecific { objects.append(TLV(0xC9, applicationSpecific)) }
        if !system.isEmpty { objects.append(TLV(0xEF, system.bytes)) }
        return (objects + other).bytes
    }
}
