/// GlobalPlatform SERAM 2.0.0: the messages between local agent (handset) and remote agent (handset plane).
/// Names are SERAM's; hex strings are upper or lower case on reading, upper case on writing as SERAM's pattern asks.
public enum SERAM {
    public static let version = "2.0.0"

    public enum SecureElementType: String, Codable, Sendable { case eSE, iSE, uicc, euicc, ieuicc, undefined }

    /// A secure component as the local agent names it. What it says of itself is a claim, never a fact, until a card cryptogram proves it.
    public struct SecureElement: Codable, Sendable, Hashable {
        public var seType: SecureElementType
        /// Identifier: hex of `IIN ‖ CIN` (GP tags 42 and 45) where readable, else hex of the CPLC.
        public var seId: String
        /// Comma separated features, SERAM's own.
        public var seExtraInfo: String?

        public init(seType: SecureElementType, seId: String, seExtraInfo: String? = nil) {
            self.seType = seType
            self.seId = seId
            self.seExtraInfo = seExtraInfo
        }
    }

    public struct HandshakeCommand: Codable, Sendable, Hashable {
        public var secureElements: [SecureElement]
        public var supportedTransportProtocols: [String]?
        public var supportedDataFormats: [String]?
        public var supportedVersions: [String]?

        public init(secureElements: [SecureElement], supportedTransportProtocols: [String]? = nil, supportedDataFormats: [String]? = nil, supportedVersions: [String]? = nil) {
            self.secureElements = secureElements
            self.supportedTransportProtocols = supportedTransportProtocols
            self.supportedDataFormats = supportedDataFormats
            self.supportedVersions = supportedVersions
        }
    }

    public struct HandshakeResponse: Codable, Sendable, Hashable {
        public var chosenTransportProtocol: String
        public var chosenDataFormat: String
        public var chosenVersion: String

        public init(chosenTransportProtocol: String = "HTTPS", chosenDataFormat: String = "application/json", chosenVersion: String = SERAM.version) {
            self.chosenTransportProtocol = chosenTransportProtocol
            self.chosenDataFormat = chosenDataFormat
            self.chosenVersion = chosenVersion
        }
    }

    /// One command of an order, run in sequence.
    public enum Command: Codable, Sendable, Hashable {
        case start
        /// C-APDUs in hex. A SELECT by AID opens a logical channel and makes it current.
        case apdus([String])
        /// For the SP app's listener; ours is the JSON of `Notification`.
        case notification(String)
        case stop

        private enum CodingKeys: String, CodingKey { case ramCommandType, listOfCAPDU, deviceAppNotification }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            // SERAM's schema says ramStartCommand, its examples say startCommand: both are read.
            switch try container.decode(String.self, forKey: .ramCommandType) {
            case "ramStartCommand", "startCommand": self = .start
            case "seRamCommand": self = .apdus(try container.decode([String].self, forKey: .listOfCAPDU))
            case "notificationCommand": self = .notification(try container.decode(String.self, forKey: .deviceAppNotification))
            case "ramStopCommand", "stopCommand": self = .stop
            case let other:
                throw DecodingError.dataCorruptedError(forKey: .ramCommandType, in: container, debugDescription: "unknown ramCommandType '\(other)'")
            }
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            switch self {
            case .start: try container.encode("ramStartCommand", forKey: .ramCommandType)
            case .apdus(let list):
                try container.encode("seRamCommand", forKey: .ramCommandType)
                try container.encode(list, forKey: .listOfCAPDU)
            case .notification(let text):
                try container.encode("notificationCommand", forKey: .ramCommandType)
                try container.encode(text, forKey: .deviceAppNotification)
            case .stop: try container.encode("ramStopCommand", forKey: .ramCommandType)
            }
        }
    }

    public struct Order: Codable, Sendable, Hashable {
        /// Milliseconds to wait before the next request.
        public var delay: Int?
        public var chosenSecureElement: SecureElement?
        public var ramCommands: [Command]?

        public init(delay: Int? = 0, chosenSecureElement: SecureElement? = nil, ramCommands: [Command]? = nil) {
            self.delay = delay
            self.chosenSecureElement = chosenSecureElement
            self.ramCommands = ramCommands
        }
    }

    public enum LocalAgentStatus: String, Codable, Sendable {
        case processed = "PROCESSED", polling = "POLLING", unavailableSE = "UNAVAILABLE_SE"
        case unknownFailure = "UNKNOWN_FAILURE", ungrantedAccess = "UNGRANTED_ACCESS"
    }

    public struct AgentStatus: Codable, Sendable, Hashable {
        public var localAgentStatusEnum: LocalAgentStatus
        public var executedSeRamCommands: Int?
        public var errorMsg: String?

        public init(_ status: LocalAgentStatus, executedSeRamCommands: Int? = nil, errorMsg: String? = nil) {
            self.localAgentStatusEnum = status
            self.executedSeRamCommands = executedSeRamCommands
            self.errorMsg = errorMsg
        }
    }

    public struct Response: Codable, Sendable, Hashable {
        public var ramResponseType: String
        /// One R-APDU in hex per C-APDU run; an empty string where there is none.
        public var listOfRAPDU: [String]

        public init(listOfRAPDU: [String]) {
            self.ramResponseType = "seRamResponse"
            self.listOfRAPDU = listOfRAPDU
        }
    }

    public struct Report: Codable, Sendable, Hashable {
        public var localAgentStatus: AgentStatus
        public var ramResponses: [Response]?
        /// Not SERAM's, which knows one component an order: the reports of `HandsetAPI.DialogAnswer.alongside`, in its order.
        public var alongside: [Report]?

        public init(localAgentStatus: AgentStatus, ramResponses: [Response]? = nil, alongside: [Report]? = nil) {
            self.localAgentStatus = localAgentStatus
            self.ramResponses = ramResponses
            self.alongside = alongside
        }
    }
}
