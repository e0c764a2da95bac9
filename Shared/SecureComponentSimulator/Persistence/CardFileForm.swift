import Cryptography
import Foundation
import GlobalPlatform

/// The form of a card's file: the image as JSON, whose first member is the SHA-256 of all that follows it. What was torn or altered is not taken for a card.
enum CardFileForm {
    private static let opening = Array("{\"checksum\":\"".utf8)
    private static let closing = Array("\",".utf8)
    private static let digits = 64

    /// - Throws: `fileUnwritable`.
    static func bytes(of image: CardImage) throws(SimulatorError) -> [UInt8] {
        let content: ArraySlice<UInt8>
        do { content = [UInt8](try JSONEncoder().encode(image)).dropFirst() } catch {
            throw SimulatorError(.fileUnwritable, "the card's image cannot be encoded: \(error)")
        }
        return opening + Array(try checksum(content).utf8) + closing + content
    }

    /// - Throws: `fileInvalid` for what is no image, torn, altered, of another format, or in contradiction with itself.
    static func image(in bytes: [UInt8], from path: String) throws(SimulatorError) -> CardImage {
        let head = opening.count + digits + closing.count
        guard bytes.count > head, bytes.starts(with: opening), bytes[(head - closing.count)..<head].elementsEqual(closing) else {
            throw SimulatorError(.fileInvalid, "\(path) is not a simulated card, or one of an earlier version: make the card anew")
        }
        let content = bytes[head...]
        guard Array(try checksum(content).utf8) == Array(bytes[opening.count..<opening.count + digits]) else {
            throw SimulatorError(.fileInvalid, "\(path) is torn or was altered: its checksum is wrong. Take a copy of the card, or make it anew")
        }
        let image: CardImage
        do {
            image = try JSONDecoder().decode(CardImage.self, from: Data([0x7B] + content))
        } catch let error as DecodingError {
            throw SimulatorError(.fileInvalid, "\(path) is not a simulated card: \(error.explanation)")
        } catch {
            throw SimulatorError(.fileInvalid, "\(path) is not a simulated card: \(error)")
        }
        guard image.format == CardImage.currentFormat else { throw SimulatorError(.fileInvalid, "\(path) has format \(image.format), not \(CardImage.currentFormat)") }
        if let reason = image.inconsistency { throw SimulatorError(.fileInvalid, "\(path): \(reason)") }
        return image
    }

    private static func checksum(_ content: ArraySlice<UInt8>) throws(SimulatorError) -> String {
        do { return Hex.encode(try HashFunction.sha256.digest(of: Array(content))) } catch { throw SimulatorError(.fileInvalid, error.description) }
    }
}
