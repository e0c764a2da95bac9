import Personalization

/// Scripts that several tests use.
enum Scripts {
    /// Every kind of statement, value and part.
    static let whole = """
        version 1
        # What the SP app gives.
        declare personalizationData.holder utf8 1..64
        declare personalizationData.key hex 16
        declare personalizationData.pin bcd 4..12
        declare installationData.rides hex 2
        declare spParameters.line utf8 1..8

        install: C2 LV{ ${installationData.rides} }
        store holder: C0 LV{ ${personalizationData.holder} "/" ${spParameters.line} }
        store key dgi mixed answer: DGI(8010){ DEK{ ${personalizationData.key} } } DGI(8011){ DEK{ PAD{ ${personalizationData.pin} } } } -> 9000 62xx
        session
        apdu end: 80E29000 { TLV(7F21){ TLV(5F20){ "x" } } } 00
        apdu status: 00CA0066
        """

    static let values = ProgramValues(
        installationData: ["rides": "000a"], personalizationData: ["holder": "Erika Müller", "key": "000102030405060708090a0b0c0d0e0f", "pin": "12345"],
        spParameters: ["line": "U1"])
}
