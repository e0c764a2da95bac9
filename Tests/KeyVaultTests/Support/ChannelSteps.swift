import GlobalPlatform
import KeyVaultAPI
import KeyVaultService

let getStatus = HexBytes([0x80, 0xF2, 0x40, 0x02, 0x02, 0x4F, 0x00, 0x00])
let setStatus = HexBytes([0x80, 0xF0, 0x40, 0x80, 0x05, 1, 2, 3, 4, 5])

func predicted(_ counter: UInt32) -> ChannelMode {
    .predicted(sequenceCounter: HexBytes([UInt8(counter >> 16 & 0xFF), UInt8(counter >> 8 & 0xFF), UInt8(counter & 0xFF)]))
}

func openRequest(
    _ id: String, version: UInt8 = 0x30, parameter: UInt8 = 0x70, level: UInt8 = 0x33, mode: ChannelMode = predicted(1), domain: AID = .issuerSecurityDomain,
    commands: [ChannelCommand] = []
) -> OpenChannelRequest {
    OpenChannelRequest(
        keys: .keySet(id: id), keyVersionNumber: version, securityDomain: domain, scpParameter: parameter, securityLevel: level, mode: mode,
        process: "process-1", commands: commands)
}

extension ChannelScript {
    var flat: [[UInt8]] { wrapped.flatMap { $0.map(\.bytes) } }
    /// All of it, in the order for the card.
    var all: [[UInt8]] { [initializeUpdate, externalAuthenticate].compactMap { $0?.bytes } + flat }
}

/// The report of a predicted channel from the answers to its whole script.
func predictedReport(_ answers: [[UInt8]]) -> ChannelReport {
    ChannelReport(
        initializeUpdateResponse: answers.first.map { HexBytes($0) }, externalAuthenticateResponse: answers.dropFirst().first.map { HexBytes($0) },
        responses: answers.dropFirst(2).map { HexBytes($0) })
}

func laterReport(_ answers: [[UInt8]]) -> ChannelReport {
    ChannelReport(initializeUpdateResponse: nil, externalAuthenticateResponse: nil, responses: answers.map { HexBytes($0) })
}
