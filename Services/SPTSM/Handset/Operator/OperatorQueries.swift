import Foundation
import GRDB
import Provisioning
import ServiceKit
import TrustedServiceModel

/// What the store holds, as the operator's lists show it.
extension HandsetStore {
    // MARK: processes

    private static let processColumns = "dialog.record, instance.service_id, instance.component_id"
    private static let processTables = "dialog LEFT JOIN instance ON instance.id = dialog.instance_id"

    static func processFilter(_ parameters: [(String, String)]) throws(OperatorError) -> OperatorFilter {
        try OperatorFilter(parameters, columns: ["serviceProvider": "dialog.owner", "instance": "dialog.instance_id", "service": "instance.service_id", "component": "instance.component_id"],
                           words: ["state": ["running": "dialog.ended = 0", "ended": "dialog.ended = 1"]])
    }

    func processes(_ filter: OperatorFilter) async throws -> HandsetOperatorAPI.Page<HandsetOperatorAPI.Process> {
        try await store.scan { db in
            let (rows, next) = try filter.rows(db, select: Self.processColumns, position: "dialog.rowid", from: Self.processTables, and: ["dialog.instance_id IS NOT NULL"])
            return HandsetOperatorAPI.Page(items: try rows.compactMap { try Self.process($0, db) }, next: next)
        }
    }

    /// nil: there is no such process.
    func process(_ id: String) async throws -> HandsetOperatorAPI.ProcessDetail? {
        try await store.scan { db in
            let sql = "SELECT \(Self.processColumns) FROM \(Self.processTables) WHERE dialog.id = ?"
            guard let row = try Row.fetchOne(db, sql: sql, arguments: [id]), let process = try Self.process(row, db) else { return nil }
            let journal = try Row.fetchAll(db, sql: "SELECT at, kind, body FROM journal WHERE dialog_id = ? ORDER BY id", arguments: [id])
            return HandsetOperatorAPI.ProcessDetail(process: process, timeline: journal.map { JournalEvent.event(at: $0["at"], kind: $0["kind"], body: $0["body"]) })
        }
    }

    private static func process(_ row: Row, _ db: Database) throws -> HandsetOperatorAPI.Process? {
        let record: DialogRecord = try WireJSON.decode(DialogRecord.self, from: Array((row["record"] as String).utf8))
        guard let kind = record.purpose.processKind, let instance = record.purpose.instanceId else { return nil }
        func count(_ kinds: String) throws -> Int {
            try Int.fetchOne(db, sql: "SELECT count(*) FROM journal WHERE dialog_id = ? AND kind IN (\(kinds))", arguments: [record.id]) ?? 0
        }
        var info: TrustedServiceModel.ProcessInfo?
        if record.isEnded, let body = try String.fetchOne(db, sql: "SELECT body FROM journal WHERE dialog_id = ? AND kind = 'result' ORDER BY id DESC LIMIT 1", arguments: [record.id]) {
            info = try WireJSON.decode(HandsetAPI.DialogAnswer.self, from: Array(body.utf8)).result?.processInfo
        }
        return HandsetOperatorAPI.Process(
            id: record.id, kind: kind, stage: record.stage.summary, serviceProviderId: record.caller.serviceProviderId, deviceAppId: record.caller.deviceAppId,
            deviceKeyThumbprint: record.caller.deviceKeyThumbprint, serviceInstanceId: instance, serviceId: row["service_id"], componentId: row["component_id"],
            began: WireDate.text(record.began), leaseExpires: WireDate.text(record.leaseExpires), orders: try count("'order'"), reports: try count("'report', 'late report'"),
            executionStatus: info?.executionStatus.rawValue, executionMessage: info?.executionMessage)
    }

    // MARK: instances

    static func instanceFilter(_ parameters: [(String, String)]) throws(OperatorError) -> OperatorFilter {
        let states = Dictionary(uniqueKeysWithValues: ServiceInstanceState.allCases.map { ($0.representation, "instance.state = \($0.rawValue)") })
        let quarantined = "EXISTS (SELECT 1 FROM quarantine WHERE kind = 'instance' AND subject = instance.id)"
        return try OperatorFilter(parameters, columns: ["serviceProvider": "instance.owner", "service": "instance.service_id", "component": "instance.component_id"],
                                  words: ["state": states, "quarantined": ["true": quarantined, "false": "NOT \(quarantined)"]])
    }

