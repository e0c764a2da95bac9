/// Beyond the 82 operations of the TR: what a service provider has to learn of the operator and the TR has no method for. Reading only;
/// the same tokens, the same base path.
enum ExtensionOperations {
    static let all: [ProviderOperation] = [
        // TR-03165 3.3.1.2 asks that service providers are told of new and of leaving profiles.
        .read("listNotices", "/notices") { catalogue, _ in .json(try NoticeTable.all(of: catalogue.owner, catalogue.db)) },
        // TR-03165 4.1.4.6: `keyIndex` names a key that was exchanged out of band.
        .read("listKeyIndexes", "/key-indexes") { catalogue, _ in .json(try ServiceProviderTable.keyIndexes(of: catalogue.owner, catalogue.db)) },
    ]
}
