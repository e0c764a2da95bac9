import Foundation
import NIOCore
import NIOPosix

/// From a host to the addresses to connect to.
enum NameResolution {
    /// Literal addresses at once, names by getaddrinfo on a thread that may block.
    static func resolve(_ host: String, port: Int, permits: (@Sendable (String) -> Bool)?, on eventLoop: any EventLoop) -> EventLoopFuture<[SocketAddress]> {
        if let literal = try? SocketAddress(ipAddress: host, port: port) {
            return eventLoop.makeCompletedFuture(filter([literal], host, permits))
        }
        return NIOThreadPool.singleton.runIfActive(eventLoop: eventLoop) { try filter(lookUp(host, port: port).get(), host, permits).get() }
    }

    private static func filter(_ addresses: [SocketAddress], _ host: String, _ permits: (@Sendable (String) -> Bool)?) -> Result<[SocketAddress], any Error> {
        guard let permits else { return .success(addresses) }
        let permitted = addresses.filter { $0.ipAddress.map(permits) ?? false }
        guard !permitted.isEmpty else {
            return .failure(HTTPClientError.refused("the address of \(host) (\(addresses.compactMap(\.ipAddress).joined(separator: ", "))) is not permitted here"))
        }
        return .success(permitted)
    }

    private static func lookUp(_ host: String, port: Int) -> Result<[SocketAddress], any Error> {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(host, nil, &hints, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard result == 0 else { return .failure(HTTPClientError.cannotConnect("the name \(host) does not resolve: \(String(cString: gai_strerror(result)))")) }
        var addresses: [SocketAddress] = []
        var next = list
        while let entry = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 {
                let numeric = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                if let address = try? SocketAddress(ipAddress: numeric, port: port) { addresses.append(address) }
            }
            next = entry.pointee.ai_next
        }
        guard !addresses.isEmpty else { return .failure(HTTPClientError.cannotConnect("the name \(host) has no address")) }
        return .success(addresses)
    }
}
