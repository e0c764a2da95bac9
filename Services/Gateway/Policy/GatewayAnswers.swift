import HTTP2

/// Answers of the gateway's own, each in the form of the API that the caller speaks: GeneralError (TR-03165 4.1.5) or problem document (RFC 9457).
enum GatewayAnswers {
    static func unavailable(_ plane: GatewayConfiguration.Plane) -> LocalResponse {
        switch plane {
        case .provider: generalError(500, 2000, "Internal server error: the TSM is currently not available, try again later.")
        case .handset: problem(503, "tsmNotAvailable", "TSM not available: the TSM cannot be reached just now; try again later", category: 1)
        }
    }

    static func notFound(_ plane: GatewayConfiguration.Plane) -> LocalResponse {
        plane == .provider ? LocalResponse(status: 404) : problem(404, "notFound", "there is nothing at this path")
    }

    static func badPath(_ plane: GatewayConfiguration.Plane) -> LocalResponse {
        switch plane {
        case .provider: generalError(400, 1002, "Invalid request: the path is not written plainly.")
        case .handset: problem(400, "invalidRequest", "the path is not written plainly")
        }
    }

    /// Whether the body announced its length or was found to go on beyond the limit.
    static func tooLarge(_ plane: GatewayConfiguration.Plane, _ maximum: Int) -> LocalResponse {
        switch plane {
        case .provider: generalError(400, 1002, "Invalid request: the request body is longer than \(maximum) bytes.")
        case .handset: problem(413, "bodyTooLarge", "the body is longer than \(maximum) bytes")
        }
    }

    static func misdirected(_ plane: GatewayConfiguration.Plane) -> LocalResponse {
        plane == .provider ? LocalResponse(status: 421) : problem(421, "misdirected", "this server does not serve the host that the request names")
    }

    private static func generalError(_ status: Int, _ category: Int, _ message: String) -> LocalResponse {
        json(status, "application/json", "{\"errorCategory\":\(category),\"errorMessage\":\"\(message)\"}")
    }

    private static func problem(_ status: Int, _ code: String, _ detail: String, category: Int? = nil) -> LocalResponse {
        let member = category.map { ",\"executionStatus\":\"\($0)\"" } ?? ""
        return json(status, "application/problem+json", "{\"type\":\"about:blank\",\"title\":\"\(code)\",\"status\":\(status),\"code\":\"\(code)\",\"detail\":\"\(detail)\"\(member)}")
    }

    private static func json(_ status: Int, _ type: String, _ text: String) -> LocalResponse {
        LocalResponse(status: status, headers: [("content-type", type)], body: Array(text.utf8))
    }
}
