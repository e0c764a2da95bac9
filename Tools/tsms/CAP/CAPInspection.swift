import GlobalPlatform

/// A file's bytes, read as the TSM would read them.
enum CAPInspection {
    /// - Throws: `ToolFailure` with the code of what is wrong and where.
    static func report(path: String, _ bytes: [UInt8]) throws(ToolFailure) -> CAPReport {
        do throws(CAPError) {
            return CAPReport(path: path, size: bytes.count, try CAPFile(bytes))
        } catch {
            throw ToolFailure("\(path): \(error) (\(error.code.rawValue))")
        }
    }
}
