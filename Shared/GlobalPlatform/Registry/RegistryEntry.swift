/// One entry of the GlobalPlatform registry as GET STATUS answers it (GPCS 2.3.1, table 11-36): E3{4F 9F70 C5 CF* C4 CE 84* CC}.
public struct RegistryEntry: Hashable, Sendable {
    public var aid: AID
    /// 9F70; some cards answer two bytes, of which the first counts.
    public var lifeCycleState: UInt8?
    public var privileges: Privileges?
    /// CF, one per implicit selection parameter.
    public var implicitSelection: [UInt8]
    /// C4: the load file of an application.
    public var loadFile: AID?
    /// CE: major and minor version of a load file.
    public var version: [UInt8]?
    /// 84: the modules of a load file.
    public var modules: [AID]
    /// CC: the security domain that it is associated with.
    public var securityDomain: AID?

    public init(aid: AID, lifeCycleState: UInt8? = nil, privileges: Privileges? = nil, implicitSelection: [UInt8] = [], loadFile: AID? = nil,
                version: [UInt8]? = nil, modules: [AID] = [], securityDomain: AID? = nil) {
        self.aid = aid
        self.lifeCycleState = lifeCycleState
        self.privileges = privileges
        self.implicitSelection = implicitSelection
        self.loadFile = loadFile
        self.version = version
        self.modules = modules
        self.securityDomain = securityDomain
    }

    /// Reads the objects inside E3; unknown tags are skipped, since cards add their own.
    public init(parsing object: TLV) throws(FormatError) {
        let structure = "GET STATUS entry"
        guard object.tag == 0xE3 else { throw FormatError(.data, structure, "tag", "E3 was expected, not \(object.tag)") }
        let objects = try object.read(structure)
        guard let name = objects.first(0x4F) else { throw FormatError(.data, structure, "4F", "the AID is missing") }
        self.init(aid: try name.readAID(structure))
        for object in objects {
            switch object.tag {
            case 0x9F70:
                guard (1...2).contains(object.value.count) else { throw FormatError(.data, structure, "9F70", "1 or 2 bytes were expected") }
                lifeCycleState = object.value[0]
            case 0xC5: privileges = try Privileges(bytes: object.value)
            case 0xCF: implicitSelection += object.value
            case 0xC4: loadFile = try object.readAID(structure)
            case 0xCE: version = object.value
            case 0x84: modules.append(try object.readAID(structure))
            case 0xCC: securityDomain = try object.readAID(structure)
            default: break
            }
        }
    }

    /// E3 with the objects that are there; with `tagList` (the content of 5C) only those that it names, 4F always.
    public func encoded(tagList: [TLVTag]? = nil) -> TLV {
        func wanted(_ tag: TLVTag) -> Bool { tagList?.contains(tag) ?? true }
        var objects = [TLV(0x4F, aid.bytes)]
        if let lifeCycleState, wanted(0x9F70) { objects.append(TLV(0x9F70, [lifeCycleState])) }
        if let privileges, wanted(0xC5) { objects.append(TLV(0xC5, privileges.bytes)) }
        if wanted(0xCF) { objects += implicitSelection.map { TLV(0xCF, [$0]) } }
        if let loadFile, wanted(0xC4) { objects.append(TLV(0xC4, loadFile.bytes)) }
        if let version, wanted(0xCE) { objects.append(TLV(0xCE, version)) }
        if wanted(0x84) { objects += modules.map { TLV(0x84, $0.bytes) } }
        if let securityDomain, wanted(0xCC) { objects.append(TLV(0xCC, securityDomain.bytes)) }
        return TLV(0xE3, objects)
    }
}

extension RegistryEntry {
    /// The form of GPCS 2.1.1 (table 11-35): AID with its length, state, one byte of privileges, and for `withModules` the number of modules and their AIDs.
    public func oldForm(withModules: Bool) -> [UInt8] {
        func field(_ aid: AID) -> [UInt8] { [UInt8(aid.bytes.count)] + aid.bytes }
        let head = field(aid) + [lifeCycleState ?? 0x00, privileges?.bytes.first ?? 0x00]
        return withModules ? head + [UInt8(clamping: modules.count)] + modules.flatMap(field) : head
    }

    /// Whether the entry has all of these objects, bit by bit where they are privileges.
    public func matches(_ criteria: [TLV]) -> Bool {
        criteria.allSatisfy { criterion in
            switch criterion.tag {
            case 0x9F70: criterion.value == lifeCycleState.map { [$0] }
            case 0xC5: (try? Privileges(bytes: criterion.value)).flatMap { wanted in privileges?.isSuperset(of: wanted) } ?? false
            case 0xC4: criterion.value == loadFile?.bytes
            case 0xCC: criterion.value == securityDomain?.bytes
            default: false
            }
        }
    }

    /// The state as an application's; nil for other values or when it was not answered.
    public var applicationState: ApplicationState? { lifeCycleState.flatMap { ApplicationState(rawValue: $0) } }
    /// The state as a supplementary security domain's.
    public var securityDomainState: SecurityDomainState? { lifeCycleState.flatMap { SecurityDomainState(rawValue: $0) } }
    /// The state as the card's, when the entry is the Issuer Security Domain's.
    public var cardState: CardState? { lifeCycleState.flatMap { CardState(rawValue: $0) } }
    public var isSecurityDomain: Bool { privileges?.contains(.securityDomain) ?? false }
}
