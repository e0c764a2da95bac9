import GlobalPlatform
import SecureComponent
import TrustedServiceModel

/// Reads what a component says of itself without a key, for the handshake: SELECT ISD, GET DATA 42, 45 and C1.
struct ComponentReader: Sendable {
    let service: any SecureElementService
    let issuerSecurityDomains: [AID]

    /// All components that answer, in the order of the readers. A reader that denies access or is empty is left out.
    func components() async -> (components: [HandsetAPI.Component], refusals: [String]) {
        var found: [HandsetAPI.Component] = []
        var refusals: [String] = []
        let readers: [any Reader]
        do throws(SecureComponentError) { readers = try await service.readers } catch { return ([], ["\(error)"]) }
        for reader in readers {
            do throws(SecureComponentError) {
                if let component = try await component(reader) { found.append(component) }
            } catch {
                refusals.append("\(reader.name): \(error)")
            }
        }
        return (found, refusals)
    }

    private func component(_ reader: any Reader) async throws(SecureComponentError) -> HandsetAPI.Component? {
        let session = try await reader.openSession()
        var last: SecureComponentError?
        for issuer in issuerSecurityDomains {
            do throws(SecureComponentError) {
                let channel = try await session.openLogicalChannel(issuer)
                let iin = try await value(channel, .issuerIdentificationNumber, tag: 0x42)
                let cin = try await value(channel, .cardImageNumber, tag: 0x45)
                let counter = try await value(channel, .sequenceCounter, tag: 0xC1)
                await channel.close()
                await session.close()
                guard iin != nil || cin != nil else { return nil }
                let element = SERAM.SecureElement(seType: Self.type(reader.name), seId: (iin ?? "") + (cin ?? ""))
                return HandsetAPI.Component(secureElement: element, reader: reader.name, iin: iin, cin: cin, sequenceCounter: counter)
            } catch {
                last = error
            }
        }
        await session.close()
        if let last { throw last }
        return nil
    }

    private func value(_ channel: any Channel, _ command: GetDataCommand, tag: UInt32) async throws(SecureComponentError) -> String? {
        let response = try await channel.transmit(command.apdu)
        guard response.statusWord.isSuccess, let object = try? TLV.parse(response.data), object.tag.rawValue == tag else { return nil }
        return Hex.encode(object.value)
    }

    private static func type(_ reader: String) -> SERAM.SecureElementType {
        if reader.hasPrefix("eSE") { return .eSE }
        if reader.hasPrefix("eUICC") { return .euicc }
        if reader.hasPrefix("SIM") || reader.hasPrefix("UICC") { return .uicc }
        return .undefined
    }
}
