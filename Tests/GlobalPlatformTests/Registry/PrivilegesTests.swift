import Foundation
import GlobalPlatform
import Testing

@Suite struct PrivilegesTests {
    @Test func bytesOfTheTable() throws {
        let table: [(Privileges, String)] = [
            ([.securityDomain, .trustedPath, .authorizedManagement], "80C000"), ([.securityDomain, .dapVerification], "C00000"),
            ([.securityDomain, .delegatedManagement], "A00000"), (.cardLock, "100000"), (.cardTerminate, "080000"), (.cardReset, "040000"),
            (.cvmManagement, "020000"), ([.securityDomain, .dapVerification, .mandatedDAPVerification], "C10000"), (.trustedPath, "008000"),
            (.authorizedManagement, "004000"), (.tokenVerification, "002000"), (.globalDelete, "001000"), (.globalLock, "000800"), (.globalRegistry, "000400"),
            (.finalApplication, "000200"), (.globalService, "000100"), (.receiptGeneration, "000080"), (.cipheredLoadFileDataBlock, "000040"),
            (.contactlessActivation, "000020"), (.contactlessSelfActivation, "000010"), (.privacyTrusted, "000008"),
        ]
        for (privileges, hex) in table {
            #expect(try privileges.bytes == octets(hex))
            #expect(try Privileges(bytes: octets(hex)) == privileges)
        }
        #expect(try Privileges(bytes: [0x80]) == .securityDomain)
        #expect(try Privileges(bytes: octets("82FC80")).names.count == 9)
        for count in [0, 2, 4] { #expect(throws: FormatError.self) { try Privileges(bytes: Array(repeating: 0, count: count)) } }
    }

    @Test func inconsistencies() {
        #expect(Privileges.serviceProviderSecurityDomain.inconsistency == nil)
        #expect(Privileges.cvmManagement.inconsistency == nil)
        #expect(Privileges.trustedPath.inconsistency != nil)
        #expect(([.securityDomain, .delegatedManagement, .authorizedManagement] as Privileges).inconsistency != nil)
        #expect(([.securityDomain, .mandatedDAPVerification] as Privileges).inconsistency != nil)
        #expect(Privileges(rawValue: 0x000001).inconsistency != nil)
    }

    @Test func inJSON() throws {
        let text = String(decoding: try JSONEncoder().encode([Privileges.serviceProviderSecurityDomain]), as: UTF8.self)
        #expect(text == #"["80c000"]"#)
        #expect(try JSONDecoder().decode([Privileges].self, from: Data(text.utf8)) == [.serviceProviderSecurityDomain])
        #expect(Privileges.serviceProviderSecurityDomain.description == "SecurityDomain, TrustedPath, AuthorizedManagement")
    }
}
