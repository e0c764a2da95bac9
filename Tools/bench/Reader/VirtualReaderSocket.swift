import Foundation

/// The reader's side of vpcd's protocol on loopback, as bare as it gets: what a card costs behind it is the card's.
final class VirtualReaderSocket {
    private let listener: Int32
    private var card: Int32 = -1
    let port: UInt16

    /// - Throws: ``BenchFailure``.
    init() throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isUp = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &length) == 0 }
        }
        guard listener >= 0, isUp else { throw BenchFailure("no port on loopback: \(String(cString: strerror(errno)))") }
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        if card >= 0 { close(card) }
        close(listener)
    }

    /// Takes the card that has connected, and powers it.
    func takeCard() throws {
        card = accept(listener, nil, nil)
        guard card >= 0 else { throw BenchFailure("no card connected: \(String(cString: strerror(errno)))") }
        try write([0, 1, 1])
    }

    func exchange(_ command: [UInt8]) throws -> [UInt8] {
        // Length and payload apart, as vpcd sends them.
        try write([UInt8(command.count >> 8), UInt8(command.count & 0xFF)])
        try write(command)
        let head = try read(2)
        return try read(Int(head[0]) << 8 | Int(head[1]))
    }

    private func write(_ bytes: [UInt8]) throws {
        guard send(card, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { throw BenchFailure("the card hung up") }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            var part = [UInt8](repeating: 0, count: count - all.count)
            let got = recv(card, &part, part.count, 0)
            guard got > 0 else { throw BenchFailure("the card hung up") }
            all += part.prefix(got)
        }
        return all
    }
}
