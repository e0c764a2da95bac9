import Foundation
import Identity
import Testing

@Suite struct AllowListTests {
    static let digest = [UInt8](repeating: 0xAB, count: 32)

    @Test func anEmptyListIsAnError() {
        let error = #expect(throws: IdentityError.self) { try AllowList([]) }
        #expect(error?.code == .emptyAllowList)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(AllowList.self, from: Data("[]".utf8)) }
    }

    @Test func matchesExactly() throws {
        let list = try AllowList([
            AllowedPeer("spiffe://sp-tsm.example/gateway-provider"), AllowedPeer("dns:Bank.example"), AllowedPeer("sha256:" + String(repeating: "AB", count: 32)),
        ])
        #expect(list.permits(uris: ["spiffe://sp-tsm.example/gateway-provider"], dnsNames: [], certificateSHA256: []))
        #expect(list.permits(uris: [], dnsNames: ["bank.example"], certificateSHA256: []))
        #expect(list.permits(uris: [], dnsNames: ["x.example", "BANK.example"], certificateSHA256: []))
        #expect(list.permits(uris: [], dnsNames: [], certificateSHA256: Self.digest))
        #expect(!list.permits(uris: ["spiffe://sp-tsm.example/gateway-provider2"], dnsNames: [], certificateSHA256: []))
        #expect(!list.permits(uris: ["spiffe://sp-tsm.example/gateway-provide"], dnsNames: ["a.bank.example", "*.example", ""], certificateSHA256: [0xAB]))
        #expect(!list.permits(uris: [], dnsNames: [], certificateSHA256: []))
    }

    @Test func severalURINamesMatchNoSPIFFEID() throws {
        let list = try AllowList([AllowedPeer("spiffe://d/a")])
        #expect(!list.permits(uris: ["spiffe://d/a", "spiffe://d/b"], dnsNames: [], certificateSHA256: []))
        #expect(!list.permits(uris: ["spiffe://d/a", "spiffe://d/a"], dnsNames: [], certificateSHA256: []))
    }

    @Test(arguments: ["", "*", "bank.example", "dns:", "dns:*.example", "dns:-a.example", "dns:a..b", "sha256:", "sha256:abc", "sha256:" + String(repeating: "zz", count: 32), "spiffe://domain"])
    func refusesPeerNames(_ text: String) {
        #expect(throws: IdentityError.self) { try AllowedPeer(text) }
    }

    @Test func writesWhatItReads() throws {
        for text in ["spiffe://d/a", "dns:bank.example", "sha256:" + String(repeating: "ab", count: 32)] {
            #expect(try AllowedPeer(text).description == text)
        }
        let list = try AllowList([AllowedPeer("dns:b.example"), AllowedPeer("dns:a.example")])
        #expect(try JSONDecoder().decode(AllowList.self, from: JSONEncoder().encode(list)) == list)
    }
}
