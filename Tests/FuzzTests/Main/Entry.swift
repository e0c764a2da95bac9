import Foundation

// The program that libFuzzer drives. Which target is run, `FUZZ_TARGET` says (`make fuzz`).

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(_ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
                       _ testOneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt) -> CInt

private enum Chosen {
    static let target: any FuzzTarget = {
        let wanted = ProcessInfo.processInfo.environment["FUZZ_TARGET"] ?? ""
        guard let found = FuzzTargets.all.first(where: { $0.name == wanted }) else {
            print("FUZZ_TARGET is one of: \(FuzzTargets.all.map { $0.name }.joined(separator: " "))")
            exit(2)
        }
        do {
            return try found.init()
        } catch {
            print("\(wanted) cannot be set up: \(error)")
            exit(2)
        }
    }()
}

/// What the build makes the program's `main`: libFuzzer's own has no place beside it.
@_cdecl("fuzz_main") func fuzzMain(_ given: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    _ = Chosen.target
    var (count, arguments) = (given, arguments)
    return runFuzzer(&count, &arguments) { data, size in
        Chosen.target.take(Array(UnsafeBufferPointer(start: data, count: size)))
        return 0
    }
}
