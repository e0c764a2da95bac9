import SEITSMService
import ServiceKit

/// `sei-tsm --config FILE`: the issuer's TSM.
@main
enum SEITSMMain {
    static func main() async {
        await ServiceExecutable<SEITSM>.main()
    }
}
