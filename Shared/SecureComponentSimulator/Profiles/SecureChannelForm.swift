import GlobalPlatform

/// An SCP03 option in a profile: the byte `i`, and what it says in words, which must agree with it where they are given.
struct SecureChannelForm: Codable {
    private enum Member: String, CodingKey, CaseIterable { case parameter, challenge, mode, responseMAC, responseEncryption }
    private enum Challenge: String, Codable { case random, pseudoRandom }
    private enum Mode: String, Codable { case S8, S16 }

    let parameter: SCP03Parameter

    init(_ parameter: SCP03Parameter) {
        self.parameter = parameter
    }

    private var challenge: Challenge { parameter.hasPseudoRandomChallenge ? .pseudoRandom : .random }
    private var mode: Mode { parameter.isS16 ? .S16 : .S8 }

    init(from decoder: any Decoder) throws {
        let object = try StrictObject.container(decoder, Member.self)
        let byte = try object.decode(HexBytes.self, forKey: .parameter).bytes
        guard byte.count == 1 else {
            throw DecodingError.dataCorruptedError(forKey: .parameter, in: object, debugDescription: "the parameter i is one byte, not \(byte.count)")
        }
        parameter = SCP03Parameter(rawValue: byte[0])
        let agrees = [
            Member.challenge: try object.decodeIfPresent(Challenge.self, forKey: .challenge).map { $0 == challenge },
            .mode: try object.decodeIfPresent(Mode.self, forKey: .mode).map { $0 == mode },
            .responseMAC: try object.decodeIfPresent(Bool.self, forKey: .responseMAC).map { $0 == parameter.supportsResponseMAC },
            .responseEncryption: try object.decodeIfPresent(Bool.self, forKey: .responseEncryption).map { $0 == parameter.supportsResponseEncryption },
        ]
        if let member = Member.allCases.first(where: { agrees[$0] == false }) {
            throw DecodingError.dataCorruptedError(forKey: member, in: object, debugDescription: "parameter \(parameter) says otherwise")
        }
    }

    func encode(to encoder: any Encoder) throws {
        var object = encoder.container(keyedBy: Member.self)
        try object.encode(HexBytes([parameter.rawValue]), forKey: .parameter)
        try object.encode(challenge, forKey: .challenge)
        try object.encode(mode, forKey: .mode)
        try object.encode(parameter.supportsResponseMAC, forKey: .responseMAC)
        try object.encode(parameter.supportsResponseEncryption, forKey: .responseEncryption)
    }
}
