import Foundation
#if canImport(Glibc)
import Glibc
#endif

/// Gives back what only the start of a process needed.
///
/// Starting maps in much of the program and its libraries: initialisers, type metadata, the configuration's parser. Those pages stay
/// resident although nobody runs them again. Taken out of the page tables, they cost nothing; one that is needed after all comes back from
/// the system's page cache at the next access. Nothing is lost: only pages that are exactly as in their file are touched.
enum ResidentMemory {
    /// Best effort: where `/proc` does not tell, nothing happens.
    static func giveBackStartPages() {
        #if canImport(Glibc)
        guard let text = try? String(contentsOfFile: "/proc/self/smaps", encoding: .utf8) else { return }
        for range in unchangedFileRanges(smaps: text) {
            guard let start = UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
            _ = madvise(start, Int(range.upperBound - range.lowerBound), MADV_DONTNEED)
        }
        #endif
    }

    /// The private mappings of files that the process cannot write and of which no page differs from its file (proc(5), smaps).
    static func unchangedFileRanges(smaps: String) -> [Range<UInt>] {
        var found: [Range<UInt>] = []
        var current: Range<UInt>?
        for line in smaps.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard let first = words.first else { continue }
            if first.hasSuffix(":") {
                // Relocated pages of a mapping that was made read-only afterwards count as anonymous: those must stay.
                if first == "Anonymous:", let range = current {
                    if words.count > 1, words[1] == "0" { found.append(range) }
                    current = nil
                }
            } else {
                current = candidate(words)
            }
        }
        return found
    }

    /// `start-end perms offset device inode path`
    private static func candidate(_ words: [Substring]) -> Range<UInt>? {
        guard words.count >= 6, words[1] == "r-xp" || words[1] == "r--p", words[4] != "0", words[5].hasPrefix("/") else { return nil }
        let ends = words[0].split(separator: "-").compactMap { UInt($0, radix: 16) }
        guard ends.count == 2, ends[0] < ends[1] else { return nil }
        return ends[0]..<ends[1]
    }
}