    func instances(_ filter: OperatorFilter) async throws -> HandsetOperatorAPI.Page<HandsetOperatorAPI.Instance> {
        try await store.scan { [shelf] db in
            let (rows, next) = try filter.rows(db, select: "instance.id", position: "instance.rowid", from: "instance")
            let items = try rows.compactMap { row in try Self.instances(db, shelf, "instance.id = ?", [row["id"] as String]).first.map { try Self.shown($0, db) } }
            return HandsetOperatorAPI.Page(items: items, next: next)
        }
    }

    /// nil: there is no such instance.
    func shownInstance(_ id: String) async throws -> (record: InstanceRecord, shown: HandsetOperatorAPI.Instance)? {
        try await store.scan { [shelf] db in
            try Self.instances(db, shelf, "instance.id = ?", [id]).first.map { ($0, try Self.shown($0, db)) }
        }
    }

    private static func shown(_ record: InstanceRecord, _ db: Database) throws -> HandsetOperatorAPI.Instance {
        HandsetOperatorAPI.Instance(
            id: record.id, serviceProviderId: record.serviceProviderId, serviceId: record.serviceId, serviceName: record.document.service.name, version: record.document.versionTag,
            componentId: record.componentId, reader: record.reader, state: record.state.representation, lastStableState: record.lastStableState.representation,
            created: WireDate.text(record.created), isContentKnown: record.content.isKnown, isReportedOnly: record.content.isReportedOnly ?? false,
            openProcess: try String.fetchOne(db, sql: "SELECT id FROM dialog WHERE instance_id = ? AND ended = 0", arguments: [record.id]),
            quarantine: try QuarantineTable.find(.instance, record.id, db))
    }

    // MARK: components

    static func componentFilter(_ parameters: [(String, String)]) throws(OperatorError) -> OperatorFilter {
        let quarantined = "EXISTS (SELECT 1 FROM quarantine WHERE kind = 'component' AND subject = component.id)"
        return try OperatorFilter(parameters, columns: ["claim": "component.claim_key"], words: ["quarantined": ["true": quarantined, "false": "NOT \(quarantined)"]])
    }

    func components(_ filter: OperatorFilter) async throws -> HandsetOperatorAPI.Page<HandsetOperatorAPI.Component> {
        try await store.scan { db in
            let (rows, next) = try filter.rows(db, select: "component.record", position: "component.rowid", from: "component")
            return HandsetOperatorAPI.Page(items: try rows.map { try Self.shownComponent($0["record"], db) }, next: next)
        }
    }

    func shownComponent(_ id: String) async throws -> HandsetOperatorAPI.Component? {
        try await store.scan { db in
            try String.fetchOne(db, sql: "SELECT record FROM component WHERE id = ?", arguments: [id]).map { try Self.shownComponent($0, db) }
        }
    }

    private static func shownComponent(_ text: String, _ db: Database) throws -> HandsetOperatorAPI.Component {
        let record = try WireJSON.decode(ComponentRecord.self, from: Array(text.utf8))
        return HandsetOperatorAPI.Component(
            id: record.id, issuerId: record.issuerId, profileId: record.component.profileId, claim: record.claimKey,
            instances: try Int.fetchOne(db, sql: "SELECT count(*) FROM instance WHERE component_id = ?", arguments: [record.id]) ?? 0,
            quarantine: try QuarantineTable.find(.component, record.id, db))
    }
}

extension DialogRecord.Purpose {
    /// nil: no process (TR-03165 3.2): a creation, query or check.
    var processKind: HandsetOperatorAPI.ProcessKind? {
        switch self {
        case .create, .query, .checkDeployment, .checkUpdate: nil
        case .deploy: .deploy
        case .update: .update
        case .suspend(_, let suspend): suspend ? .suspend : .resume
        case .terminate: .terminate
        }
    }
}

extension DialogRecord.Stage {
    var summary: HandsetOperatorAPI.ProcessStage {
        switch self {
        case .proving: .proving
        case .ended: .ended
        case .running(let run):
            switch run.purpose {
            case .reconcile: .reconciling
            case .main: .running
            case .cleanUp: .cleaningUp
            }
        }
    }
}
