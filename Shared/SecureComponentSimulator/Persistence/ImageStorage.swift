import Synchronization

/// Where power goes away while a card stores a change.
public struct WriteCut: Hashable, Sendable {
    public enum Point: Hashable, Sendable {
        /// Nothing of the new state is written.
        case before
        /// So many bytes of the new file are written, at most all but one.
        case during(bytes: Int)
        /// The new file is whole and stands beside the old one.
        case complete
        /// The new file has replaced the old one.
        case after
    }

    /// Which of the command's writes, from 0. Nearly all commands have one or none.
    public var write: Int
    public var point: Point

    public init(write: Int = 0, _ point: Point) {
        self.write = write
        self.point = point
    }
}

/// Why an image was not stored, or not for sure.
enum StorageFailure: Error {
    case unwritable(SimulatorError)
    case powerLost
}

/// What is stored of a card: the state that a refused command falls back to and that loss of power leaves.
/// It is shared by reference, so that a command can store something before its end.
final class ImageStorage: Sendable {
    private struct State {
        var stored: CardImage
        var cut: WriteCut?
        var writes = 0
    }

    private let file: CardFile?
    private let state: Mutex<State>

    /// - Parameter stored: what the file holds already.
    init(file: CardFile?, stored: CardImage) {
        self.file = file
        state = Mutex(State(stored: stored))
    }

    var stored: CardImage { state.withLock { $0.stored } }

    /// A command begins; power goes away at `cut`, if the command gets there.
    func beginCommand(_ cut: WriteCut?) {
        state.withLock { state in
            state.cut = cut
            state.writes = 0
        }
    }

    func store(_ image: CardImage) throws(StorageFailure) {
        let result = state.withLock { state -> Result<Void, StorageFailure> in
            let cut = state.cut?.write == state.writes ? state.cut?.point : nil
            state.writes += 1
            do throws(SimulatorError) { try file?.save(image, until: cut) } catch { return .failure(.unwritable(error)) }
            if cut == nil || cut == .after { state.stored = image }
            return cut == nil ? .success(()) : .failure(.powerLost)
        }
        try result.get()
    }
}
