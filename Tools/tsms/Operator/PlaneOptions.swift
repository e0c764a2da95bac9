import ArgumentParser
import HTTPTypes
import Identity
import ServiceKit

/// Where an operator's listener of the SP TSM is: of a testbed, or said in full.
struct PlaneOptions: ParsableArguments {
    enum Plane: String, Sendable { case provider = "sp-tsm-provider", handset = "sp-tsm-handset" }

    @Option(help: ArgumentHelp("A testbed's directory.", valueName: "directory")) var dir: String?
    @Option(help: ArgumentHelp("Base path, https://…/operator/v1.", valueName: "url")) var url: String?
    @Option(help: ArgumentHelp("PEM of the CA of the plane's certificate.", valueName: "file")) var ca: String?
    @Option(help: ArgumentHelp("The operator's certificate, PEM.", valueName: "file")) var certificate: String?
    @Option(help: ArgumentHelp("Key of the certificate, PEM.", valueName: "file")) var key: String?
    @Option(help: ArgumentHelp("SPIFFE ID of the plane.", valueName: "identity")) var expect: String?
    @OptionGroup var output: OutputOptions

    private func connection(to plane: Plane) throws -> OperatorConnection {
        if let dir {
            let testbed = try TestbedDescription.read(directory: dir)
            guard let process = testbed.processes.first(where: { $0.name == plane.rawValue }) else { throw ToolFailure("the testbed has no \(plane.rawValue)") }
            let place = plane == .provider ? testbed.operator : testbed.handsetOperator
            return try OperatorConnection(certificate: place.certificate, key: place.key, trustAnchors: place.ca, url: place.url, identity: try SPIFFEID(process.identity))
        }
        guard let url, let ca, let certificate, let key, let expect else { throw ToolFailure("either --dir, or --url, --ca, --certificate, --key and --expect") }
        return try OperatorConnection(certificate: certificate, key: key, trustAnchors: ca, url: url, identity: try SPIFFEID(expect))
    }

    /// Calls, and prints what is answered.
    func call(_ plane: Plane, _ method: HTTPRequest.Method, _ path: String, _ body: [UInt8]? = nil) async throws {
        let options = self
        try await output.perform { console in
            let answer = try await OperatorConnection.with(try options.connection(to: plane)) { client in
                do throws(RemoteError) {
                    return try await client.exchange(method, path, bytes: body, contentType: body == nil ? nil : WireJSON.contentType)
                } catch {
                    throw ToolFailure("\(method.rawValue) \(path): \(error)")
                }
            }
            try console.answer(answer.body)
            return .done
        }
    }
}
