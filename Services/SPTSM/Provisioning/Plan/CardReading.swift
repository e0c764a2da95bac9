import GlobalPlatform

/// What a security domain's registry showed of its content when it was read under secure messaging: what a plan is made from where an earlier
/// process was interrupted.
public struct CardReading: Codable, Sendable, Hashable {
    public struct Application: Codable, Sendable, Hashable {
        public var aid: AID
        /// Life-cycle state, 9F70 (GP 11.1.1).
        public var state: UInt8

        public init(aid: AID, state: UInt8) {
            self.aid = aid
            self.state = state
        }

        public var isSelectable: Bool { state & 0x07 == 0x07 }
        public var isLocked: Bool { state & 0x80 != 0 }
    }

    public struct LoadFile: Codable, Sendable, Hashable {
        public var aid: AID
        public var version: VersionNumber?

        public init(aid: AID, version: VersionNumber?) {
            self.aid = aid
            self.version = version
        }
    }

    /// A load file upgrade that was begun and not ended: its applications' data waits on the card (GP Amendment H).
    public struct OpenUpgrade: Codable, Sendable, Hashable {
        /// As `ManageUpgradeResponse.status`.
        public var status: UInt8
        public var loadFile: AID

        public init(status: UInt8, loadFile: AID) {
            self.status = status
            self.loadFile = loadFile
        }
    }

    /// Without the security domain itself.
    public var applications: [Application]
    public var loadFiles: [LoadFile]
    public var openUpgrade: OpenUpgrade?
    /// False where a list was longer than one answer, or was not read at all: nothing may be concluded from what is missing in it.
    public var isWhole: Bool

    public init(applications: [Application] = [], loadFiles: [LoadFile] = [], openUpgrade: OpenUpgrade? = nil, isWhole: Bool) {
        self.applications = applications
        self.loadFiles = loadFiles
        self.openUpgrade = openUpgrade
        self.isWhole = isWhole
    }

    public func application(_ aid: AID) -> Application? { applications.first { $0.aid == aid } }
    public func loadFile(_ aid: AID) -> LoadFile? { loadFiles.first { $0.aid == aid } }
}
