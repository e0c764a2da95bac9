import Foundation
import Synchronization

/// A time in the format of the Date header field (RFC 9110, 5.6.7).
enum HTTPDate {
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func text(secondsSince1970 seconds: Int) -> String {
        var time = time_t(seconds)
        var parts = tm()
        guard gmtime_r(&time, &parts) != nil else { return "Thu, 01 Jan 1970 00:00:00 GMT" }
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(1900 + parts.tm_year) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }
}

/// The Date header field, formatted once a second.
final class DateStamp: Sendable {
    private let now: @Sendable () -> Date
    private let stamp = Mutex((second: Int.min, text: ""))

    init(now: @escaping @Sendable () -> Date) { self.now = now }

    var value: String {
        let current = Int(now().timeIntervalSince1970)
        return stamp.withLock { stamp in
            if current != stamp.second { stamp = (current, HTTPDate.text(secondsSince1970: current)) }
            return stamp.text
        }
    }
}
