import ServiceKit
import TrustedServiceModel

/// An answer to the handset and its JSON: encoded once, for the journal and for the way.
@dynamicMemberLookup
struct EncodedAnswer: Sendable {
    let answer: HandsetAPI.DialogAnswer
    let body: [UInt8]

    /// - Throws: `EncodingError`.
    init(_ answer: HandsetAPI.DialogAnswer) throws {
        self.init(answer: answer, body: try WireJSON.encode(answer))
    }

    init(answer: HandsetAPI.DialogAnswer, body: [UInt8]) {
        self.answer = answer
        self.body = body
    }

    subscript<Value>(dynamicMember path: KeyPath<HandsetAPI.DialogAnswer, Value>) -> Value { answer[keyPath: path] }
}
