/// A bound that a figure has to keep, with 3 % of tolerance for what a shared machine does to it.
struct Floor: Sendable {
    enum Bound: Sendable { case atLeast(Double), atMost(Double) }

    static let tolerance = 0.03

    let what: String
    let bound: Bound
    let value: Double
    let decimals: Int
    let unit: String

    var isKept: Bool {
        switch bound {
        case .atLeast(let least): value >= least * (1 - Self.tolerance)
        case .atMost(let most): value <= most * (1 + Self.tolerance)
        }
    }

    var row: [String] {
        let wanted = switch bound {
        case .atLeast(let least): "≥ \(least.formatted(decimals)) \(unit)"
        case .atMost(let most): "≤ \(most.formatted(decimals)) \(unit)"
        }
        return [what, wanted, "\(value.formatted(decimals)) \(unit)", isKept ? "kept" : "MISSED"]
    }
}
