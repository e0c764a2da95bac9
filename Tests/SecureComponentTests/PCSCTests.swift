import SecureComponent
import Testing

@Suite("PC/SC")
struct PCSCTests {
    /// Without a daemon this is all that can be asked; with one its readers are listed.
    @Test("no daemon is a typed error; a daemon lists its readers")
    func daemon() async throws {
        do {
            let service = try PCSCService(accessControl: .unrestricted)
            for reader in try await service.readers { #expect(!reader.name.isEmpty) }
            await #expect(throws: SecureComponentError.readerNotFound("no such reader")) { try await service.reader(named: "no such reader") }
        } catch {
            #expect(error.code == "service-unavailable")
            #expect(error.description.contains("8010"))
        }
    }
}
