import Cryptography
import Foundation
import KeyVaultAPI

/// Shares that custodians have given so far, for one purpose. They are kept for a limited time and all go when they do not fit together.
struct ShareCollection: Sendable {
    static let lifetime: TimeInterval = 900

    let threshold: Int
    let count: Int
    private(set) var shares: [RootKeyShare] = []
    private var began = Date.distantPast

    init(threshold: Int, count: Int) {
        self.threshold = threshold
        self.count = count
    }

    /// - Returns: the root key once there are enough.
    /// - Throws: `KeyVaultError` `invalidRequest` for a share that does not belong here, and when the shares together are wrong.
    mutating func take(_ share: RootKeyShare, at now: Date) throws(KeyVaultError) -> SecretBytes? {
        forgetOld(now)
        guard share.threshold == threshold, share.count == count else {
            throw KeyVaultError(.invalidRequest, "this share is one of \(share.count) of which \(share.threshold) are needed; the vault is configured for \(threshold) of \(count)")
        }
        if let first = shares.first {
            guard first.set == share.set else { throw KeyVaultError(.invalidRequest, "this share is of another ceremony than the \(shares.count) given before it; an operator begins anew with `tsms vault seal`") }
            if let same = shares.first(where: { $0.number == share.number }) {
                guard same == share else { throw KeyVaultError(.invalidRequest, "share \(share.number) was given before with another content: one of the two is forged") }
                return nil
            }
        } else {
            began = now
        }
        shares.append(share)
        guard shares.count >= threshold else { return nil }
        defer { shares = [] }
        do {
            return try RootKeyShare.combine(shares)
        } catch {
            throw KeyVaultError(.invalidRequest, error.reason + "; all \(shares.count) were discarded, begin anew")
        }
    }

    mutating func forgetOld(_ now: Date) {
        if !shares.isEmpty, now.timeIntervalSince(began) > Self.lifetime { shares = [] }
    }

    mutating func discard() { shares = [] }
}
