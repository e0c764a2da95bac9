import Foundation
import HTTP2
import HTTPTypes
import Testing
import TestMaterial
import TrustedServiceModel

extension EndToEnd.Shared {
    @Test("a corrupt CAP file is refused with category 1013 and is not kept")
    func corruptLoadFile() async throws {
        let testbed = try RunningTestbed.required()
        let provider = testbed.file.serviceProviders[0]
        let backend = try await Backend(testbed, provider)
        let before = try await backend.loadFiles()
        #expect(!before.isEmpty)
        let cap = try Applets.archive("ticket-1.0-jc304")
        var flipped = cap
        flipped[cap.count / 2] ^= 0x55
        let corrupt: [(String, [UInt8])] = [
            ("no ZIP archive", Array("this is no CAP file".utf8)), ("cut in the middle", Array(cap.prefix(cap.count / 2))),
            ("without its last byte", Array(cap.dropLast())), ("one byte changed", flipped), ("a ZIP archive's head alone", Array(cap.prefix(4))),
        ]
        for (what, bytes) in corrupt {
            let (status, error) = try await backend.upload(bytes)
            #expect(status == 400 && error?.category == .uploadInvalidFileType, "\(what): \(status) \(error?.description ?? "no error")")
        }
        let (status, error) = try await backend.upload([])
        #expect(status == 400 && [.uploadInvalidFileType, .uploadMissingFile].contains(error?.category), "empty: \(status) \(error?.description ?? "no error")")
        // Larger than the TSM takes, and larger than the gateway lets through at all.
        let large = try await backend.upload(Array(repeating: 0, count: 600_000))
        #expect(large.0 == 400 && large.1?.category == .uploadTooLarge, "600 kB: \(large.0) \(large.1?.description ?? "no error")")
        let tooLarge = try await backend.upload(Array(repeating: 0, count: 9 << 20))
        #expect(tooLarge.0 == 400 && tooLarge.1?.category == .invalidRequest, "9 MiB: \(tooLarge.0) \(tooLarge.1?.description ?? "no error")")
        #expect(try await backend.loadFiles() == before)
        // The same form with a sound file passes.
        #expect(try await backend.upload(cap).0 == 200)
        await backend.close()
    }
}

/// A service provider's backend before the gateway's REST API.
private struct Backend {
    private let http: HTTPClient
    private let base: String
    private var token: String

    init(_ testbed: RunningTestbed, _ provider: TestbedFile.ServiceProvider) async throws {
        let gateway = testbed.file.gateway
        let url = try #require(URL(string: gateway.providerURL))
        let credentials = try TLSCredentials(files: TLSFiles(certificateChain: provider.clientCertificate, privateKey: provider.clientKey, trustAnchors: gateway.ca))
        http = HTTPClient(origin: url, credentials: credentials, expectation: .dnsName("127.0.0.1"), logger: .init(label: "backend"))
        base = url.path()
        token = provider.longTermToken
        let (status, body) = try await send(.post, "/auth")
        try #require(status == 200, "\(String(decoding: body, as: UTF8.self))")
        token = try JSONDecoder().decode(String.self, from: Data(body))
    }

    func close() async { await http.shutdown() }

    func loadFiles() async throws -> Set<String> {
        struct LoadFile: Decodable { var id: String }
        let (status, body) = try await send(.get, "/executable-load-files")
        try #require(status == 200, "\(String(decoding: body, as: UTF8.self))")
        return Set(try JSONDecoder().decode([LoadFile].self, from: Data(body)).map(\.id))
    }

    func upload(_ bytes: [UInt8]) async throws -> (Int, GeneralError?) {
        let boundary = UUID().uuidString
        let head = "--\(boundary)\r\nContent-Disposition: form-data; name=\"elfFile\"; filename=\"applet.cap\"\r\nContent-Type: application/octet-stream\r\n\r\n"
        let (status, body) = try await send(.post, "/executable-load-files", Array(head.utf8) + bytes + Array("\r\n--\(boundary)--\r\n".utf8), "multipart/form-data; boundary=\(boundary)")
        return (status, try? JSONDecoder().decode(GeneralError.self, from: Data(body)))
    }

    private func send(_ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]? = nil, _ type: String? = nil) async throws -> (Int, [UInt8]) {
        var fields: HTTPFields = [.authorization: token]
        if let type { fields[.contentType] = type }
        let answer = try await http.send(HTTPRequest(method: method, scheme: nil, authority: nil, path: base + path, headerFields: fields), body: body)
        return (answer.status.code, answer.body)
    }
}
