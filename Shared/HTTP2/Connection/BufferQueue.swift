import NIOCore

/// Body bytes on their way: first in, first out, cut at will, without copying.
struct BufferQueue {
    private var buffers: [ByteBuffer] = []
    private var start = 0
    private(set) var readableBytes = 0

    var isEmpty: Bool { readableBytes == 0 }

    mutating func append(_ buffer: ByteBuffer) {
        guard buffer.readableBytes > 0 else { return }
        readableBytes += buffer.readableBytes
        buffers.append(buffer)
    }

    /// Moves `count` bytes, of which there are enough, to the end of `target`.
    mutating func move(_ count: Int, to target: inout ByteBuffer) {
        var rest = count
        while rest > 0, start < buffers.count {
            let available = buffers[start].readableBytes
            if available <= rest {
                target.writeBuffer(&buffers[start])
                rest -= available
                dropFirst()
            } else {
                buffers[start].withUnsafeReadableBytes { _ = target.writeBytes(UnsafeRawBufferPointer(rebasing: $0[..<rest])) }
                buffers[start].moveReaderIndex(forwardBy: rest)
                rest = 0
            }
        }
        readableBytes -= count - rest
    }

    mutating func removeAll() {
        buffers.removeAll()
        start = 0
        readableBytes = 0
    }

    private mutating func dropFirst() {
        start += 1
        if start == buffers.count {
            buffers.removeAll(keepingCapacity: true)
            start = 0
        } else {
            buffers[start - 1] = ByteBuffer()
        }
    }
}
