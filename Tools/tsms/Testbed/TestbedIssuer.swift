import Foundation
import GlobalPlatform
import Identity
import SecureComponentSimulator

/// One issuer of the testbed: its domain, its names, and the kind of card that it hands out.
struct TestbedIssuer: Sendable {
    static let maximum = 2

    /// From 1.
    let number: Int
    let domain: TrustDomain
    let operatorFiles: CredentialFiles
    /// With its own IDs and indexes.
    let names: TestbedNames
    let profile: CardProfile
    /// Who has a card of it, and in which reader.
    let readers: [(handset: String, reader: String)]
    /// Its CA's certificate, for anyone.
    let publishedCA: String

    var name: String { "issuer-\(number)" }
    var profileName: String { "simulated \(profile.name)" }

    /// Makes the domain.
    init(number: Int, profile: CardProfile, readers: [(handset: String, reader: String)], issuerIdentificationNumber: [UInt8], layout: TestbedLayout, now: Date) throws {
        self.number = number
        self.profile = profile
        self.readers = readers
        domain = try TrustDomain(name: "issuer-\(number).example", directory: layout.issuer("ca", number), now: now)
        operatorFiles = try domain.enroll("operator", in: layout.issuer("operator", number))
        names = TestbedNames(issuerId: UUID().uuidString.lowercased(), profileId: UUID().uuidString.lowercased(), transportKeyIndex: "issuer-\(number)-transport",
                             issuerIdentificationNumber: issuerIdentificationNumber)
        publishedCA = "\(layout.published)/issuer-\(number)-ca.pem"
        try AtomicFile.write(domain.authority.certificatePEM.utf8, to: publishedCA, mode: AtomicFile.publicMode)
    }

    /// The first hands out embedded secure elements, in two handsets; the second eUICCs, in a third.
    static func make(_ options: Testbed.Options, layout: TestbedLayout, now: Date) throws -> [TestbedIssuer] {
        var issuers = [try TestbedIssuer(
            number: 1, profile: options.randomChallenges ? .eSERandom : .eSE, readers: [("handset-1", "eSE1"), ("handset-2", "eSE1")],
            issuerIdentificationNumber: options.issuerIdentificationNumber, layout: layout, now: now)]
        if options.issuers > 1 {
            var profile = CardProfile.eUICC
            if options.randomChallenges {
                profile.name += "-random"
                profile.scp03Options = [0x61, 0x60]
            }
            issuers.append(try TestbedIssuer(number: 2, profile: profile, readers: [("handset-3", "eUICC1")],
                                             issuerIdentificationNumber: TestbedNames.secondIssuerIdentificationNumber, layout: layout, now: now))
        }
        return issuers
    }
}

/// An issuer whose services run.
struct RunningIssuer: Sendable {
    let issuer: TestbedIssuer
    let vault: StartedService
    let seiTSM: StartedService

    func seiURL() throws -> String { "https://127.0.0.1:\(try seiTSM.port("sei"))/sei/v1" }
}
