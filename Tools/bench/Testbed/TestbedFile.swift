import Foundation
import Identity
import ServiceKit

/// What is needed of `testbed.json`.
struct TestbedFile: Decodable, Sendable {
    struct Gateway: Decodable, Sendable {
        var providerURL: String
        var handsetURL: String
        var ca: String
    }

    struct KeyIndex: Decodable, Sendable {
        var index: String
        var modes: [Int]
    }

    struct App: Decodable, Sendable { var deviceAppId: String }

    struct ServiceProvider: Decodable, Sendable {
        var id: String
        var longTermToken: String
        var clientCertificate: String
        var clientKey: String
        var keyIndexes: [KeyIndex]
        var apps: [App]
    }

    struct Profile: Decodable, Sendable { var id: String }

    struct Issuer: Decodable, Sendable {
        var id: String
        var name: String
        var seiURL: String
        var ca: String
        var operatorCertificate: String
        var operatorKey: String
    }

    struct SecureComponent: Decodable, Sendable { var id: String }
    struct Handset: Decodable, Sendable { var secureComponents: [SecureComponent] }

    struct Process: Decodable, Sendable {
        var name: String
        var pid: Int32
        /// SPIFFE ID.
        var identity: String
        /// The configuration file; beside it lies the file with the process's ports.
        var configuration: String
    }

    var gateway: Gateway
    var serviceProviders: [ServiceProvider]
    var secureComponentProfiles: [Profile]
    var issuers: [Issuer]
    var handsets: [Handset]
    var processes: [Process]

    static func read(directory: String) throws(BenchFailure) -> TestbedFile {
        let path = directory + "/testbed.json"
        guard let data = FileManager.default.contents(atPath: path) else { throw BenchFailure("\(path) cannot be read") }
        do {
            return try JSONDecoder().decode(TestbedFile.self, from: data)
        } catch {
            throw BenchFailure("\(path) is not as expected: \(WireJSON.place(of: error))")
        }
    }

    func process(_ name: String) throws(BenchFailure) -> Process {
        guard let found = processes.first(where: { $0.name == name }) else { throw BenchFailure("the testbed has no process \(name)") }
        return found
    }

    func port(of listener: String, in process: Process) throws -> Int {
        let path = (process.configuration as NSString).deletingLastPathComponent + "/" + EndpointsFile.name
        guard let port = try EndpointsFile.read(from: path).listeners[listener] else { throw BenchFailure("\(process.name) has no listener \(listener)") }
        return port
    }
}
