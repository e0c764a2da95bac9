/// The interface's OpenAPI document as it is served: `docs/sei-api.yaml`, embedded when the service is built.
public enum APIDescription {
    public static let text = String(decoding: PackageResources.sei_api_yaml, as: UTF8.self)
}
