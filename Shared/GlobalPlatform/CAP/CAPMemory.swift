/// What a CAP file says of the memory that it takes, in bytes; what a card needs besides is the card's own affair.
public struct CAPMemory: Hashable, Sendable {
    /// Of the load file data block.
    public let code: Int
    /// Of the static fields.
    public let staticFields: Int
    /// Of the arrays that static fields begin with.
    public let staticArrays: Int

    init(code: Int, _ directory: CAPDirectory) {
        self.code = code
        staticFields = directory.staticImageSize
        staticArrays = directory.staticArraySize
    }
}
