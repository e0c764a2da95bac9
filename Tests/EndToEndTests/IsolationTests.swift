import Foundation
import Identity
import Testing

extension EndToEnd.Shared {
    private func mode(_ path: String) throws -> Int {
        try #require((try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue, "\(path) has no mode")
    }

    private func isDirectory(_ path: String) -> Bool {
        var directory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &directory) && directory.boolValue
    }

    @Test("files: directories for their owner only, key files for their owner only")
    func modes() throws {
        let testbed = try RunningTestbed.required()
        #expect(try mode(testbed.directory) == 0o700)
        #expect(try mode(testbed.directory + "/testbed.json") == 0o600)
        for domain in ["sp-tsm", "issuer-1", "service-providers", "handsets"] {
            let root = "\(testbed.directory)/\(domain)"
            #expect(try mode(root) == 0o700)
            let walker = try #require(FileManager.default.enumerator(atPath: root))
            var keys = 0
            for case let name as String in walker {
                let path = "\(root)/\(name)"
                if isDirectory(path) {
                    #expect(try mode(path) == 0o700, "\(path)")
                    continue
                }
                let content = FileManager.default.contents(atPath: path) ?? Data()
                let isSecret = name.hasSuffix(".key") || name.hasSuffix("config.yaml") || name.hasSuffix(".card.json") || name.contains("device-key") || content.range(of: Data("PRIVATE KEY".utf8)) != nil
                guard isSecret else { continue }
                keys += 1
                #expect(try mode(path) == 0o600, "\(path)")
            }
            #expect(keys > 0, "\(domain) has no key files: the walk went elsewhere")
        }
    }

    @Test("no process's configuration names, and no process has open, a file of another one")
    func namedAndOpenFiles() throws {
        let testbed = try RunningTestbed.required()
        for process in testbed.file.processes {
            let own = testbed.directory(of: process) + "/"
            #expect(own.hasPrefix("\(testbed.directory)/\(process.identity.hasPrefix("spiffe://issuer-1.example/") ? "issuer-1" : "sp-tsm")/"))
            let configuration = try String(contentsOfFile: process.configuration, encoding: .utf8)
            let named = configuration.split(whereSeparator: { "\" \n".contains($0) }).map(String.init).filter { $0.hasPrefix("/") }
            #expect(named.count >= 4, "\(process.name) names \(named)")
            for path in named { #expect(path.hasPrefix(own), "\(process.name) names \(path)") }
            let open = try ProcessTable.openFiles(process.pid).filter { $0.hasPrefix(testbed.directory) }
            #expect(!open.isEmpty)
            for path in open { #expect(path.hasPrefix(own), "\(process.name) has \(path) open") }
        }
        // What crosses from domain to domain are CA certificates and nothing else.
        let crossing = testbed.directory + "/issuer-1/sei-tsm/clients-ca.pem"
        let text = try String(contentsOfFile: crossing, encoding: .utf8)
        #expect(!text.contains("PRIVATE"))
        let certificates = try CertificateFile.parse(pem: text)
        #expect(certificates.count == 2 && certificates.allSatisfy(\.isCertificateAuthority))
    }
}
