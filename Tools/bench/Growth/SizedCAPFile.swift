import GlobalPlatform
import TestMaterial

/// CAP files with one applet whose load file data block has so many bytes, code that does nothing for the most part.
enum SizedCAPFile {
    static let applet = Applet(capFile: "sized.cap", module: "f054534d53017701", instance: "f054534d5301770101", withAttestationToken: false)

    /// - Throws: ``BenchFailure`` for a size that cannot be had.
    static func make(dataBlock size: Int) throws -> [UInt8] {
        var sample = SampleCAP(.init([0xF0, 0x54, 0x53, 0x4D, 0x53, 0x01, 0x77]), applets: [[0xF0, 0x54, 0x53, 0x4D, 0x53, 0x01, 0x77, 0x01]])
        sample.padding = 1000
        let base = sample.loadFileDataBlock().count
        guard size >= base - 900 else { throw BenchFailure("a load file data block has \(base - 900) bytes at least") }
        sample.padding += size - base
        let file = sample.archive()
        let made = try CAPFile(file).loadFileDataBlock.count
        guard made == size else { throw BenchFailure("a load file data block of \(made) bytes came out instead of \(size)") }
        return file
    }
}
