import GlobalPlatform
import SecureComponent
import Testing

@Suite("Errors of secure components")
struct ErrorTests {
    @Test("codes are distinct and messages say something")
    func codes() {
        let errors: [SecureComponentError] = [
            .readerNotFound("a"), .notPresent(reader: "a"), .serviceUnavailable("b"), .sessionClosed, .channelClosed, .channelNotAvailable("c"), .accessDenied("d"),
            .applicationNotFound([1]), .selectionRefused([1], .appletSelectFailed), .commandNotAllowed("e"), .malformedCommand("f"), .malformedResponse("g"),
            .transmitFailed("h"), .componentLost("i"),
        ]
        #expect(Set(errors.map(\.code)).count == errors.count)
        #expect(errors.allSatisfy { $0.description.count > 10 })
    }

    @Test("a DeviceAppID has 20 or 32 bytes")
    func deviceApp() throws {
        #expect(try DeviceAppID([UInt8](repeating: 1, count: 20)).bytes.count == 20)
        #expect(try DeviceAppID(hex: String(repeating: "ab", count: 32)).description == String(repeating: "ab", count: 32))
        #expect(throws: DeviceAppIDError.length(31)) { try DeviceAppID([UInt8](repeating: 1, count: 31)) }
        #expect(throws: DeviceAppIDError.self) { try DeviceAppID(hex: "zz") }
    }
}
