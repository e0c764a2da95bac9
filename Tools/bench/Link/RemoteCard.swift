import Foundation
import GlobalPlatform

/// A card at the other end of a TCP connection, spoken to as most card tools do: a command, its answer, the next command.
final class RemoteCard {
    private let descriptor: Int32
    private(set) var commands = 0

    /// - Parameter port: on loopback.
    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchFailure("no socket: \(String(cString: strerror(errno)))") }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var on: Int32 = 1
        let descriptor = descriptor
        let isUp = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
        guard isUp, setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size)) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw BenchFailure("port \(port): \(reason)")
        }
    }

    deinit { close(descriptor) }

    func transmit(_ command: CommandAPDU) throws -> ResponseAPDU {
        let bytes = command.bytes
        commands += 1
        let message = [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
        guard send(descriptor, message, message.count, Int32(MSG_NOSIGNAL)) == message.count else { throw BenchFailure("the card hung up") }
        let head = try read(2)
        return try ResponseAPDU(bytes: read(Int(head[0]) << 8 | Int(head[1])))
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            var part = [UInt8](repeating: 0, count: count - all.count)
            let got = recv(descriptor, &part, part.count, 0)
            guard got > 0 else { throw BenchFailure("the card hung up") }
            all += part.prefix(got)
        }
        return all
    }
}
