import Cryptography
import Foundation
import KeyVaultAPI
import ServiceKit

/// The root key as a file of 32 bytes that only the vault's user may read.
public enum RootKeyFile {
    /// Nil when there is no such file: the vault starts sealed.
    /// - Throws: `KeyVaultError` `sealed` when others may read the file, or it is no root key.
    public static func load(_ path: String) throws(KeyVaultError) -> SoftwareRootKey? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        let bytes: [UInt8]
        do {
            bytes = try SecretFile(path: path).read(maximumBytes: 4096)
        } catch {
            throw KeyVaultError(.sealed, error.reason)
        }
        return try SoftwareRootKey(SecretBytes(consuming: bytes))
    }

    /// Makes a fresh root key (mode 0600). Never overwrites: a root key that is lost takes every key of its vault with it.
    /// - Returns: false when the file exists already.
    @discardableResult
    public static func create(_ path: String, using random: some RandomSource = SystemRandom.forKeys) throws(KeyVaultError) -> Bool {
        do {
            return try write(SecretBytes.random(count: SoftwareRootKey.length, using: random), to: path)
        } catch {
            throw KeyVaultError(mapping: error)
        }
    }

    /// Where the next root key waits until the store has gone over to it.
    static func staged(_ path: String) -> String { path + ".next" }

    /// Makes the next root key beside the one in force.
    static func stage(_ path: String, using random: any RandomSource) throws(KeyVaultError) -> SoftwareRootKey {
        do {
            let key = try SecretBytes.random(count: SoftwareRootKey.length, using: random)
            guard try write(key, to: staged(path)) else {
                throw KeyVaultError(.wrongState, "\(staged(path)) is there: a change of the root key was interrupted, restart the vault")
            }
            return try SoftwareRootKey(key)
        } catch {
            throw KeyVaultError(mapping: error)
        }
    }

    /// Puts the next root key in the place of the one before, durably.
    static func adopt(staged path: String) throws(KeyVaultError) {
        guard rename(staged(path), path) == 0, flushDirectory(of: path) else {
            throw KeyVaultError(.sealed, "\(staged(path)) cannot be moved to \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Removes a next root key that no store went over to.
    static func discard(staged path: String) throws(KeyVaultError) {
        guard unlink(staged(path)) == 0 || errno == ENOENT else {
            throw KeyVaultError(.sealed, "\(staged(path)) cannot be removed: \(String(cString: strerror(errno)))")
        }
    }

    private static func write(_ key: SecretBytes, to path: String) throws(KeyVaultError) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_t(0o600))
        if descriptor < 0 && errno == EEXIST { return false }
        guard descriptor >= 0 else { throw KeyVaultError(.sealed, "\(path) cannot be made: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        let written = key.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
        guard written == SoftwareRootKey.length, fsync(descriptor) == 0, flushDirectory(of: path) else {
            let reason = String(cString: strerror(errno))
            unlink(path)
            throw KeyVaultError(.sealed, "\(path) cannot be written: \(reason)")
        }
        return true
    }

    /// The directory entry must survive a power cut as the content does.
    private static func flushDirectory(of path: String) -> Bool {
        let parent = (path as NSString).deletingLastPathComponent
        let directory = open(parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return false }
        defer { close(directory) }
        return fsync(directory) == 0
    }
}
