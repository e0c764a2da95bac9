// swift-tools-version: 6.2
import PackageDescription

// An SP app as its developer has it: a package of its own that depends on the TSM-API and nothing of what is behind it.
// SecureComponentSimulator is there because a machine without a phone has no secure component; an app on a phone leaves it out.
let package = Package(
    name: "TicketApp",
    platforms: [.macOS(.v15)],
    dependencies: [.package(name: "TSMS", path: "../../..")],
    targets: [
        .executableTarget(name: "TicketApp", dependencies: [.product(name: "TSMAPI", package: "TSMS"), .product(name: "SecureComponentSimulator", package: "TSMS")]),
    ]
)
