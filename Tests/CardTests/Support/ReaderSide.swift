import Foundation
import Synchronization
import Testing

/// vpcd's side of the socket, in process: listens, takes one card, and says what a test wants, well-formed or not.
final class ReaderSide: Sendable {
    private let listener: Int32
    private let card = Mutex<Int32>(-1)
    let port: UInt16

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(listener >= 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &length) == 0 }
        }
        try #require(bound)
        port = UInt16(bigEndian: address.sin_port)
    }

    deinit {
        hangUp()
        close(listener)
    }

    /// The card that connects next. It is there already when its attachment was made.
    func accept() throws {
        let made = Foundation.accept(listener, nil, nil)
        try #require(made >= 0)
        // A card that never answers fails the test and does not hang it.
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(made, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        card.withLock { $0 = made }
    }

    func hangUp() {
        card.withLock { card in
            if card >= 0 { close(card) }
            card = -1
        }
    }

    /// These bytes in one piece.
    func send(raw bytes: [UInt8]) throws {
        let sent = Foundation.send(card.withLock { $0 }, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        try #require(sent == bytes.count)
    }

    static func frame(_ payload: [UInt8]) -> [UInt8] { [UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)] + payload }

    func send(_ payload: [UInt8]) throws { try send(raw: Self.frame(payload)) }

    /// The next frame's payload.
    func receive() throws -> [UInt8] {
        let head = try bytes(2)
        return try bytes(Int(head[0]) << 8 | Int(head[1]))
    }

    /// A command and its answer.
    func exchange(_ payload: [UInt8]) throws -> [UInt8] {
        try send(payload)
        return try receive()
    }

    /// Whether the card has hung up, nothing more being said.
    func isHungUp() -> Bool {
        var byte: UInt8 = 0
        return recv(card.withLock { $0 }, &byte, 1, 0) == 0
    }

    private func bytes(_ count: Int) throws -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            var part = [UInt8](repeating: 0, count: count - all.count)
            let got = recv(card.withLock { $0 }, &part, part.count, 0)
            try #require(got > 0, "the card said \(all.count) of \(count) bytes: \(got == 0 ? "it hung up" : String(cString: strerror(errno)))")
            all += part.prefix(got)
        }
        return all
    }
}
