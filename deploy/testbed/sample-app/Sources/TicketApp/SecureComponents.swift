import GlobalPlatform
import SecureComponent
import SecureComponentSimulator

/// The phone's secure components, opened on behalf of this app: their access rules say what the app may reach. On a phone this is its OMAPI.
enum SecureComponents {
    static func open(_ options: Options, _ surroundings: Surroundings, app: String) throws -> any SecureElementService {
        let access = AccessControl(deviceApp: try DeviceAppID(hex: app))
        if options.usesReaders { return try PCSCService(accessControl: access) }
        guard let handset = surroundings.handsets.first(where: { $0.name == options.handset }) else { throw AppFailure("the testbed has no handset \(options.handset)") }
        return SimulatorService(try handset.secureComponents.map { component in
            let card = try SimulatedCard(opening: CardFile(path: surroundings.cardFile(handset.name, component.reader)))
            return SimulatorReader(name: component.reader, card: card, accessControl: access)
        })
    }
}
