import Synchronization

/// Runs cases side by side, each in a world that no failure has touched.
final class FaultWorkers: Sendable {
    private static let width = 4
    private let idle = Mutex<[FaultWorld]>([])

    func baseline(_ column: FaultColumn) async throws -> FaultBaseline {
        let world = try await take()
        let baseline = try await FaultRun(world: world, column: column).baseline()
        try await giveBack(world)
        return baseline
    }

    /// - Returns: the cases that failed, and how, in their order.
    func run(_ cases: [FaultCase], _ baseline: FaultBaseline) async throws -> [(FaultCase, FaultViolation)] {
        var violations: [(place: Int, FaultViolation)] = []
        var places = cases.indices.makeIterator()
        try await withThrowingTaskGroup(of: (Int, FaultViolation?).self) { group in
            func next() {
                guard let place = places.next() else { return }
                group.addTask { (place, try await self.run(cases[place], baseline)) }
            }
            for _ in 0..<Self.width { next() }
            while let (place, violation) = try await group.next() {
                if let violation { violations.append((place, violation)) }
                next()
            }
        }
        return violations.sorted { $0.place < $1.place }.map { (cases[$0.place], $0.1) }
    }

    private func run(_ given: FaultCase, _ baseline: FaultBaseline) async throws -> FaultViolation? {
        let world = try await take()
        do {
            try await FaultRun(world: world, column: given.column).run(given, baseline)
            try await giveBack(world)
            return nil
        } catch {
            try await world.close()
            return error as? FaultViolation ?? FaultViolation(["\(error)"])
        }
    }

    private func take() async throws -> FaultWorld {
        if let world = idle.withLock({ $0.popLast() }) { return world }
        return try await FaultWorld()
    }

    private func giveBack(_ world: FaultWorld) async throws {
        if world.isWorn { try await world.close() } else { idle.withLock { $0.append(world) } }
    }

    func close() async throws {
        for world in idle.withLock({ worlds in defer { worlds = [] }; return worlds }) { try await world.close() }
    }
}
