import Identity
import TrustedServiceModel

/// Certificates (TR-03165 4.1.6.8)
enum CertificateOperations {
    static let all: [ProviderOperation] = [
        .read("listCerts", "/certificates") { catalogue, _ in .json(try catalogue.list(Certificate.self)) },
        .write("createCertAndUploadBinary", .post, "/certificates", .upload(.certificate)) { catalogue, input in .json(try create(input, catalogue)) },
        .read("getCert", "/certificates/{certificateId}") { catalogue, input in .json(try find(input, catalogue)) },
        .write("modifyCertAndOverwriteBinary", .put, "/certificates/{certificateId}", .upload(.certificate)) { catalogue, input in
            .json(try modify(try find(input, catalogue), input, catalogue))
        },
        .write("deleteCert", .delete, "/certificates/{certificateId}", .none) { catalogue, input in
            let certificate = try find(input, catalogue)
            guard try configs(using: certificate, catalogue).isEmpty else { throw GeneralError.referenced("Certificate", in: "ApplicationConfig") }
            guard try sposConfigs(using: certificate, catalogue).isEmpty else { throw GeneralError.referenced("Certificate", in: "SposConfig") }
            try catalogue.deleteUpload(of: certificate.id)
            try catalogue.delete(Certificate.self, certificate.id)
            return .noContent
        },
        .read("getCertBinary", "/certificates/{certificateId}/binary") { catalogue, input in
            let certificate = try find(input, catalogue)
            return .binary(try catalogue.upload(of: certificate.id), fileName: certificate.fileName)
        },
        .read("listCertRelatedAppConfigs", "/certificates/{certificateId}/application-configs") { catalogue, input in
            .json(try configs(using: try find(input, catalogue), catalogue))
        },
        .read("listCertRelatedFlavors", "/certificates/{certificateId}/flavors") { catalogue, input in
            let certificate = try find(input, catalogue)
            return .json(try catalogue.select(Flavor.self, where: """
                e.id IN (SELECT i.flavor_id FROM instantiation i JOIN application_config a ON a.id = i.application_config_id WHERE a.certificate_id = ?)
                """, [certificate.id]))
        },
        // A Service uses a certificate through an application or through its SPOS.
        .read("listCertRelatedServices", "/certificates/{certificateId}/services") { catalogue, input in
            let certificate = try find(input, catalogue)
            return .json(try catalogue.select(Service.self, where: """
                e.id IN (SELECT f.service_id FROM flavor f JOIN instantiation i ON i.flavor_id = f.id
                         JOIN application_config a ON a.id = i.application_config_id WHERE a.certificate_id = ?)
                OR e.spos_config_id IN (SELECT id FROM spos_config WHERE certificate_id = ?)
                """, [certificate.id, certificate.id]))
        },
        .read("listCertRelatedSposConfigs", "/certificates/{certificateId}/spos-configs") { catalogue, input in
            .json(try sposConfigs(using: try find(input, catalogue), catalogue))
        },
    ]

    private static func find(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> Certificate {
        try catalogue.find(Certificate.self, input["certificateId"])
    }

    private static func configs(using certificate: Certificate, _ catalogue: TenantCatalogue) throws -> [ApplicationConfig] {
        try catalogue.select(ApplicationConfig.self, where: "e.certificate_id = ?", [certificate.id])
    }

    private static func sposConfigs(using certificate: Certificate, _ catalogue: TenantCatalogue) throws -> [SposConfig] {
        try catalogue.select(SposConfig.self, where: "e.certificate_id = ?", [certificate.id])
    }

    private static func create(_ input: OperationInput, _ catalogue: TenantCatalogue) throws -> Certificate {
        let file = try UploadedFile(input.parts, as: .certificate, limit: catalogue.environment.limits.certificate, fileNeeded: true)
        guard let content = file.content else { throw GeneralError.missingFile }
        try check(content)
        let now = catalogue.environment.timestamp()
        let certificate = Certificate(id: catalogue.environment.identifier(), spId: catalogue.owner,
                                      fileName: file.fileName ?? UploadKind.certificate.standardFileName, creationDate: now, uploadDate: now)
        try catalogue.insert(certificate)
        try catalogue.storeUpload(content, for: certificate.id)
        return certificate
    }

    private static func modify(_ stored: Certificate, _ input: OperationInput, _ catalogue: TenantCatalogue) throws -> Certificate {
        let file = try UploadedFile(input.parts, as: .certificate, limit: catalogue.environment.limits.certificate, fileNeeded: false)
        var certificate = stored
        if let name = file.fileName { certificate.fileName = name }
        if let content = file.content {
            try check(content)
            certificate.uploadDate = catalogue.environment.timestamp()
            try catalogue.storeUpload(content, for: certificate.id)
        }
        try catalogue.update(certificate)
        return certificate
    }

    /// One or more X.509 certificates in PEM, or one in DER; never a private key.
    private static func check(_ content: [UInt8]) throws(GeneralError) {
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
