import Foundation
import Logging

/// What every main does: read the configuration, check it, log, serve, end.
public enum ServiceRunner {
    /// Reads and checks a configuration: its keys, then every file that it names.
    /// - Throws: ``ServiceStartError`` `configuration`, with one line for each problem with a file.
    public static func configuration<Service: TSMSService>(
        of type: Service.Type, file path: String, isTestbed: Bool, now: Date
    ) throws(ServiceStartError) -> Service.Configuration {
        let text: String
        let decoded: (value: Service.Configuration, checks: [ConfigurationRecord.Check])
        do throws(ConfigurationError) {
            text = try StrictYAML.text(ofFile: path)
        } catch {
            throw ServiceStartError(.configuration, error.description)
        }
        do throws(ConfigurationError) {
            decoded = try StrictYAML.decodeCollecting(Service.Configuration.self, from: text)
        } catch {
            throw ServiceStartError(.configuration, "\(path): \(error)")
        }
        var problems: [String] = []
        let conditions = CheckConditions(now: now, testbed: isTestbed)
        for check in decoded.checks {
            do {
                try check.value.check(conditions)
            } catch {
                problems.append("\(path): \(check.path): \(error)")
            }
        }
        do {
            try decoded.value.validate()
            try decoded.value.health.requireGroups(["health", "metrics"], path: "health")
        } catch {
            problems.append("\(path): \(error)")
        }
        guard problems.isEmpty else { throw ServiceStartError(.configuration, problems.joined(separator: "\n")) }
        return decoded.value
    }

    /// Runs a service until SIGTERM or SIGINT.
    /// - Throws: ``ServiceStartError``, or what the service failed with while running.
    public static func run<Service: TSMSService>(
        _ type: Service.Type, configuration: Service.Configuration, options: ServiceOptions, environment: ServiceEnvironment = .system
    ) async throws {
        LoggingBootstrap.install(configuration.logging, level: options.logLevel, now: environment.now)
        // Before anything makes a counter, which would count into the void otherwise.
        _ = PrometheusRegistry.process
        let launched: LaunchedService
        do {
            launched = try await LaunchedService.launch(type, configuration: configuration, options: options, environment: environment, signals: true)
        } catch let error as ConfigurationError {
            throw ServiceStartError(.configuration, error.description)
        } catch {
            throw ServiceStartError(.unavailable, "\(Service.name) does not start: \(error)")
        }
        let tidying = Task {
            // When the first requests and checks have run and what they use is known to be used.
            try await Task.sleep(for: .seconds(2))
            ResidentMemory.giveBackStartPages()
        }
        defer { tidying.cancel() }
        try await launched.run()
    }
}
