/// One place where bytes of others come in.
protocol FuzzTarget: Sendable {
    /// In `FUZZ_TARGET`, and the corpus's folder.
    static var name: String { get }
    init() throws
    /// Takes the bytes as the product would. Errors are the product's answer; what may not happen ends the process.
    func run(_ bytes: [UInt8]) throws
}

extension FuzzTarget {
    func take(_ bytes: [UInt8]) {
        do {
            try run(bytes)
        } catch {
            // A refusal has a reason that can be told.
            require(!"\(error)".isEmpty, "\(Self.name): an error without words")
        }
    }
}

enum FuzzTargets {
    static let all: [any FuzzTarget.Type] = [
        TLVTarget.self, CardCommandTarget.self, CardAnswerTarget.self, CAPFileTarget.self, ReportTarget.self, HandsetBodyTarget.self, ProviderBodyTarget.self,
        UploadTarget.self, TokenTarget.self, CardTarget.self, HTTP2Target.self, HTTP1Target.self,
    ]
}

/// What must hold whatever comes; a finding if it does not.
func require(_ condition: Bool, _ what: @autoclosure () -> String) {
    if !condition { fatalError("fuzzing found: \(what())") }
}
