import SwiftASN1
import X509

/// The extension that marks certificates of a testbed, so that production can refuse them at start.
///
/// The object identifier lies under 2.25 (X.667, no registration needed). Its last arc fits in 63 bits, because readers
/// that hold an arc in a machine word would reject the whole certificate otherwise.
public enum TestMarker {
    /// Dotted text of the object identifier; the only place where it is defined.
    public static let objectIdentifierText = "2.25.5919072925692830238"

    static let objectIdentifier: ASN1ObjectIdentifier = [2, 25, 5_919_072_925_692_830_238]

    /// Not critical: a peer that does not know the marker must still accept the certificate in a testbed. The value is NULL.
    static func makeExtension() -> Certificate.Extension {
        Certificate.Extension(oid: objectIdentifier, critical: false, value: [0x05, 0x00])
    }

    static func isPresent(in certificate: Certificate) -> Bool {
        certificate.extensions[oid: objectIdentifier] != nil
    }

    /// Looks for the encoded object identifier anywhere in the certificate: 12 bytes that do not come about by chance.
    static func isPresent(inDER der: [UInt8]) -> Bool {
        var serializer = DER.Serializer()
        guard (try? serializer.serialize(objectIdentifier)) != nil else { return false }
        return der.firstRange(of: serializer.serializedBytes) != nil
    }
}
