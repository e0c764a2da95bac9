/// Why a figure could not be taken, in words that a person can act on. A figure below its floor is none.
struct BenchFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
