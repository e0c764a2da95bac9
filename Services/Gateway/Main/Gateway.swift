import GatewayService
import ServiceKit

@main
enum Main {
    static func main() async { await ServiceExecutable<Gateway>.main() }
}
