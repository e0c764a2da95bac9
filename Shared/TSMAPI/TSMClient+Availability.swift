import TrustedServiceModel

/// Checks before a deployment or an update. Nothing changes on the secure component.
extension TSMClient {
    /// 4.2.5.7: the newest Version that matches and that a secure component of this handset can take.
    ///
    /// - Parameter version: a tag, or a pattern `a.b.x`, `a.x.x`, `x.x.x`.
    public func checkServiceDeploymentAvailable(serviceId: String, version: String) async -> ServiceDeploymentAvailableResult {
        do throws(TSMFailure) {
            guard case .deploymentAvailable(let result) = try await dialog("/service-deployment-checks", nil, {
                HandsetAPI.DeploymentCheckRequest(serviceId: serviceId, version: version, handshake: $0)
            }) else { throw Self.foreignResult }
            return result
        } catch {
            return ServiceDeploymentAvailableResult(executionStatus: error.category, executionMessage: error.executionMessage)
        }
    }

    /// 4.2.5.8: the newest Version that matches, is newer than the instance's, and that its secure component can take.
    ///
    /// - Parameter newVersion: a tag, or a pattern `a.b.x`, `a.x.x`, `x.x.x`.
    public func checkServiceUpdateAvailable(serviceInstanceId: String, newVersion: String) async -> ServiceUpdateAvailableResult {
        do throws(TSMFailure) {
            let path = try Self.path(serviceInstanceId, "update-checks")
            guard case .updateAvailable(let result) = try await dialog(path, nil, { HandsetAPI.UpdateCheckRequest(newVersion: newVersion, handshake: $0) }) else {
                throw Self.foreignResult
            }
            return result
        } catch {
            return ServiceUpdateAvailableResult(executionStatus: error.category, executionMessage: error.executionMessage)
        }
    }
}
