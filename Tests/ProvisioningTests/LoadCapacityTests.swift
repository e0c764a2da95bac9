import DeploymentDocument
import GlobalPlatform
import Provisioning
import Testing
import TrustedServiceModel

@Suite("what LOAD can carry")
struct LoadCapacityTests {
    /// i of Amendment D: bit 1 says S16.
    private static let short: UInt8 = 0x70, long: UInt8 = 0x71

    private func refusal(_ size: Int, _ parameter: UInt8) throws -> TSMFailure? {
        var document = try Documents.ticket()
        document.loadFiles[0].size = size
        do {
            try LoadCapacity.check(document.loadFiles, scpParameter: parameter)
            return nil
        } catch {
            return error
        }
    }

    @Test("256 blocks to the byte, with short and with long MACs", arguments: [(short, 61_184), (long, 57_088), (0x00, 61_184), (0x01, 57_088)])
    func toTheByte(parameter: UInt8, most: Int) throws {
        // Tag and length of the data block take four bytes.
        #expect(try refusal(most - 4, parameter) == nil)
        let failure = try #require(try refusal(most - 3, parameter))
        #expect(failure.category == .noEligibleSecureComponent && failure.details.contains("\(most) bytes") && failure.details.contains("f054534d530101"), "\(failure)")
    }

    /// The check and the script agree.
    @Test("what is let through can be cut into blocks, what is not cannot", arguments: [short, long])
    func agreesWithTheBlocks(parameter: UInt8) throws {
        let scp = SCP03Parameter(rawValue: parameter)
        let payload = SecurityLevel.strongest(for: scp).maximumPayload(scp)
        for size in [1, 0x7F, 0x80, 0xFF, 0x100, 256 * payload - 5, 256 * payload - 4, 256 * payload - 3, 65_535] {
            let file = LoadFile(dataBlock: Array(repeating: 0, count: size))
            #expect(LoadFile.length(dataBlock: size) == file.bytes.count)
            let commands = try? file.commands(maximumPayload: payload)
            #expect(commands?.count == LoadCommand.blockCount(loadFileLength: file.bytes.count, maximumPayload: payload))
            #expect(try (commands == nil) == (refusal(size, parameter) != nil), "\(size)")
        }
    }

    @Test("only what a plan loads counts")
    func onlyWhatIsLoaded() throws {
        var document = try Documents.ticket()
        document.loadFiles[0].size = 60_000
        let package = document.loadFiles[0].packageAid
        let other = try AID(hex: "F054534D530199")
        try LoadCapacity.check([.securityDomain(.final, [.load(package: other), .deleteLoadFile(package)])], of: document, scpParameter: Self.long)
        #expect(throws: TSMFailure.self) { try LoadCapacity.check([.securityDomain(.final, [.load(package: package)])], of: document, scpParameter: Self.long) }
        try LoadCapacity.check([.securityDomain(.final, [.load(package: package)])], of: document, scpParameter: Self.short)
    }
}
