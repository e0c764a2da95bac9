import Foundation
import Identity
import Testing

@Suite struct SPIFFEIDTests {
    @Test(arguments: [
        ("spiffe://sp-tsm.example/gateway-handset", "sp-tsm.example", "/gateway-handset"),
        ("spiffe://sp-tsm.example", "sp-tsm.example", ""),
        ("spiffe://a_b-c.1/X/y.z/_-", "a_b-c.1", "/X/y.z/_-"),
        ("spiffe://d/...", "d", "/..."),
    ])
    func accepts(_ text: String, _ trustDomain: String, _ path: String) throws {
        let id = try SPIFFEID(text)
        #expect(id.trustDomain == trustDomain)
        #expect(id.path == path)
        #expect(id.description == text)
    }

    @Test(arguments: [
        "", "spiffe:", "spiffe://", "spiffe:///path", "SPIFFE://domain/path", "https://domain/path", "spiffe:/domain/path",
        "spiffe://Domain/path", "spiffe://domain:8080/path", "spiffe://user@domain/path", "spiffe://domain/", "spiffe://domain/a/", "spiffe://domain//a",
        "spiffe://domain/a/../b", "spiffe://domain/./b", "spiffe://domain/a%20b", "spiffe://domain/a b", "spiffe://domain/a?x=1", "spiffe://domain/a#f",
        "spiffe://domäne/a", "spiffe://domain/ä", " spiffe://domain/a", "spiffe://domain/a\n", "spiffe://domain/a\u{0}",
        "spiffe://" + String(repeating: "d", count: 256) + "/a",
        "spiffe://d/" + String(repeating: "a", count: 2048),
    ])
    func refuses(_ text: String) {
        let error = #expect(throws: IdentityError.self) { try SPIFFEID(text) }
        #expect(error?.code == .invalidSPIFFEID)
    }

    @Test func limitsAreInclusive() throws {
        _ = try SPIFFEID("spiffe://" + String(repeating: "d", count: 255) + "/a")
        let prefix = "spiffe://d/"
        _ = try SPIFFEID(prefix + String(repeating: "a", count: 2048 - prefix.count))
    }

    @Test func isAStringInJSON() throws {
        let id = try SPIFFEID("spiffe://issuer-1.example/sei-tsm")
        let json = try JSONEncoder().encode([id])
        #expect(try JSONDecoder().decode([SPIFFEID].self, from: json) == [id])
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([SPIFFEID].self, from: Data(#"["spiffe://X/y"]"#.utf8)) }
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([SPIFFEID].self, from: Data("[7]".utf8)) }
    }
}
