/// Spelling of Prometheus' text format.
enum PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`; dots and dashes of other conventions become underscores.
    static func name(_ label: String) -> String {
        var out = ""
        for scalar in label.unicodeScalars {
            switch scalar {
            case "a"..."z", "A"..."Z", "_", ":": out.unicodeScalars.append(scalar)
            case "0"..."9":
                if out.isEmpty { out = "_" }
                out.unicodeScalars.append(scalar)
            default: out += "_"
            }
        }
        return out.isEmpty ? "_" : out
    }

    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.sorted { $0.0 < $1.0 }.map { "\(name($0.0).replacing(":", with: "_"))=\"\(escaped($0.1))\"" }.joined(separator: ",")
    }

    static func line(_ name: String, _ labels: String, _ value: Double) -> String {
        labels.isEmpty ? "\(name) \(number(value))\n" : "\(name){\(labels)} \(number(value))\n"
    }

    static func lines(_ key: PrometheusRegistry.Key, _ histogram: PrometheusHistogram.Snapshot) -> String {
        var out = ""
        let prefix = key.labels.isEmpty ? "" : key.labels + ","
        var cumulated: UInt64 = 0
        for (bound, count) in zip(histogram.bounds, histogram.counts) {
            cumulated += count
            out += "\(key.name)_bucket{\(prefix)le=\"\(number(bound))\"} \(cumulated)\n"
        }
        out += "\(key.name)_bucket{\(prefix)le=\"+Inf\"} \(histogram.count)\n"
        out += line(key.name + "_sum", key.labels, histogram.sum)
        out += line(key.name + "_count", key.labels, Double(histogram.count))
        return out
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
        return "\(value)"
    }

    private static func escaped(_ value: String) -> String {
        value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}
