/// The version that every executable of the suite reports.
public enum ServiceVersion {
    public static let text = "0.1.0"
}
