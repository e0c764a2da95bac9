import Testing

/// Cards in PC/SC readers: pcscd, vpcd, and programs that others wrote. `make test-card` runs these by themselves.
@Suite("Cards in readers", .enabled(if: Tools.obstacle == nil, "\(Tools.obstacle ?? "")"), .serialized, .daemon)
enum InReaders {}
