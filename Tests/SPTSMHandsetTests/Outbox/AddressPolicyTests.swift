import Foundation
import ServiceKit
@testable import SPTSMHandset
import Testing

@Suite("addresses that results may be sent to")
struct AddressPolicyTests {
    @Test("nothing that is not reachable from anywhere", arguments: [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.0.1", "169.254.169.254", "172.16.0.1", "172.31.255.255",
        "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "fe80::1", "fe80::1%lo", "febf::1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "ff0e::1",
        "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::1", "3fff::1", "4000::1", "5f00::1",
        "", "example.org", "1.2.3", "0x7f.1", "2130706433", "127.1", "8.8.8.8 ", "[2606:4700::1111]", "8.8.8.8/32",
    ])
    func refused(address: String) {
        #expect(!AddressPolicy().permits(address))
    }

    @Test("what is", arguments: ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.1.1.1", "128.0.0.1", "169.253.1.1", "172.15.1.1", "172.32.0.1",
                                 "192.0.1.1", "192.167.1.1", "192.169.1.1", "198.17.1.1", "198.20.0.1", "223.255.255.254", "2606:4700:4700::1111", "2a01::1", "2001:200::1", "2003::1", "3ffe::1"])
    func permitted(address: String) {
        #expect(AddressPolicy().permits(address))
    }

    @Test("the operator's exceptions, and nothing beside them")
    func exceptions() throws {
        let policy = AddressPolicy(allowed: try ["127.0.0.1", "10.20.0.0/15", "fd00:1::/32"].map { try #require(AddressBlock($0)) })
        for address in ["127.0.0.1", "10.20.0.0", "10.21.255.255", "fd00:1::7", "8.8.8.8"] { #expect(policy.permits(address), "\(address)") }
        for address in ["127.0.0.2", "10.22.0.0", "10.19.255.255", "fd00:2::7", "::ffff:127.0.0.1", "192.168.1.1"] { #expect(!policy.permits(address), "\(address)") }
    }

    @Test("blocks that are none", arguments: ["", "/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0/8", "::/129", "fd00::/+8", "10.0.0.0/08", "host/8", "10.0.0.0/"])
    func blocks(text: String) { #expect(AddressBlock(text) == nil) }

    @Test("URLs of SposConfigs", arguments: [
        ("https://sp.example", "https://sp.example", "sp.example", "/process-results"), ("https://sp.example:8443/", "https://sp.example:8443", "sp.example", "/process-results"),
        ("HTTPS://sp.example/tsm/v1//", "https://sp.example", "sp.example", "/tsm/v1/process-results"), ("https://[2606:4700::1]:443/a%20b", "https://[2606:4700::1]:443", "2606:4700::1", "/a%20b/process-results"),
    ])
    func targets(url: String, origin: String, host: String, path: String) throws {
        let target = try SPOSTarget(.init(sposConfigId: "", url: url, certificatePEM: ""))
        #expect(target.origin.absoluteString == origin && target.host == host && target.path == path)
    }

    @Test("URLs that nothing is sent to", arguments: [
        "http://sp.example/", "ftp://sp.example", "/relative/uri/to/resource", "https://", "https:///path", "", "https://user@sp.example/", "https://user:secret@sp.example/", "https://sp.example/?a=b",
        "https://sp.example/#f", "https://sp.example:0/", "https://sp.example:99999/",
    ])
    func wrongTargets(url: String) {
        #expect(throws: SPOSTargetError.self) { try SPOSTarget(.init(sposConfigId: "", url: url, certificatePEM: "")) }
    }
}
