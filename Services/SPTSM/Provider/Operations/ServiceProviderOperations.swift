/// TR-03165 4.1.6.2
enum ServiceProviderOperations {
    static let all: [ProviderOperation] = [
        // The overview (4.1.2.2) spells the path with a hyphen, the description (4.1.6.2.1) without.
        .read("getAccountInformation", "/serviceproviders/current", "/service-providers/current") { catalogue, _ in
            .json(try ServiceProviderTable.account(of: catalogue.owner, catalogue.db))
        }
    ]
}
