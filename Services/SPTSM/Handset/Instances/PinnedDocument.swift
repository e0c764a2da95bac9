import Crypto
import DeploymentDocument
import Foundation
import GlobalPlatform
import ServiceKit
import Synchronization

/// A deployment document as instances keep it: never changed, stored once however many instances have it, named by the SHA-256 of its JSON.
///
/// In an instance's record only the name stands. Whoever decodes a record gives the document along (``userInfoKey``); records of before that hold
/// the document itself are read as well.
@dynamicMemberLookup
struct PinnedDocument: Codable, Sendable, Hashable {
    static let userInfoKey = CodingUserInfoKey(rawValue: "pinnedDocument")

    let content: DeploymentDocument
    /// Lower-case hex.
    let digest: String

    /// - Throws: `EncodingError`.
    init(_ content: DeploymentDocument) throws {
        self.content = content
        digest = Hex.encode(Array(SHA256.hash(data: try Self.bytes(content))))
    }

    fileprivate init(content: DeploymentDocument, digest: String) {
        self.content = content
        self.digest = digest
    }

    subscript<Value>(dynamicMember path: KeyPath<DeploymentDocument, Value>) -> Value { content[keyPath: path] }

    /// The same document again keeps its name, which need not be made anew.
    func replaced(by document: DeploymentDocument) throws -> PinnedDocument { document == content ? self : try PinnedDocument(document) }

    static func bytes(_ content: DeploymentDocument) throws -> [UInt8] {
        let encoder = WireJSON.encoder()
        encoder.outputFormatting.insert(.sortedKeys)
        return Array(try encoder.encode(content))
    }

    init(from decoder: any Decoder) throws {
        if let key = Self.userInfoKey, let given = decoder.userInfo[key] as? PinnedDocument {
            self = given
        } else {
            try self.init(DeploymentDocument(from: decoder))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(digest)
    }
}

/// Documents that were read lately, so that an instance's record is read without them.
final class DocumentShelf: Sendable {
    private static let maximum = 512
    private let documents = Mutex<[String: PinnedDocument]>([:])

    /// - Parameter stored: the document's JSON.
    /// - Throws: `DecodingError`.
    func document(_ digest: String, stored: String) throws -> PinnedDocument {
        if let known = documents.withLock({ $0[digest] }) { return known }
        let document = PinnedDocument(content: try WireJSON.decode(DeploymentDocument.self, from: Array(stored.utf8)), digest: digest)
        documents.withLock { documents in
            if documents.count >= Self.maximum { documents = [:] }
            documents[digest] = document
        }
        return document
    }
}
