import CNGHTTP2
import HTTPTypes
import NIOCore

/// nghttp2's callbacks: each finds the connection in the user data and calls the method of its name.
enum HTTP2Callbacks {
    /// The one set of callbacks, made once and copied by each session.
    ///
    /// `nonisolated(unsafe)`: written once by its initialiser, only read afterwards.
    nonisolated(unsafe) static let shared: OpaquePointer? = make()

    private static func connection(_ userData: UnsafeMutableRawPointer?) -> HTTP2Connection? {
        userData.map { Unmanaged<HTTP2Connection>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func make() -> OpaquePointer? {
        var made: OpaquePointer?
        guard nghttp2_session_callbacks_new(&made) == 0, let callbacks = made else { return nil }
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, userData in
            guard let frame, let connection = HTTP2Callbacks.connection(userData) else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
            return connection.beginHeaders(frame.pointee.hd)
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, _, name, nameLength, value, valueLength, flags, userData in
            guard let connection = HTTP2Callbacks.connection(userData) else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
            connection.header(
                UnsafeBufferPointer(start: name, count: nameLength), UnsafeBufferPointer(start: value, count: valueLength),
                isSensitive: flags & UInt8(NGHTTP2_NV_FLAG_NO_INDEX.rawValue) != 0)
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, userData in
            guard let frame, let connection = HTTP2Callbacks.connection(userData) else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
            connection.received(frame: frame)
            return 0
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, _, id, data, length, userData in
            guard let data, let connection = HTTP2Callbacks.connection(userData) else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
            connection.received(data: UnsafeBufferPointer(start: data, count: length), of: id)
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, code, userData in
            guard let connection = HTTP2Callbacks.connection(userData) else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
            connection.streamClosed(id, HTTP2ErrorCode(rawValue: code))
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, userData in
            guard let frame, let connection = HTTP2Callbacks.connection(userData) else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
            connection.sent(frame: frame)
            return 0
        }
        nghttp2_session_callbacks_set_send_data_callback(callbacks) { _, _, header, length, source, userData in
            guard let header, let pointer = source?.pointee.ptr, let connection = HTTP2Callbacks.connection(userData) else {
                return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue
            }
            connection.sendData(of: Unmanaged<HTTP2Stream>.fromOpaque(pointer).takeUnretainedValue(), length, header: header)
            return 0
        }
        nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, frame, code, userData in
            guard let frame, let connection = HTTP2Callbacks.connection(userData) else { return NGHTTP2_ERR_CALLBACK_FAILURE.rawValue }
            connection.receivedInvalid(type: frame.pointee.hd.type, code)
            return 0
        }
        return callbacks
    }
}
