import Identity
import TrustedServiceModel

/// Certificates (TR-03165 4.1.6.8)
enum CertificateOperations {
    static let all: [ProviderOperation] = [
        .read("listCerts", "/certificates") { catalogue, _ in .json(try catalogue.list(Certificate.self)) },
        .write("createCertAndUploadBinary", .post, "/certificates", .upload(.certificate)) { catalogue, input in .json(try Certificate.create(input, catalogue)) },
        .read("getCert", "/certificates/{certificateId}") { catalogue, input in .json(try Certificate.find(input, catalogue)) },
        .write("modifyCertAndOverwriteBinary", .put, "/certificates/{certificateId}", .upload(.certificate)) { catalogue, input in
            .json(try Certificate.find(input, catalogue).modified(input, catalogue) { changed in
                // It says who the SPOS is.
                let condition = "e.spos_config_id IN (SELECT id FROM spos_config WHERE certificate_id = ?)"
                for service in try catalogue.select(Service.self, where: condition, [changed.id]) { catalogue.changes.serviceChanged(service.id) }
            })
        },
        .write("deleteCert", .delete, "/certificates/{certificateId}", .none) { catalogue, input in
            let certificate = try Certificate.find(input, catalogue)
            return try certificate.deleted(from: catalogue) {
                guard try sposConfigs(using: certificate, catalogue).isEmpty else { throw GeneralError.referenced("Certificate", in: "SposConfig") }
            }
        },
        .read("getCertBinary", "/certificates/{certificateId}/binary") { catalogue, input in try Certificate.find(input, catalogue).binary(catalogue) },
        .read("listCertRelatedAppConfigs", "/certificates/{certificateId}/application-configs") { catalogue, input in
            .json(try Certificate.find(input, catalogue).configs(catalogue))
        },
        .read("listCertRelatedFlavors", "/certificates/{certificateId}/flavors") { catalogue, input in
            .json(try Certificate.find(input, catalogue).flavors(catalogue))
        },
        // A Service uses a certificate through an application or through its SPOS.
        .read("listCertRelatedServices", "/certificates/{certificateId}/services") { catalogue, input in
            let certificate = try Certificate.find(input, catalogue)
            return .json(try catalogue.select(Service.self, where: Certificate.usedByService
                + " OR e.spos_config_id IN (SELECT id FROM spos_config WHERE certificate_id = ?)", [certificate.id, certificate.id]))
        },
        .read("listCertRelatedSposConfigs", "/certificates/{certificateId}/spos-configs") { catalogue, input in
            .json(try sposConfigs(using: try Certificate.find(input, catalogue), catalogue))
        },
    ]

    private static func sposConfigs(using certificate: Certificate, _ catalogue: TenantCatalogue) throws -> [SposConfig] {
        try catalogue.select(SposConfig.self, where: "e.certificate_id = ?", [certificate.id])
    }
}

extension Certificate: UploadedEntity {
    static var kind: UploadKind { .certificate }
    static var parameter: String { "certificateId" }
    static var configColumn: String { "certificate_id" }

    /// One or more X.509 certificates in PEM, or one in DER; never a private key.
    static func check(_ content: [UInt8]) throws(GeneralError) {
        do throws(IdentityError) {
            if let text = String(validating: content, as: UTF8.self), text.contains("-----BEGIN") {
                _ = try CertificateFile.parse(pem: text)
            } else {
                _ = try LoadedCertificate(der: content)
            }
        } catch {
            throw .invalidFileType(supported: ["pem", "der", "crt", "cer"], detail: "The file is not an X.509 certificate: \(error.reason)")
        }
    }
}
