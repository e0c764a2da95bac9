extension KeyedDecodingContainer {
    /// The value under a key, or a default when the key is absent; a key with a wrong value is an error all the same.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self, forKey key: Key, default value: @autoclosure () -> Value) throws -> Value {
        try decodeIfPresent(type, forKey: key) ?? value()
    }
}
