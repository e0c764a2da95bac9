// swift-tools-version: 6.2
import PackageDescription

// Every target of ours: Swift 6 language mode (the default of these tools) and no warning left standing.
let ours: [SwiftSetting] = [.treatAllWarnings(as: .error)]

let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let x509: Target.Dependency = .product(name: "X509", package: "swift-certificates")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "Metrics", package: "swift-metrics")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

func library(_ name: String, _ path: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: ours)
}
func executable(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: ours)
}
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies + ["TestMaterial"], path: "Tests/\(name)", swiftSettings: ours)
}

var targets: [Target] = [
    // System libraries
    .systemLibrary(name: "COpenSSL", path: "Shared/COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CNGHTTP2", path: "Shared/CNGHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
    .target(name: "CPKCS11", path: "Shared/CPKCS11"),
    .systemLibrary(name: "CPCSC", path: "Shared/CPCSC", pkgConfig: "libpcsclite", providers: [.apt(["libpcsclite-dev"])]),

    // Shared
    library("Cryptography", "Shared/Cryptography", ["COpenSSL"]),
    library("GlobalPlatform", "Shared/GlobalPlatform", ["Cryptography"]),
    library("PKCS11", "Shared/PKCS11", ["CPKCS11", "Cryptography"]),
    library("TrustedServiceModel", "Shared/TrustedServiceModel"),
    library("Personalization", "Shared/Personalization", ["GlobalPlatform", "TrustedServiceModel"]),
    .target(name: "CHTTP2Shims", dependencies: ["COpenSSL", "CNGHTTP2"], path: "Shared/CHTTP2Shims"),
    library("HTTP2", "Shared/HTTP2", ["CHTTP2Shims", "COpenSSL", "CNGHTTP2", hummingbird, nioCore, nioPosix, nioHTTP1, httpTypes, logging, lifecycle]),
    library("Identity", "Shared/Identity", [x509, crypto]),
    .target(name: "CAPIDocuments", path: "Shared/APIDocuments"),
    library("ServiceKit", "Shared/ServiceKit", ["CAPIDocuments", "HTTP2", "Identity", hummingbird, nioCore, nioPosix, httpTypes, argumentParser, logging, metrics, lifecycle, grdb, yams]),
    library("KeyVaultAPI", "Shared/KeyVaultAPI", ["Cryptography", "GlobalPlatform", "HTTP2", "ServiceKit", httpTypes, grdb]),
    library("SEIAPI", "Shared/SEIAPI", ["GlobalPlatform", "KeyVaultAPI", "HTTP2", "ServiceKit"]),
    library("SecureComponent", "Shared/SecureComponent", ["GlobalPlatform", "CPCSC"]),
    library("SecureComponentSimulator", "Shared/SecureComponentSimulator", ["GlobalPlatform", "Cryptography", "SecureComponent"]),
    library("TSMAPI", "Shared/TSMAPI", ["TrustedServiceModel", "GlobalPlatform", "SecureComponent", .byName(name: "HTTP2", condition: .when(platforms: [.linux, .macOS])), "Identity", httpTypes, logging]),

    // Services: what each does is a library, so that it is tested in process; Main/ is the executable
    library("KeyVaultService", "Services/KeyVault", ["Cryptography", "PKCS11", "GlobalPlatform", "Identity", "KeyVaultAPI", "ServiceKit", "HTTP2", hummingbird, httpTypes, grdb, lifecycle, logging], exclude: ["Main"]),
    executable("key-vault", "Services/KeyVault/Main", ["KeyVaultService", "KeyVaultAPI", "ServiceKit", argumentParser]),
    library("SEITSMService", "Services/SEITSM", ["GlobalPlatform", "Cryptography", "SEIAPI", "KeyVaultAPI", "ServiceKit", "Identity", "HTTP2", hummingbird, grdb, logging, lifecycle], exclude: ["Main"]),
    executable("sei-tsm", "Services/SEITSM/Main", ["SEITSMService", "ServiceKit"]),
    library("DeploymentDocument", "Services/SPTSM/DeploymentDocument", ["TrustedServiceModel", "GlobalPlatform", "Identity"]),
    library("Provisioning", "Services/SPTSM/Provisioning", ["Personalization", "DeploymentDocument", "TrustedServiceModel", "GlobalPlatform", "KeyVaultAPI", "SEIAPI"]),
    library("SPTSMProvider", "Services/SPTSM/Provider", ["DeploymentDocument", "Personalization", "TrustedServiceModel", "GlobalPlatform", "Cryptography", "Identity", "KeyVaultAPI", "ServiceKit", "HTTP2", hummingbird, grdb, logging, metrics, lifecycle]),
    library("SPTSMHandset", "Services/SPTSM/Handset", ["DeploymentDocument", "Provisioning", "Personalization", "TrustedServiceModel", "GlobalPlatform", "Cryptography", "Identity", "KeyVaultAPI", "SEIAPI", "ServiceKit", "HTTP2", hummingbird, grdb, logging, metrics, lifecycle, crypto]),
    executable("sp-tsm", "Services/SPTSM/Main", ["SPTSMProvider", "SPTSMHandset", "ServiceKit", argumentParser]),
    library("GatewayService", "Services/Gateway", ["HTTP2", "ServiceKit", logging, metrics], exclude: ["Main"]),
    executable("gateway", "Services/Gateway/Main", ["GatewayService", "ServiceKit"]),

    // Tools
    executable("tsms", "Tools/tsms", ["TSMAPI", "TrustedServiceModel", "Personalization", "GlobalPlatform", "Cryptography", "SecureComponent", "SecureComponentSimulator", "Identity", "HTTP2", "ServiceKit", "KeyVaultAPI", "SEIAPI", hummingbird, argumentParser, crypto, httpTypes, logging]),
    executable("bench", "Tools/bench", ["TSMAPI", "TrustedServiceModel", "GlobalPlatform", "Cryptography", "COpenSSL", "SecureComponent", "SecureComponentSimulator", "Identity", "HTTP2", "ServiceKit", "KeyVaultAPI", "KeyVaultService", "PKCS11", "TestMaterial", hummingbird, nioCore, nioPosix, httpTypes, argumentParser, logging, grdb]),
    .target(name: "BenchClientCertificate", dependencies: ["COpenSSL"], path: "Tools/bench-client-certificate"),

    // The sample app's sources once more, beside the suite's own programs, so that they are compiled and run with every test.
    executable("ticket-app", "deploy/testbed/sample-app/Sources/TicketApp", ["TSMAPI", "TrustedServiceModel", "GlobalPlatform", "Identity", "SecureComponent", "SecureComponentSimulator"]),

    // Tests
    .target(name: "TestMaterial", path: "Tests/TestMaterial", swiftSettings: ours),
    tests("CryptographyTests", ["Cryptography"]),
    tests("GlobalPlatformTests", ["GlobalPlatform", "Cryptography"]),
    tests("HTTP2Tests", ["HTTP2", "Identity", hummingbird, nioCore, nioPosix, httpTypes, logging]),
    tests("IdentityTests", ["Identity", x509, crypto]),
    tests("ServiceKitTests", ["ServiceKit", "HTTP2", "Identity", hummingbird, grdb, logging]),
    tests("SecureComponentTests", ["SecureComponent", "CPCSC"]),
    .testTarget(name: "CardTests", dependencies: ["SecureComponentSimulator", "SecureComponent", "GlobalPlatform", "Cryptography", "TestMaterial"], path: "Tests/CardTests", exclude: ["Transcripts"], swiftSettings: ours),
    tests("SecureComponentSimulatorTests", ["SecureComponentSimulator", "SecureComponent", "GlobalPlatform", "Cryptography"]),
    tests("TrustedServiceModelTests", ["TrustedServiceModel"]),
    tests("KeyVaultTests", ["KeyVaultService", "KeyVaultAPI", "PKCS11", "CPKCS11", "GlobalPlatform", "Cryptography", "Identity", "ServiceKit", "HTTP2", hummingbird, grdb, logging]),
    tests("SEITSMTests", ["SEITSMService", "SEIAPI", "KeyVaultService", "KeyVaultAPI", "GlobalPlatform", "Cryptography", "SecureComponentSimulator", "ServiceKit", "Identity", "HTTP2", hummingbird, grdb, logging, yams]),
    tests("ProvisioningTests", ["Provisioning", "Personalization", "DeploymentDocument", "TrustedServiceModel", "GlobalPlatform"]),
    tests("SPTSMProviderTests", ["SPTSMProvider", "DeploymentDocument", "TrustedServiceModel", "GlobalPlatform", "KeyVaultAPI", "ServiceKit", "HTTP2", "Identity", hummingbird, grdb, logging, yams, nioCore, httpTypes, .product(name: "NIOEmbedded", package: "swift-nio")]),
    tests("SPTSMHandsetTests", ["SPTSMHandset", "Provisioning", "SEITSMService", "SEIAPI", "KeyVaultService", "KeyVaultAPI", "SecureComponentSimulator", "SecureComponent", "TSMAPI", "DeploymentDocument", "GlobalPlatform", "Cryptography", "Identity", "ServiceKit", "HTTP2", "TrustedServiceModel", hummingbird, grdb, nioCore, nioPosix, httpTypes, logging, yams, .product(name: "NIOEmbedded", package: "swift-nio")]),
    tests("FaultTests", ["SPTSMHandset", "Provisioning", "SEITSMService", "SEIAPI", "KeyVaultService", "KeyVaultAPI", "SecureComponentSimulator", "SecureComponent", "TSMAPI", "DeploymentDocument", "GlobalPlatform", "Cryptography", "Identity", "ServiceKit", "HTTP2", "TrustedServiceModel", grdb, httpTypes, logging]),
    tests("TSMAPITests", ["TSMAPI", "SecureComponentSimulator", "SecureComponent", "TrustedServiceModel", "GlobalPlatform", "Cryptography", "Identity"]),
    tests("GatewayTests", ["GatewayService", "HTTP2", "Identity"]),
    tests("ToolTests", ["tsms", "KeyVaultAPI", "Personalization", "TrustedServiceModel", "ServiceKit", "Identity", "GlobalPlatform", "SecureComponent", "SecureComponentSimulator", "Cryptography", argumentParser]),
    tests("EndToEndTests", ["TSMAPI", "HTTP2", "Identity", "GlobalPlatform", "Cryptography", "SecureComponent", "SecureComponentSimulator", "TrustedServiceModel", grdb, httpTypes, logging]),
]

// What is fuzzed is one folder: with libFuzzer's main a program (`make fuzz`), without it a test that runs the corpus.
let fuzzed: [Target.Dependency] = ["GlobalPlatform", "Cryptography", "TrustedServiceModel", "Provisioning", "SPTSMProvider", "SecureComponentSimulator", "Identity", "ServiceKit", "HTTP2", nioCore, .product(name: "NIOEmbedded", package: "swift-nio"), logging]
if Context.environment["TSMS_FUZZ"] == nil {
    targets.append(.testTarget(name: "FuzzTests", dependencies: fuzzed, path: "Tests/FuzzTests", exclude: ["Main", "Corpus", "run"], swiftSettings: ours))
} else {
    targets.append(.executableTarget(name: "fuzz", dependencies: fuzzed, path: "Tests/FuzzTests", exclude: ["CorpusTests.swift", "Corpus", "run"], swiftSettings: ours))
}

// A short edit loop: TSMS_TESTS=CryptographyTests,HTTP2Tests keeps these test targets and what they need, TSMS_TESTS=none everything
// but tests; unset keeps all.
var isPruned = false
if let chosen = Context.environment["TSMS_TESTS"] {
    let names = Set(chosen.split(separator: ",").map(String.init))
    targets.removeAll { $0.type == .test && !names.contains($0.name) }
    isPruned = targets.contains { $0.type == .test }
}
if isPruned {
    var wanted = Set(targets.filter { $0.type == .test }.map(\.name))
    var grew = true
    while grew {
        grew = false
        for target in targets where wanted.contains(target.name) {
            for case .byNameItem(let name, _) in target.dependencies where wanted.insert(name).inserted { grew = true }
        }
    }
    targets.removeAll { !wanted.contains($0.name) }
}

let package = Package(
    name: "TSMS",
    platforms: [.macOS(.v15)],
    products: isPruned ? [] : [
        // What an SP app imports: the TSM-API and the modules whose types it speaks in. No store, no vault client, no issuer client.
        .library(name: "TSMAPI", targets: ["TSMAPI", "TrustedServiceModel", "GlobalPlatform", "Identity", "SecureComponent"]),
        // Secure components in software, for an app's tests on machines that have none.
        .library(name: "SecureComponentSimulator", targets: ["SecureComponentSimulator"]),
        // Preloaded into h2load by the bench; nothing links it.
        .library(name: "bench-client-certificate", type: .dynamic, targets: ["BenchClientCertificate"]),
    ],
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-certificates.git", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto.git", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
    ],
    targets: targets
)
