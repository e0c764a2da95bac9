import GlobalPlatform
import Testing

/// Every parser against random bytes and against right inputs with a few bytes changed: a typed error or a value, never a trap.
@Suite struct ParserFuzzTests {
    typealias Parser = @Sendable ([UInt8]) throws(FormatError) -> Void

    private static func command(_ bytes: [UInt8]) throws(FormatError) -> CommandAPDU {
        do throws(APDUError) { return try CommandAPDU(bytes: bytes) } catch { throw FormatError(.length, "command", "bytes", error.description) }
    }

    /// A parser and inputs that it accepts.
    static let parsers: [(name: String, seeds: [String], parse: Parser)] = [
        ("SELECT", ["00A4040008A00000015100000000"], { bytes throws(FormatError) in _ = try SelectCommand.parse(command(bytes)) }),
        ("MANAGE CHANNEL", ["0070000001"], { bytes throws(FormatError) in _ = try ManageChannelCommand.parse(command(bytes)) }),
        ("GET DATA", ["80CA9F7F00"], { bytes throws(FormatError) in _ = try GetDataCommand.parse(command(bytes)) }),
        ("GET STATUS", ["80F21002094F01F05C044F9F70C500"], { bytes throws(FormatError) in _ = try GetStatusCommand.parse(command(bytes)) }),
        ("SET STATUS", ["80f0408007d2760001650101"], { bytes throws(FormatError) in _ = try SetStatusCommand.parse(command(bytes)) }),
        ("DELETE", ["80E400000D4F07F054534D5301019E02010200", "80E4000006D00101D2013100"], { bytes throws(FormatError) in _ = try DeleteCommand.parse(command(bytes)) }),
        ("INSTALL", ["80e602003406d2760001650009d2760001655453440120a36ef25b7b247544ce61c2fe3a1c84c6d3a2e92e41a62e9f550fb79f8dd4fd6b000000",
                     "80e60c002f07a000000151535008a00000015153504109d276000165545344010380c0000ec90c8102037082022020870220200000",
                     "80E6400017000009F054534D53010101010304000005EF03CF01800000", "80E620000F000009F054534D530101010100000000"],
         { bytes throws(FormatError) in
             let install = try InstallCommand.parse(command(bytes))
             if case .install(let install) = install, let parameters = install.parameters.applicationSpecific { _ = try SecurityDomainParameters(parsing: parameters) }
         }),
        ("LOAD", ["80E8000302010200"], { bytes throws(FormatError) in _ = try LoadCommand.parse(command(bytes)) }),
        ("STORE DATA", ["80E2900002F100"], { bytes throws(FormatError) in _ = try StoreDataCommand.parse(command(bytes)) }),
        ("PUT KEY", ["80d800814631881110790accda858b997029fa9ae50c9cd028030138088811108caa7f589aa0ceb6350a45e70a6e435b03840de58811101445ad3442be8a465148c5667f6022c5035eaada00"],
         { bytes throws(FormatError) in _ = try PutKeyCommand.parse(command(bytes)) }),
        ("first keys", ["00B919B917950138960100800188810110820101830130840301CCDD81131001010101010101010101010101010101"], { bytes throws(FormatError) in _ = try FirstKeySet(parsing: bytes) }),
        ("DGI", ["00B9020102"], { bytes throws(FormatError) in _ = try DGI.parseAll(bytes) }),
        ("registry", ["e3274f09d276000165545344019f700107c50380c000c407a0000001515350cc08a000000151000000"],
         { bytes throws(FormatError) in _ = try GetStatusPage(parsing: ResponseAPDU(data: bytes, statusWord: .success)) }),
        ("install parameters", ["C902000AEF04C8020200EA028000"], { bytes throws(FormatError) in _ = try InstallParameters(parsing: bytes) }),
        ("FCI", ["6F108408A000000151000000A5049F6501FF"], { bytes throws(FormatError) in _ = try SelectResponse(parsing: bytes) }),
        ("CPLC", ["9F7F2A" + String(repeating: "00", count: 42)], { bytes throws(FormatError) in _ = try CardProductionLifeCycle(parsing: bytes) }),
        ("recognition", ["6631732F06072A864886FC6B01600C060A2A864886FC6B02020301630906072A864886FC6B03640B06092A864886FC6B040370"],
         { bytes throws(FormatError) in _ = try CardRecognitionData(parsing: bytes) }),
        ("capability", ["6718A00B8001038103107060820107810380C000830102850100"], { bytes throws(FormatError) in _ = try CardCapabilityInformation(parsing: bytes) }),
        ("key information", ["E012C00401308810C00402308810C00403318820"], { bytes throws(FormatError) in _ = try KeyInformation(parsing: bytes) }),
        ("resources", ["FF210F8101058204000123458304" + "00000800"], { bytes throws(FormatError) in _ = try ExtendedCardResources(parsing: bytes) }),
        ("counter", ["C10300002A"], { bytes throws(FormatError) in _ = try CardIdentity.sequenceCounter(from: bytes) }),
        ("PUT KEY response", ["31013808840de55eaada"], { bytes throws(FormatError) in _ = try PutKeyResponse(parsing: bytes) }),
        ("confirmation", ["0A040102030402000701AA"], { bytes throws(FormatError) in _ = try ManagementConfirmation(parsing: bytes) }),
        ("access rules", ["F031E22FE11E4F06FFFFFFFFFFFFC114BDF6A732CDE67DB225A839364317BD36005221AEE30DD00101DB080000000000000001", "F10BE1094F05F001020304C100"],
         { bytes throws(FormatError) in _ = try AccessRuleCommand.parse(bytes) }),
        ("load file", ["E20E4F08A000000151000000C3020102C40109"], { bytes throws(FormatError) in _ = try LoadFile(parsing: bytes) }),
        ("object identifier", ["2A864886FC6B01"], { bytes throws(FormatError) in _ = try ASN1ObjectIdentifier(content: bytes).description }),
    ]

    @Test(arguments: parsers.indices) func survives(_ index: Int) throws {
        let (name, seeds, parse) = Self.parsers[index]
        var generator = TestGenerator(seed: UInt64(100 + index))
        var refused = 0
        for seed in seeds {
            let right = try octets(seed)
            #expect(throws: Never.self, "\(name) \(seed)") { try parse(right) }
            for length in 0..<right.count { refused += outcome(parse, Array(right.prefix(length))) }
            for _ in 0..<800 { refused += outcome(parse, generator.mutate(right)) }
        }
        for _ in 0..<1000 { refused += outcome(parse, generator.bytes(Int.random(in: 0...60, using: &generator))) }
        #expect(refused > 0)
    }

    private func outcome(_ parse: Parser, _ bytes: [UInt8]) -> Int {
        do throws(FormatError) {
            try parse(bytes)
            return 0
        } catch {
            #expect(!error.place.isEmpty && !error.problem.isEmpty && !error.statusWord.isSuccess)
            return 1
        }
    }
}
