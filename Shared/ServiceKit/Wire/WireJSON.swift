import Foundation

/// The one place where JSON is configured: dates as ``WireDate``, slashes not escaped.
public enum WireJSON {
    public static let contentType = "application/json"

    public static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(WireDate.text(date))
        }
        return encoder
    }

    public static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            guard let date = WireDate.date(try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "a time like 2026-03-01T09:30:00.000Z is expected")
            }
            return date
        }
        return decoder
    }

    /// - Throws: `EncodingError`.
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        Array(try encoder().encode(value))
    }

    /// - Throws: `DecodingError`; ``place(of:)`` says where.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Sequence<UInt8>) throws -> Value {
        try decoder().decode(type, from: Data(bytes))
    }

    /// What was wrong where, in words for the sender; without the value itself, which may be secret.
    public static func place(of error: any Error) -> String {
        func at(_ path: [any CodingKey]) -> String { path.isEmpty ? "the document" : path.dotted }
        switch error {
        case DecodingError.keyNotFound(let key, let context): return "\((context.codingPath + [key]).dotted) is missing"
        case DecodingError.valueNotFound(_, let context): return "\(at(context.codingPath)) is null"
        case DecodingError.typeMismatch(_, let context): return "\(at(context.codingPath)) has the wrong type"
        case DecodingError.dataCorrupted(let context):
            return context.codingPath.isEmpty ? "not valid JSON" : "\(at(context.codingPath)): \(context.debugDescription)"
        default: return "the document cannot be read"
        }
    }
}
