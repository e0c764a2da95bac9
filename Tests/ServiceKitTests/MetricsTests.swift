import CoreMetrics
import ServiceKit
import Testing

@Suite struct MetricsTests {
    @Test func textExposition() {
        let registry = PrometheusRegistry()
        Counter(label: "requests.total", dimensions: [("route", "/a\"b\\\n"), ("code", "200")], factory: registry).increment(by: 2)
        Counter(label: "requests.total", dimensions: [("code", "200"), ("route", "/a\"b\\\n")], factory: registry).increment()
        Counter(label: "requests.total", dimensions: [], factory: registry).increment(by: 5)
        Gauge(label: "open", factory: registry).record(2.5)
        Meter(label: "depth", factory: registry).set(3)
        #expect(
            registry.text() == """
                # TYPE depth gauge
                depth 3
                # TYPE open gauge
                open 2.5
                # TYPE requests_total counter
                requests_total 5
                requests_total{code="200",route="/a\\"b\\\\\\n"} 3

                """)
    }

    @Test func histogramsCumulate() {
        let registry = PrometheusRegistry()
        let timer = Timer(label: "latency_seconds", dimensions: [("route", "x")], factory: registry)
        timer.recordMilliseconds(1)
        timer.recordMilliseconds(40)
        timer.recordSeconds(100)
        let lines = registry.text().split(separator: "\n").map(String.init)
        #expect(lines.first == "# TYPE latency_seconds histogram")
        #expect(lines.contains(#"latency_seconds_bucket{route="x",le="0.0005"} 0"#))
        #expect(lines.contains(#"latency_seconds_bucket{route="x",le="0.001"} 1"#))
        #expect(lines.contains(#"latency_seconds_bucket{route="x",le="0.05"} 2"#))
        #expect(lines.contains(#"latency_seconds_bucket{route="x",le="30"} 2"#))
        #expect(lines.contains(#"latency_seconds_bucket{route="x",le="+Inf"} 3"#))
        #expect(lines.contains(#"latency_seconds_count{route="x"} 3"#))
        #expect(lines.contains(#"latency_seconds_sum{route="x"} 100.041"#))
    }

    @Test func seriesAreBounded() {
        let registry = PrometheusRegistry(maximumSeries: 3)
        for index in 0..<10 { Counter(label: "c", dimensions: [("id", "\(index)")], factory: registry).increment() }
        #expect(registry.text().split(separator: "\n").count == 4)
    }

    @Test func oneNameOneKind() {
        let registry = PrometheusRegistry()
        Counter(label: "x", factory: registry).increment()
        Gauge(label: "x", factory: registry).record(9)
        #expect(registry.text() == "# TYPE x counter\nx 1\n")
    }

    @Test func namesAreMadeValid() {
        let registry = PrometheusRegistry()
        Counter(label: "9 lives-and.more", factory: registry).increment()
        #expect(registry.text() == "# TYPE _9_lives_and_more counter\n_9_lives_and_more 1\n")
    }
}
