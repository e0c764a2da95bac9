import Foundation

/// libFuzzer's entry points. Which target is run, `FUZZ_TARGET` says (`make fuzz`).
private let target: any FuzzTarget = {
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

@_cdecl("LLVMFuzzerTestOneInput") public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    target.take(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}
