import Foundation

/// What an app is built with and a phone knows of itself, here from testbed.json: the TSM's address, whose app this is, which secure components there are.
struct Surroundings: Decodable {
    struct Gateway: Decodable { var handsetURL, ca: String }
    struct ServiceProvider: Decodable {
        struct App: Decodable { var deviceAppId: String }
        var id: String
        var apps: [App]
    }
    struct Handset: Decodable {
        struct SecureComponent: Decodable { var reader: String }
        var name: String
        var secureComponents: [SecureComponent]
    }
    struct DemoService: Decodable {
        var id: String
        var versions: [String]
    }

    var directory: String
    var gateway: Gateway
    var serviceProviders: [ServiceProvider]
    var handsets: [Handset]
    var demoService: DemoService?

    static func read(_ directory: String) throws -> Surroundings {
        let file = URL(fileURLWithPath: directory).appendingPathComponent("testbed.json")
        guard let data = FileManager.default.contents(atPath: file.path) else { throw AppFailure("there is no testbed in \(directory)") }
        return try JSONDecoder().decode(Surroundings.self, from: data)
    }

    /// Where the testbed keeps a simulated secure component.
    func cardFile(_ handset: String, _ reader: String) -> String { "\(directory)/handsets/\(handset)/\(reader).card.json" }
}

/// Why the app stops, in words for its user.
struct AppFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
