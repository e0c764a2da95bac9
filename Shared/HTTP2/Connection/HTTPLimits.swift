import NIOCore

/// What one peer may cost us at most. All of it is per connection unless it says otherwise.
public struct HTTPLimits: Sendable, Hashable {
    /// Bytes of one header section, as SETTINGS_MAX_HEADER_LIST_SIZE counts them; a larger request is answered 431.
    public var headerListSize: Int
    /// Streams open at a time.
    public var concurrentStreams: Int
    /// Receive window of a stream, bytes: what a body may be ahead of its reader.
    public var streamWindow: Int
    /// Receive window of a connection, bytes.
    public var connectionWindow: Int
    /// Streams that a client may reset at once, and those that our side must reset for the client's mistakes (rapid reset).
    public var resetBurst: Int
    /// … and per second on average.
    public var resetsPerSecond: Int
    /// PING, SETTINGS, PRIORITY, unknown and empty DATA frames at once.
    public var controlFrameBurst: Int
    /// … and per second on average.
    public var controlFramesPerSecond: Int
    /// Entries of one SETTINGS frame.
    public var settingsPerFrame: Int
    /// CONTINUATION frames of one header section.
    public var continuations: Int
    /// Connections of a listener at a time; beyond it new ones are closed at once.
    public var connections: Int

    public init(
        headerListSize: Int = 16 * 1024, concurrentStreams: Int = 256, streamWindow: Int = 256 * 1024, connectionWindow: Int = 1024 * 1024,
        resetBurst: Int = 500, resetsPerSecond: Int = 50, controlFrameBurst: Int = 1000, controlFramesPerSecond: Int = 100, settingsPerFrame: Int = 32,
        continuations: Int = 8, connections: Int = 10_000
    ) {
        self.headerListSize = headerListSize
        self.concurrentStreams = concurrentStreams
        self.streamWindow = streamWindow
        self.connectionWindow = connectionWindow
        self.resetBurst = resetBurst
        self.resetsPerSecond = resetsPerSecond
        self.controlFrameBurst = controlFrameBurst
        self.controlFramesPerSecond = controlFramesPerSecond
        self.settingsPerFrame = settingsPerFrame
        self.continuations = continuations
        self.connections = connections
    }
}

/// How long we wait for a peer.
public struct HTTPTimeouts: Sendable, Hashable {
    /// For the TLS handshake.
    public var handshake: Duration
    /// For the connection's preface and settings, and for the end of a header section that has begun.
    public var headers: Duration
    /// For the next bytes of a body, and for window to send more of ours.
    public var bodyIdle: Duration
    /// Of a connection without streams, until it is closed.
    public var connectionIdle: Duration
    /// Of a shutdown, for running requests to finish.
    public var drain: Duration

    public init(
        handshake: Duration = .seconds(10), headers: Duration = .seconds(10), bodyIdle: Duration = .seconds(30), connectionIdle: Duration = .seconds(300),
        drain: Duration = .seconds(30)
    ) {
        self.handshake = handshake
        self.headers = headers
        self.bodyIdle = bodyIdle
        self.connectionIdle = connectionIdle
        self.drain = drain
    }

    /// How often a connection looks at its deadlines: four times in the shortest of them.
    var sweep: TimeAmount {
        let shortest = min(headers, bodyIdle, connectionIdle)
        return min(max(TimeAmount(shortest / 4), .milliseconds(10)), .seconds(5))
    }
}
