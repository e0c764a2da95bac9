import Foundation

/// Ports of the loopback address, for programs that cannot be told to choose one.
enum LoopbackPort {
    /// One that nobody listens on now.
    static func free() throws -> Int {
        try withSocket(port: 0) { descriptor, address, length in
            guard bind(descriptor, address, length) == 0 else { return nil }
            var bound = sockaddr_in()
            var size = length
            let isKnown = withUnsafeMutablePointer(to: &bound) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) == 0 }
            }
            return isKnown ? Int(UInt16(bigEndian: bound.sin_port)) : nil
        }
    }

    static func waitUntilAccepting(_ port: Int, _ process: ChildProcess) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while (try? withSocket(port: port, { connect($0, $1, $2) == 0 ? true : nil })) == nil {
            if let finished = process.look() { throw BenchFailure("\(process.name) ended while starting:\n\(finished.output)") }
            guard ContinuousClock.now < deadline else { throw BenchFailure("\(process.name) does not listen on port \(port)") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Nil from `work` is the system's refusal.
    private static func withSocket<Value>(port: Int, _ work: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Value?) throws -> Value {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchFailure("no socket: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let value = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { work(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard let value else { throw BenchFailure("port \(port): \(String(cString: strerror(errno)))") }
        return value
    }
}
