/// Packages that platforms offer, by AID: for people who read what a CAP file imports.
extension AID {
    /// The package's name; nil for packages that are no platform's, as far as is known here.
    public var platformPackageName: String? { AID.platformPackageNames[Hex.encode(bytes)] }

    /// From the Java Card API; org.globalplatform and its neighbours from GlobalPlatform's export files; the last three from ETSI and public lists.
    private static let platformPackageNames = [
        "a0000000620001": "java.lang", "a0000000620002": "java.io", "a0000000620003": "java.rmi",
        "a0000000620101": "javacard.framework", "a000000062010101": "javacard.framework.service", "a0000000620102": "javacard.security",
        "a0000000620201": "javacardx.crypto", "a0000000620202": "javacardx.biometry", "a0000000620203": "javacardx.external",
        "a0000000620204": "javacardx.biometry1toN", "a0000000620205": "javacardx.security",
        "a000000062020801": "javacardx.framework.util", "a00000006202080101": "javacardx.framework.util.intx", "a000000062020802": "javacardx.framework.math",
        "a000000062020803": "javacardx.framework.tlv", "a000000062020804": "javacardx.framework.string",
        "a0000000620209": "javacardx.apdu", "a000000062020901": "javacardx.apdu.util",
        "a00000015100": "org.globalplatform", "a00000015102": "org.globalplatform.contactless", "a00000015103": "org.globalplatform.securechannel",
        "a00000015105": "org.globalplatform.privacy", "a00000015107": "org.globalplatform.upgrade",
        "a0000000030000": "visa.openplatform", "a0000000090003ffffffff8910710001": "sim.access", "a0000000090003ffffffff8910710002": "sim.toolkit",
    ]
}
