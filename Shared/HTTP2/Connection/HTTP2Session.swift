import CNGHTTP2

/// Makes nghttp2's sessions with our limits in them.
enum HTTP2Session {
    static func make(role: HTTP2Connection.Role, limits: HTTPLimits) throws(HTTP2SetupError) -> OpaquePointer {
        var option: OpaquePointer?
        guard nghttp2_option_new(&option) == 0, let option else { throw HTTP2SetupError(description: "out of memory for HTTP/2 options") }
        defer { nghttp2_option_del(option) }
        // Window is given back when a reader has consumed, not when bytes have arrived.
        nghttp2_option_set_no_auto_window_update(option, 1)
        nghttp2_option_set_no_closed_streams(option, 1)
        nghttp2_option_set_peer_max_concurrent_streams(option, 100)
        nghttp2_option_set_max_settings(option, limits.settingsPerFrame)
        nghttp2_option_set_max_outbound_ack(option, limits.controlFrameBurst)
        nghttp2_option_set_max_continuations(option, limits.continuations)
        // Our own count comes first and answers ENHANCE_YOUR_CALM; nghttp2's is the second line.
        nghttp2_option_set_stream_reset_rate_limit(option, UInt64(limits.resetBurst) * 2 + 100, UInt64(limits.resetsPerSecond) * 2 + 1)
        var made: OpaquePointer?
        let result =
            role == .server
            ? nghttp2_session_server_new2(&made, HTTP2Callbacks.shared, nil, option)
            : nghttp2_session_client_new2(&made, HTTP2Callbacks.shared, nil, option)
        guard result == 0, let session = made, HTTP2Callbacks.shared != nil else { throw HTTP2SetupError(description: "nghttp2 makes no session") }
        var settings = [
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(limits.streamWindow)),
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue), value: UInt32(limits.headerListSize)),
            nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1),
        ]
        if role == .server {
            settings.append(nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue), value: UInt32(limits.concurrentStreams)))
        } else {
            settings.append(nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0))
        }
        let none = UInt8(NGHTTP2_FLAG_NONE.rawValue)
        guard nghttp2_submit_settings(session, none, settings, settings.count) == 0,
            nghttp2_session_set_local_window_size(session, none, 0, Int32(limits.connectionWindow)) == 0
        else {
            nghttp2_session_del(session)
            throw HTTP2SetupError(description: "nghttp2 refuses the settings")
        }
        return session
    }
}
