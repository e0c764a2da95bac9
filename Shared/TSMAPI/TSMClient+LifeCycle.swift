import TrustedServiceModel

/// What is done to an instance that is deployed.
extension TSMClient {
    /// 4.2.5.4: another Version in place of the one that is deployed.
    ///
    /// - Parameter newVersion: a concrete tag.
    public func updateService(serviceInstanceId: String, newVersion: String, serviceCommands: [ServiceCommand], finalizeDeployment: Bool,
                              listener: (any ProcessListener)? = nil) async -> UpdateServiceResult {
        let began = now()
        do throws(TSMFailure) {
            let path = try Self.path(serviceInstanceId, "updates")
            guard case .updated(let result) = try await dialog(path, listener, {
                HandsetAPI.UpdateRequest(newVersion: newVersion, serviceCommands: serviceCommands, finalizeDeployment: finalizeDeployment, handshake: $0)
            }) else { throw Self.foreignResult }
            return result
        } catch {
            return notStarted(error, serviceCommands, began)
        }
    }

    /// 4.2.5.5: locks the instance's applications, or unlocks them.
    ///
    /// - Parameter suspensionControl: true: suspend; false: resume. Repeating is no error.
    public func suspendOrResumeService(serviceInstanceId: String, suspensionControl: Bool, listener: (any ProcessListener)? = nil) async -> SuspendOrResumeResult {
        let began = now()
        do throws(TSMFailure) {
            let path = try Self.path(serviceInstanceId, "suspensions")
            guard case .suspendedOrResumed(let result) = try await dialog(path, listener, {
                HandsetAPI.SuspensionRequest(suspensionControl: suspensionControl, handshake: $0)
            }) else { throw Self.foreignResult }
            return result
        } catch {
            return SuspendOrResumeResult(processInfo: info(error, began))
        }
    }
}
