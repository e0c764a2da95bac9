/// The texts of one kind of element, from XML that is well-formed as far as its tags go. No entities are resolved, nothing is fetched.
enum XMLTexts {
    struct Malformed: Error, CustomStringConvertible {
        let description: String
    }

    private static let maximumDepth = 64
    /// Comments, literal text, processing instructions, declarations.
    private static let passedOver: [(start: String, end: String)] = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")]

    static func read(_ bytes: [UInt8], element wanted: String) throws(Malformed) -> [String] {
        guard let document = String(validating: bytes, as: UTF8.self) else { throw Malformed(description: "it is not UTF-8") }
        var rest = Substring(document)
        if rest.first == "\u{FEFF}" { rest = rest.dropFirst() }
        var open: [Substring] = []
        var texts: [String] = []
        var text = ""
        var hasRoot = false
        while let start = rest.firstIndex(of: "<") {
            text += rest[..<start]
            rest = rest[start...]
            if let (start, end) = passedOver.first(where: { rest.hasPrefix($0.start) }) {
                guard let range = rest.dropFirst(start.count).firstRange(of: end) else { throw Malformed(description: "'\(start)' has no end") }
                rest = rest[range.upperBound...]
                continue
            }
            let tag = try tag(&rest)
            let name = tag.drop { $0 == "/" }.prefix { !$0.isWhitespace && $0 != "/" }
            guard !name.isEmpty else { throw Malformed(description: "a tag has no name") }
            if tag.hasPrefix("/") {
                guard open.popLast() == name else { throw Malformed(description: "</\(name.prefix(40))> closes what is not open") }
                if name == wanted { texts.append(text.trimmed) }
            } else {
                guard !open.isEmpty || !hasRoot else { throw Malformed(description: "there is more than one outermost element") }
                hasRoot = true
                if !tag.hasSuffix("/") { open.append(name) }
                guard open.count <= maximumDepth else { throw Malformed(description: "elements are nested more than \(maximumDepth) deep") }
            }
            text = ""
        }
        guard hasRoot, open.isEmpty else { throw Malformed(description: open.last.map { "<\($0.prefix(40))> is not closed" } ?? "there is no element") }
        return texts
    }

    /// What is between `<` and `>`; quoted values may hold `>`.
    private static func tag(_ rest: inout Substring) throws(Malformed) -> Substring {
        var quote: Character?
        for index in rest.indices.dropFirst() {
            let character = rest[index]
            if let open = quote {
                if character == open { quote = nil }
            } else if character == "\"" || character == "'" {
                quote = character
            } else if character == ">" {
                defer { rest = rest[rest.index(after: index)...] }
                return rest[rest.index(after: rest.startIndex)..<index]
            } else if character == "<" {
                break
            }
        }
        throw Malformed(description: "a tag has no end")
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = Substring(self)
        while text.first?.isWhitespace == true { text = text.dropFirst() }
        while text.last?.isWhitespace == true { text = text.dropLast() }
        return String(text)
    }
}
