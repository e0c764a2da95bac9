import COpenSSL

/// libssl's error queue belongs to the thread: cleared before each call, read right after it, never across a suspension.
enum OpenSSLErrors {
    static func clear() { ERR_clear_error() }

    /// The reasons that the last call left, oldest first, and the queue is empty afterwards.
    static func takeReasons() -> (text: String, isAlert: Bool, wasVerification: Bool) {
        var reasons: [String] = []
        var isAlert = false
        var wasVerification = false
        while true {
            let code = ERR_get_error()
            guard code != 0 else { break }
            let reason = Int32(code & 0x7F_FFFF)
            if let text = ERR_reason_error_string(code) { reasons.append(String(cString: text)) } else { reasons.append("error \(code)") }
            // libssl maps an alert that the peer sent to reason 1000 + alert number.
            if reason >= 1000, reason < 1256 { isAlert = true }
            if reason == SSL_R_CERTIFICATE_VERIFY_FAILED { wasVerification = true }
        }
        return (reasons.isEmpty ? "no reason given" : reasons.joined(separator: "; "), isAlert, wasVerification)
    }
}
