/// What several runs of one measurement gave.
struct Runs: Sendable {
    let values: [Double]

    init(_ values: [Double]) { self.values = values }

    /// Nearest-rank percentile; 0 when there are no values.
    func percentile(_ part: Double) -> Double {
        let sorted = values.sorted()
        guard let last = sorted.last else { return 0 }
        let rank = Int((part * Double(sorted.count)).rounded(.up)) - 1
        return rank >= 0 && rank < sorted.count ? sorted[rank] : last
    }

    /// The middle one; of an even number the mean of the two in the middle.
    var median: Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    var lowest: Double { values.min() ?? 0 }
    var highest: Double { values.max() ?? 0 }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Double {
    func formatted(_ decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        let rounded = (abs(self) * scale).rounded()
        guard rounded.isFinite, rounded < 1e15 else { return "\(self)" }
        let whole = Int(rounded) / Int(scale)
        let sign = self < 0 && rounded > 0 ? "-" : ""
        guard decimals > 0 else { return sign + String(whole) }
        let fraction = String(Int(rounded) % Int(scale))
        return sign + "\(whole)." + String(repeating: "0", count: decimals - fraction.count) + fraction
    }
}
