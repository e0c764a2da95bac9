import CAPIDocuments
import Hummingbird
import NIOCore

/// The interfaces' OpenAPI documents as the services serve them: the texts of `docs/*-api.yaml`.
public enum APIDocument: String, Sendable, CaseIterable {
    case provider, `operator`, handset, handsetOperator = "handset-operator", sei, keyVault = "key-vault"

    /// The document as it stands in `docs/`, UTF-8.
    public var bytes: [UInt8] {
        var size = 0
        let first = switch self {
        case .provider: tsms_provider_api_document(&size)
        case .operator: tsms_operator_api_document(&size)
        case .handset: tsms_handset_api_document(&size)
        case .handsetOperator: tsms_handset_operator_api_document(&size)
        case .sei: tsms_sei_api_document(&size)
        case .keyVault: tsms_key_vault_api_document(&size)
        }
        return Array(UnsafeBufferPointer(start: first, count: size))
    }

    public var response: Response {
        Response(status: .ok, headers: [.contentType: "application/yaml"], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
