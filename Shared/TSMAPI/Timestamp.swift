import Foundation

/// The TR's dates: UTC, ISO 8601 with milliseconds and `Z`.
enum Timestamp {
    static func text(_ date: Date) -> String {
        date.formatted(.iso8601.year().month().day().timeZone(separator: .omitted).time(includingFractionalSeconds: true).timeSeparator(.colon))
    }
}
