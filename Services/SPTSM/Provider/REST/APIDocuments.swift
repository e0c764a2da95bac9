import CAPIDocuments
import Hummingbird
import NIOCore

/// The interfaces' OpenAPI documents as they are served: the texts of `docs/provider-api.yaml` and `docs/operator-api.yaml`.
enum APIDocuments {
    static let provider = document(tsms_provider_api_document)
    static let `operator` = document(tsms_operator_api_document)

    static func answer(_ document: [UInt8]) -> Response {
        Response(status: .ok, headers: [.contentType: "application/yaml"], body: ResponseBody(byteBuffer: ByteBuffer(bytes: document)))
    }

    private static func document(_ text: (UnsafeMutablePointer<Int>) -> UnsafePointer<UInt8>?) -> [UInt8] {
        var size = 0
        guard let first = text(&size) else { return [] }
        return Array(UnsafeBufferPointer(start: first, count: size))
    }
}
