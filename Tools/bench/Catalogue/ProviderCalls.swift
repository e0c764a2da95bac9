import Foundation

/// One operation under load at the provider's gateway, and what the processes behind it spend on it.
struct ProviderCalls: Sendable {
    static let gateway = "gateway-provider"
    static let plane = "sp-tsm-provider"

    let name: String
    let requests: LoadGenerator.Requests
    private let gatewayPid: Int32
    private let planePid: Int32
    private(set) var rates: [Double] = []
    /// Microseconds of CPU time a request.
    private(set) var gateway: [Double] = []
    private(set) var plane: [Double] = []

    init(_ name: String, _ requests: LoadGenerator.Requests, in testbed: TestbedFile) throws {
        self.name = name
        self.requests = requests
        gatewayPid = try testbed.process(Self.gateway).pid
        planePid = try testbed.process(Self.plane).pid
    }

    /// - Parameter counts: whether its figures are kept.
    mutating func run(_ generator: LoadGenerator, counts: Bool) async throws {
        let before = (gateway: try ProcessFigures.cpuSeconds(gatewayPid), plane: try ProcessFigures.cpuSeconds(planePid))
        let outcome = try await generator.run(requests)
        let after = (gateway: try ProcessFigures.cpuSeconds(gatewayPid), plane: try ProcessFigures.cpuSeconds(planePid))
        guard counts else { return }
        rates.append(outcome.requestsPerSecond)
        gateway.append((after.gateway - before.gateway) / Double(requests.count) * 1e6)
        plane.append((after.plane - before.plane) / Double(requests.count) * 1e6)
    }

    /// Beside the bare HTTP/2 layer.
    static func table(_ calls: [ProviderCalls], bare: Contestant) -> Table {
        var table = Table("call", "requests/s (median)", "lowest – highest", "CPU per request", "of it gateway", "of it provider plane", "ratio of requests/s", "ratio of CPU per request")
        let (bareRates, bareCPU) = (Runs(bare.rates), Runs(bare.server).median)
        table.add(bare.name, bareRates.median.formatted(0), "\(bareRates.lowest.formatted(0)) – \(bareRates.highest.formatted(0))", "\(bareCPU.formatted(1)) µs", "–", "–", "1.0000", "1.0")
        for call in calls {
            let rates = Runs(call.rates)
            let (gateway, plane) = (Runs(call.gateway).median, Runs(call.plane).median)
            table.add(call.name, rates.median.formatted(0), "\(rates.lowest.formatted(0)) – \(rates.highest.formatted(0))", "\((gateway + plane).formatted(0)) µs", "\(gateway.formatted(0)) µs",
                      "\(plane.formatted(0)) µs", (rates.median / bareRates.median).formatted(4), ((gateway + plane) / bareCPU).formatted(1))
        }
        return table
    }
}
