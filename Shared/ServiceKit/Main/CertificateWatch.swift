import Foundation
import HTTP2
import Identity
import Logging
import Metrics
import ServiceLifecycle
import Synchronization

/// Looks at certificate files every few seconds and has new ones loaded, without dropping a connection.
///
/// Files that cannot be used (half written, expired, a test certificate in production) leave the old ones in force, with an error in the log.
public final class CertificateWatch: Service {
    private struct Entry: Sendable {
        let configuration: TLSConfiguration
        let credentials: TLSCredentials
        var seen: [FileFingerprint?]
    }

    private let environment: ServiceEnvironment
    private let isTestbed: Bool
    private let logger: Logger
    private let interval: Duration
    private let entries = Mutex<[Entry]>([])

    init(environment: ServiceEnvironment, isTestbed: Bool, logger: Logger, interval: Duration = .seconds(5)) {
        self.environment = environment
        self.isTestbed = isTestbed
        self.logger = logger
        self.interval = interval
    }

    /// Loaded credentials; the same files give the same object.
    func credentials(_ configuration: TLSConfiguration) throws -> TLSCredentials {
        if let known = entries.withLock({ $0.first { $0.configuration == configuration }?.credentials }) { return known }
        // Taken before loading: a change in between is then noticed as one.
        let seen = configuration.paths.map { FileFingerprint(path: $0) }
        let credentials = try TLSCredentials(files: configuration.files)
        entries.withLock { $0.append(Entry(configuration: configuration, credentials: credentials, seen: seen)) }
        note(configuration, credentials)
        return credentials
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await Task.sleep(for: self.interval)
                } catch {
                    return
                }
                self.look()
            }
        }
    }

    /// One round over all files.
    func look() {
        for (index, entry) in entries.withLock({ $0 }).enumerated() {
            let seen = entry.configuration.paths.map { FileFingerprint(path: $0) }
            guard seen != entry.seen else { continue }
            do {
                try entry.configuration.check(CheckConditions(now: environment.now(), testbed: isTestbed))
                try entry.credentials.reload()
                entries.withLock { $0[index].seen = seen }
                note(entry.configuration, entry.credentials)
                logger.notice("certificate reloaded", metadata: ["file": "\(entry.configuration.certificate)", "notAfter": "\(WireDate.text(entry.credentials.certificateNotAfter))"])
            } catch {
                // Certificate and key are two files: between their replacements they do not fit. So it is tried again on the next round.
                logger.error("certificate not reloaded, the old one stays in use", metadata: ["file": "\(entry.configuration.certificate)", "error": "\(error)"])
            }
        }
    }

    private func note(_ configuration: TLSConfiguration, _ credentials: TLSCredentials) {
        Gauge(label: "certificate_not_after_seconds", dimensions: [("file", configuration.certificate)]).record(credentials.certificateNotAfter.timeIntervalSince1970)
    }
}
