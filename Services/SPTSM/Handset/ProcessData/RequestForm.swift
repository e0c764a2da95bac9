import Foundation
import ServiceKit
import TrustedServiceModel

/// A request without its values, in one form: by its digest a repetition is known.
struct RequestForm: Encodable {
    var purpose: DialogRecord.Purpose
    var handshake: HandsetAPI.Handshake

    init(_ purpose: DialogRecord.Purpose, _ handshake: HandsetAPI.Handshake) {
        self.purpose = purpose.withoutValues
        self.handshake = handshake
    }

    /// - Throws: `EncodingError`.
    var bytes: [UInt8] {
        get throws {
            let encoder = WireJSON.encoder()
            encoder.outputFormatting.insert(.sortedKeys)
            return Array(try encoder.encode(self))
        }
    }
}
