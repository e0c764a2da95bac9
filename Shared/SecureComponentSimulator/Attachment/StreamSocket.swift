import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// A TCP connection that blocks. Without TCP_NODELAY and TCP_QUICKACK each exchange with vpcd waits 40 ms for an acknowledgement, since
/// the reader sends length and payload apart.
final class StreamSocket: Sendable {
    private let descriptor: Int32
    private let ended = Mutex(false)

    /// - Throws: `readerUnreachable`.
    init(connectingTo host: String, port: UInt16) throws(AttachmentError) {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        let found = getaddrinfo(host, String(port), &hints, &list)
        guard found == 0 else { throw .readerUnreachable("\(host) is not known: \(String(cString: gai_strerror(found)))") }
        defer { freeaddrinfo(list) }
        var reason = "no address"
        var entry = list
        while let current = entry?.pointee {
            let made = socket(current.ai_family, current.ai_socktype, current.ai_protocol)
            if made >= 0, connect(made, current.ai_addr, current.ai_addrlen) == 0 {
                descriptor = made
                Self.set(made, Int32(TCP_NODELAY))
                quickAcknowledge()
                return
            }
            reason = String(cString: strerror(errno))
            if made >= 0 { close(made) }
            entry = current.ai_next
        }
        throw .readerUnreachable("\(host), port \(port): \(reason)")
    }

    deinit { close(descriptor) }

    /// Whether `shutdown` was called here.
    var isShutDown: Bool { ended.withLock { $0 } }

    /// Ends a `read` that waits on another thread.
    func shutdown() {
        ended.withLock { ended in
            guard !ended else { return }
            ended = true
            #if canImport(Glibc)
            _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR))
            #elseif canImport(Musl)
            _ = Musl.shutdown(descriptor, SHUT_RDWR)
            #else
            _ = Darwin.shutdown(descriptor, SHUT_RDWR)
            #endif
        }
    }

    /// What there is, at least one byte; empty at the end of the connection.
    /// - Throws: `connectionFailed`.
    func read() throws(AttachmentError) -> [UInt8] {
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
                let received = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                failure = received < 0 ? errno : 0
                count = max(received, 0)
            }
            if failure == EINTR { continue }
            guard failure == 0 else { throw .connectionFailed(String(cString: strerror(failure))) }
            // Linux falls back to delayed acknowledgements by itself.
            quickAcknowledge()
            return bytes
        }
    }

    /// - Throws: `connectionFailed`.
    func write(_ bytes: [UInt8]) throws(AttachmentError) {
        var offset = 0
        while offset < bytes.count {
            #if os(Linux)
            let flags = Int32(MSG_NOSIGNAL)
            #else
            let flags: Int32 = 0
            #endif
            let sent = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress?.advanced(by: offset), bytes.count - offset, flags) }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { throw .connectionFailed(String(cString: strerror(errno))) }
            offset += sent
        }
    }

    private func quickAcknowledge() {
        #if os(Linux)
        Self.set(descriptor, Int32(TCP_QUICKACK))
        #endif
    }

    private static func set(_ descriptor: Int32, _ option: Int32) {
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), option, &on, socklen_t(MemoryLayout<Int32>.size))
    }
}
