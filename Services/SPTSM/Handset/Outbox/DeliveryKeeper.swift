import Logging
import ServiceLifecycle

/// Delivers while the service runs: at once when a process has ended, and each second what was put off.
struct DeliveryKeeper: ServiceLifecycle.Service {
    let delivery: ResultDelivery
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                let (turns, again) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
                group.addTask { for await _ in delivery.outbox.rings { again.yield() } }
                group.addTask {
                    // Ends with the task: then the turns end as well.
                    while (try? await Task.sleep(for: .seconds(1))) != nil { again.yield() }
                    again.finish()
                }
                group.addTask { await report() }
                again.yield()
                for await _ in turns {
                    do {
                        for service in try await delivery.dueServices() {
                            group.addTask {
                                // More of the same provider may have had to wait.
                                if await delivery.deliver(service) > 0 { again.yield() }
                            }
                        }
                    } catch {
                        logger.error("the outbox cannot be read", metadata: ["error": "\(error)"])
                    }
                }
            }
        }
    }

    private func report() async {
        repeat {
            do {
                delivery.figures.stands(try await delivery.outbox.standing(), now: delivery.environment.now().timeIntervalSince1970)
            } catch {
                logger.error("the outbox cannot be read", metadata: ["error": "\(error)"])
            }
        } while (try? await Task.sleep(for: .seconds(15))) != nil
    }
}
