import GlobalPlatform

/// What a card tool does that waits for each answer before it sends the next command: a security domain with keys, a load file in it, an instance that is
/// selectable, and a look at the registry. Less than deployService does: no key rotation, no access rules, no proofs.
struct StepwiseInstallation {
    let card: BenchCard
    let traffic: CardTraffic

    func run(_ file: CAPFile, _ applet: Applet) throws {
        let domain = try card.makeDomain(through: traffic)
        var session = try traffic.open(domain.aid, domain.keys)
        let instance = try AID(hex: applet.instance)
        try traffic.send(InstallCommand.load(InstallForLoad(loadFile: file.packageAID, securityDomain: domain.aid, loadFileDataBlockHash: file.loadFileDataBlockHash)).apdu(), &session)
        for command in try file.loadFile.commands(maximumPayload: session.maximumPayload) { try traffic.send(command.apdu, &session) }
        try traffic.send(InstallCommand.install(InstallForInstall(loadFile: file.packageAID, module: AID(hex: applet.module), application: instance,
                                                                  parameters: InstallParameters(applicationSpecific: []), makeSelectable: true)).apdu(), &session)
        try traffic.send(GetStatusCommand(scope: .applications, aid: instance).apdu, &session)
    }
}
