import Foundation
import GlobalPlatform
import SecureComponent
import SecureComponentSimulator
import TestMaterial
import Testing

extension InReaders {
    /// Programs that others wrote, against our card.
    @Suite("Programs of others", .serialized)
    struct ThirdParty {
        @Test("pcsc_scan sees a card inserted, with its answer to reset")
        func scan() async throws {
            let daemon = try PrivateDaemon.required()
            let card = try await daemon.insert(try await CardOnDisk())
            let scan = try RunningProgram(try Tools.find("pcsc_scan"), ["-n"])
            try await scan.says("ATR: 3B 80 01 81")
            #expect(scan.output.contains("Card inserted"))
            @Sendable func removals() -> Int { scan.output.components(separatedBy: "Card removed").count }
            // The second slot is empty from the start.
            let before = removals()
            try await daemon.pull(card)
            #expect(await eventually { removals() > before }, "\(scan.output)")
            // It runs until it is stopped, and SIGTERM does not.
            scan.signal(SIGKILL)
            _ = await scan.end(within: .seconds(10))
        }

        @Test("opensc-tool reads answer to reset, CPLC, IIN, recognition data and whatever else it sends")
        func openSC() async throws {
            let daemon = try PrivateDaemon.required()
            let onDisk = try await CardOnDisk()
            let card = try await daemon.insert(onDisk)
            let tool = try Tools.find("opensc-tool")
            #expect(try await RunningProgram.run(tool, ["--list-readers"]).contains("Virtual PCD 00 00"))
            #expect(try await RunningProgram.run(tool, ["--reader", "0", "--atr"]).contains("3b:80:01:81"))
            func answer(_ apdus: String...) async throws -> String {
                try await RunningProgram.run(tool, ["--reader", "0", "--card-driver", "default"] + apdus.flatMap { ["--send-apdu", $0] })
            }
            let cplc = try await answer("00A4040008A00000015100000000", "80CA9F7F00")
            #expect(cplc.contains("9F 7F 2A") && cplc.components(separatedBy: "Received (SW1=0x90, SW2=0x00)").count == 3, "\(cplc)")
            #expect(try await answer("00A4040008A00000015100000000", "80CA004200").contains("42 05 54 53 4D 53 01"))
            // 66 … 73 … 06 07 2A 86 48 86 FC 6B 01
            #expect(try await answer("00A4040008A00000015100000000", "80CA006600").replacing("\n", with: "").contains("2A 86 48 86 FC 6B 01"))
            #expect(try await answer("00A4040008A00000000000000100").contains("SW1=0x6A, SW2=0x82"))
            #expect(try await answer("80F24002024F0000").contains("SW1=0x69"))
            #expect(try await answer("0070000001", "0070800100").components(separatedBy: "SW1=0x90").count == 3)
            try await daemon.pull(card)
        }

        @Test("an SCP03 client in Python, over pyscard, installs an applet and deletes it", arguments: CardProfile.builtIn.map(\.name))
        func python(_ profile: String) async throws {
            let daemon = try PrivateDaemon.required()
            let onDisk = try await CardOnDisk(profile: profile)
            let card = try await daemon.insert(onDisk, "--record", onDisk.transcript)
            let applet = ReferenceData.packageRoot.appendingPathComponent("deploy/testbed/applets/ticket-1.0-jc304.cap").path
            let said = try await RunningProgram.run(Tools.directory + "/install.py", [PrivateDaemon.reader, onDisk.keys, applet])
            #expect(said.contains("the card's cryptogram is wrong") && said.contains("installed and removed"), "\(said)")
            try await daemon.pull(card)
            // What it left on the card: nothing. What it left on paper: no key.
            let shown = try await RunningProgram.tsms("secure-component", "show", "--file", onDisk.path, "--json")
            #expect(!shown.contains("f054534d53"))
            let transcript = try String(contentsOfFile: onDisk.transcript, encoding: .utf8)
            #expect(try Transcript(text: transcript).lines.count > 15)
            struct Keys: Decodable { var enc, mac, dek: String }
            let keys = try JSONDecoder().decode(Keys.self, from: Data(contentsOf: URL(fileURLWithPath: onDisk.keys)))
            for key in [keys.enc, keys.mac, keys.dek] { #expect(!transcript.contains(key)) }
        }

        @Test("a recorded card answers pyscard's and OpenSC's libraries as the card did; the first difference is told with its line")
        func replay() async throws {
            let daemon = try PrivateDaemon.required()
            let onDisk = try await CardOnDisk()
            let tool = try Tools.find("opensc-tool")
            func ask(_ apdu: String) async throws -> String {
                try await RunningProgram.run(tool, ["--reader", "0", "--card-driver", "default", "--send-apdu", "00A4040008A00000015100000000", "--send-apdu", apdu])
            }
            let card = try await daemon.insert(onDisk, "--record", onDisk.transcript)
            let live = try await ask("80CA9F7F00")
            try await daemon.pull(card)
            let paper = try daemon.card(["replay", onDisk.transcript, "--json"])
            try await paper.says("attached")
            try await daemon.present(true)
            #expect(try await ask("80CA9F7F00") == live)
            try await daemon.pull(paper)
            let other = try daemon.card(["replay", onDisk.transcript, "--json"])
            try await other.says("attached")
            try await daemon.present(true)
            // It is pulled in the middle of the command: OpenSC notices.
            let probe = try RunningProgram(tool, ["--reader", "0", "--card-driver", "default", "--send-apdu", "00A4040008A00000015100000000", "--send-apdu", "80CA006600"])
            #expect(await other.end(within: .seconds(20)) == 1)
            #expect(await probe.end(within: .seconds(20)) != 0)
            #expect(other.output.contains("line 3") && other.output.contains("GET DATA"), "\(other.output)")
            try await daemon.present(false)
        }

        @Test("our own reading of a card in a reader, on paper: secure-component readers and record")
        func readAndRecorded() async throws {
            let daemon = try PrivateDaemon.required()
            let onDisk = try await CardOnDisk()
            let card = try await daemon.insert(onDisk)
            let listed = try await RunningProgram.tsms("secure-component", "readers", "--json")
            #expect(listed.contains(#""atr":"3b800181","card":true"#) || listed.contains(#""card":true"#), "\(listed)")
            try await RunningProgram.tsms("secure-component", "record", "--reader", "Virtual PCD", "--out", onDisk.transcript, "--json")
            let transcript = try Transcript(contentsOf: onDisk.transcript)
            #expect(transcript.lines.count == 10)
            #expect(transcript.header.atr.bytes == [0x3B, 0x80, 0x01, 0x81])
            let refused = try await RunningProgram.tsms("secure-component", "record", "--reader", "Nobody", "--out", onDisk.transcript, expecting: 1)
            #expect(refused.contains("there is no reader 'Nobody'") && refused.contains("Virtual PCD 00 00"))
            try await daemon.pull(card)
        }
    }
}
