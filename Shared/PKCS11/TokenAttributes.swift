import CPKCS11

/// Attributes of an object, as a template for a call.
struct TokenAttributes {
    enum Name: CK_ULONG {
        case objectClass = 0x0, token = 0x1, `private` = 0x2, label = 0x3, value = 0x11, keyType = 0x100, id = 0x102, sensitive = 0x103, encrypt = 0x104, decrypt = 0x105
        case wrap = 0x106, unwrap = 0x107, sign = 0x108, verify = 0x10A, derive = 0x10C, valueLength = 0x161, extractable = 0x162, modifiable = 0x170
        case ellipticCurve = 0x180, point = 0x181
    }

    enum ObjectClass: CK_ULONG { case publicKey = 2, privateKey = 3, secretKey = 4 }
    enum KeyType: CK_ULONG { case ellipticCurve = 0x3, twoKeyTripleDES = 0x14, aes = 0x1F }

    private var entries: [(CK_ULONG, [UInt8])] = []

    init(_ objectClass: ObjectClass, _ type: KeyType) {
        self[number: .objectClass] = objectClass.rawValue
        self[number: .keyType] = type.rawValue
    }

    mutating func set(_ name: Name, _ bytes: [UInt8]) { entries.append((name.rawValue, bytes)) }
    mutating func set(_ names: Name..., to value: Bool) { for name in names { set(name, [value ? 1 : 0]) } }

    private subscript(number name: Name) -> CK_ULONG {
        get { 0 }
        set { set(name, withUnsafeBytes(of: newValue) { Array($0) }) }
    }

    mutating func setLength(_ count: Int) { self[number: .valueLength] = CK_ULONG(count) }

    /// Lends the template to a call.
    /// - Parameter value: the key's bytes as CKA_VALUE, which are lent and not copied.
    func withTemplate<Result>(value: UnsafeRawBufferPointer? = nil, _ body: (UnsafePointer<CK_ATTRIBUTE>, CK_ULONG) throws -> Result) rethrows -> Result {
        var flat = entries.flatMap(\.1)
        return try flat.withUnsafeMutableBytes { buffer in
            var offset = 0
            var template = entries.map { type, bytes in
                defer { offset += bytes.count }
                return CK_ATTRIBUTE(type: type, pValue: buffer.baseAddress.map { $0 + offset }, ulValueLen: CK_ULONG(bytes.count))
            }
            if let value {
                // The call reads it only.
                template.append(CK_ATTRIBUTE(type: Name.value.rawValue, pValue: UnsafeMutableRawPointer(mutating: value.baseAddress), ulValueLen: CK_ULONG(value.count)))
            }
            return try body(template, CK_ULONG(template.count))
        }
    }
}

/// Mechanisms of the standard that are used; none has a parameter.
enum TokenMechanism: CK_ULONG {
    case tripleDESECB = 0x132, ellipticCurveGeneration = 0x1040, ecdsa = 0x1041, aesGeneration = 0x1080, aesECB = 0x1081, aesCMAC = 0x108A, aesKeyWrap = 0x2109

    func with<Result>(_ body: (UnsafePointer<CK_MECHANISM>) throws -> Result) rethrows -> Result {
        var mechanism = CK_MECHANISM(mechanism: rawValue, pParameter: nil, ulParameterLen: 0)
        return try withUnsafePointer(to: &mechanism, body)
    }
}
