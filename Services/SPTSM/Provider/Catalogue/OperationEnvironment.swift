import Foundation
import ServiceKit

/// What operations take from outside: time, identifiers and limits.
struct OperationEnvironment: Sendable {
    var service: ServiceEnvironment
    var limits: ProviderLimits

    /// UTC, ISO 8601 with milliseconds and `Z`.
    func timestamp() -> String { WireDate.text(service.now()) }
    func identifier() -> String { service.uuid() }
}

/// Largest things that clients may send, in bytes.
public struct ProviderLimits: Sendable, Hashable, Decodable {
    public var loadFile: Int
    public var script: Int
    public var certificate: Int
    /// A JSON request body.
    public var body: Int

    public init(loadFile: Int = 512_000, script: Int = 256_000, certificate: Int = 64_000, body: Int = 1_000_000) {
        self.loadFile = loadFile
        self.script = script
        self.certificate = certificate
        self.body = body
    }

    private enum CodingKeys: String, CodingKey { case loadFile, script, certificate, body }

    public init(from decoder: any Decoder) throws {
        let keys = try decoder.container(keyedBy: CodingKeys.self)
        let standard = ProviderLimits()
        loadFile = try keys.decode(Int.self, forKey: .loadFile, default: standard.loadFile)
        script = try keys.decode(Int.self, forKey: .script, default: standard.script)
        certificate = try keys.decode(Int.self, forKey: .certificate, default: standard.certificate)
        body = try keys.decode(Int.self, forKey: .body, default: standard.body)
        for (key, value) in [(CodingKeys.loadFile, loadFile), (.script, script), (.certificate, certificate), (.body, body)] where !(1...16_000_000).contains(value) {
            throw DecodingError.dataCorruptedError(forKey: key, in: keys, debugDescription: "a number of bytes from 1 to 16000000 is expected")
        }
    }
}
