import TrustedServiceModel

/// Which modules a load file will have at the TSM once its content is there, so that a plan is made with what is to come and not with what was.
enum PlannedModules {
    /// - Parameters:
    ///   - existing: modules of the load file that is to be replaced; one whose AID stays keeps its ID.
    /// - Throws: `ToolFailure` for what the TSM would refuse.
    static func of(_ content: [UInt8], path: String, loadFile id: String, existing: [ExecutableModule]) throws(ToolFailure) -> [ExecutableModule] {
        let report = try CAPInspection.report(path: path, content)
        guard report.loadCommands != nil else { throw ToolFailure("\(path): the TSM refuses it, its load file needs more LOAD commands than there can be") }
        return report.applets.map { applet in
            existing.first { $0.aid.lowercased() == applet.aid } ?? ExecutableModule(id: "new module \(applet.aid)", elfId: id, aid: applet.aid)
        }
    }
}
