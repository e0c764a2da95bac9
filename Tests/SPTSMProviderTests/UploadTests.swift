import GlobalPlatform
import HTTPTypes
import TestMaterial
import Testing
import TrustedServiceModel

@testable import SPTSMProvider

@Suite struct UploadTests {
    @Test func corruptCAPFilesAreRefused() async throws {
        let plane = try await Plane()
        let whole = try Applets.archive("ticket-1.0-jc304.cap")
        var generator = SeededGenerator(state: 7)
        var files = [Array("no CAP file".utf8), Array(whole.prefix(whole.count / 2)), Array(whole.dropFirst(100))]
        for _ in 0..<20 {
            var damaged = whole
            // In the compressed data: at the front, where the checksums of the archive cover every byte.
            for _ in 0..<4 { damaged[Int.random(in: 200..<2000, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator) }
            files.append(damaged)
        }
        for file in files {
            let answer = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", file)])
            #expect(answer.status == 400 && answer.category == 1013, "\(answer.category)")
        }
        #expect(try await plane.call(.get, "/executable-load-files").decode([CAP].self).isEmpty)
    }

    @Test func packagesOfOthersAreRefused() async throws {
        let plane = try await Plane()
        let cap = try Applets.archive("ticket-1.0-jc304.cap")
        let answer = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", cap)], as: plane.second)
        #expect(answer.category == 1008)
        let config = try await plane.call(.post, "/application-configs", json: #"{"instanceAid": "F054534D5301010101"}"#, as: plane.second)
        #expect(config.category == 1008)
    }

    @Test func partsAreChecked() async throws {
        let plane = try await Plane(limits: ProviderLimits(loadFile: 1000, script: 1000, certificate: 1000))
        func category(_ path: String, _ parts: [Part]) async throws -> Int { try await plane.upload(.post, path, parts).category }
        for (path, kind) in [("/executable-load-files", UploadKind.loadFile), ("/personalization-scripts", .script), ("/certificates", .certificate)] {
            #expect(try await category(path, []) == 1011)
            #expect(try await category(path, [.text(kind.fileNamePart, "a")]) == 1011)
            #expect(try await category(path, [.file(kind.filePart, [])]) == 1011)
            #expect(try await category(path, [.file(kind.filePart, [1]), .file(kind.filePart, [1])]) == 1012)
            #expect(try await category(path, [.file(kind.filePart, [1]), .file("surplus", [1])]) == 1007)
            #expect(try await category(path, [.file(kind.filePart, Array(repeating: 1, count: 1001))]) == 1014)
            #expect(try await category(path, [.text(kind.fileNamePart, String(repeating: "a", count: 256)), .file(kind.filePart, [1])]) == 1008)
            #expect(try await category(path, [.text(kind.fileNamePart, "a"), .text(kind.fileNamePart, "b"), .file(kind.filePart, [1])]) == 1002)
            #expect(try await plane.call(.post, path, json: "{}").category == 1002)
            #expect(try await plane.call(.post, path).category == 1002)
        }
        #expect(try await category("/personalization-scripts", [.file("scriptFile", [0xFF, 0xFE])]) == 1013)
        #expect(try await category("/certificates", [.file("certFile", [0x30, 0x00])]) == 1013)
        let key = try Plane.authority().privateKeyPEM
        #expect(try await category("/certificates", [.file("certFile", Array(key.utf8))]) == 1013)
    }

    @Test func fileNameComesFromThePartOrTheFile() async throws {
        let plane = try await Plane()
        func name(_ parts: [Part]) async throws -> String { try await plane.upload(.post, "/personalization-scripts", parts).decode(PersonalizationScript.self).fileName }
        #expect(try await name([.text("scriptFilename", "part.pers"), .file("scriptFile", [0x23], fileName: "file.pers")]) == "part.pers")
        #expect(try await name([.file("scriptFile", [0x23], fileName: "C:\\dir\\file.pers")]) == "file.pers")
        #expect(try await name([.file("scriptFile", [0x23], fileName: nil)]) == "script.pers")
        let script: PersonalizationScript = try await plane.upload(.post, "/personalization-scripts", [.text("scriptFilename", "größe.pers"), .file("scriptFile", [0x23])]).decode()
        let binary = try await plane.call(.get, "/personalization-scripts/\(script.id)/binary")
        #expect(binary.headers[.contentDisposition] == "attachment; filename=\"gr__e.pers\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.pers")
        let renamed: PersonalizationScript = try await plane.upload(.put, "/personalization-scripts/\(script.id)", [.text("scriptFilename", "new.pers")]).decode()
        #expect(renamed.fileName == "new.pers" && renamed.uploadDate == script.uploadDate)
        #expect(try await plane.upload(.put, "/personalization-scripts/\(script.id)", [.text("scriptFilename", "")]).category == 1011)
    }

    /// 256 blocks of 239 bytes are what LOAD carries to any card; the data block has four bytes of tag and length before it.
    @Test func loadFilesTooLongForLOADAreRefused() async throws {
        let plane = try await Plane()
        func archive(_ padding: Int) throws -> (file: [UInt8], block: Int) {
            var sample = SampleCAP(.init([0xF0, 0x54, 0x53, 0x4D, 0x53, 0x77]), applets: [[0xF0, 0x54, 0x53, 0x4D, 0x53, 0x77, 0x01]])
            sample.padding = padding
            sample.methodBlocks = 1
            return (sample.archive(), try CAPFile(sample.archive()).loadFileDataBlock.count)
        }
        let base = try archive(30_000)
        let most = 256 * 239 - 4
        let (longest, tooLong) = (try archive(30_000 + most - base.block), try archive(30_001 + most - base.block))
        try #require(longest.block == most && tooLong.block == most + 1)
        let taken = try await plane.upload(.post, "/executable-load-files", [.file("elfFile", longest.file)])
        #expect(taken.status == 200, "\(String(decoding: taken.body, as: UTF8.self))")
        let elf: CAP = try taken.decode()
        for (method, path) in [(HTTPRequest.Method.post, "/executable-load-files"), (.put, "/executable-load-files/\(elf.id)")] {
            let refused = try await plane.upload(method, path, [.file("elfFile", tooLong.file)])
            #expect(refused.status == 400 && refused.category == 1013 && String(decoding: refused.body, as: UTF8.self).contains("too long for any card"))
        }
        #expect(try await plane.call(.get, "/executable-load-files/\(elf.id)/binary").body == longest.file)
    }

    @Test func bodiesAreChecked() async throws {
        let plane = try await Plane(limits: ProviderLimits(body: 100))
        #expect(try await plane.call(.post, "/services").category == 1002)
        #expect(try await plane.call(.post, "/services", json: "{").category == 1002)
        #expect(try await plane.call(.post, "/services", json: "[]").category == 1002)
        #expect(try await plane.call(.post, "/services", json: #"{"name": "\#(String(repeating: "a", count: 100))"}"#).category == 1002)
        #expect(try await plane.call(.post, "/services", json: #"{"name": "a"}"#).status == 200)
        #expect(try await plane.call(.get, "/services", json: "x").category == 1002)
        #expect(try await plane.call(.post, "/services", body: Array(#"{"name": "a"}"#.utf8), contentType: "text/plain").category == 1002)
    }
}
