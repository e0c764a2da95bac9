extension StatusWord {
    /// What the card means, in a sentence a person can act on; `ins` makes it specific to the command that was answered.
    public func explanation(ins: UInt8? = nil) -> String {
        if let ins, let specific = specificExplanation(ins) { return specific }
        return generalExplanation
    }

    private func specificExplanation(_ ins: UInt8) -> String? {
        switch (ins, self) {
        case (Instruction.select, .applicationNotFound): "no application or security domain with this AID is on the card"
        case (Instruction.select, .selectedLocked): "selected, but the card or the selected application is locked"
        case (Instruction.select, .functionNotSupported): "the application is locked or cannot be selected on this channel"
        case (Instruction.select, .appletSelectFailed): "the applet refused its own selection"
        case (Instruction.externalAuthenticate, .authenticationFailed): "the card refused the host's cryptogram: keys, key version or sequence counter differ from the card's"
        case (Instruction.externalAuthenticate, .securityStatusNotSatisfied): "the command's MAC is wrong or no INITIALIZE UPDATE came before it"
        case (Instruction.externalAuthenticate, .conditionsNotSatisfied): "no INITIALIZE UPDATE came before EXTERNAL AUTHENTICATE"
        case (Instruction.initializeUpdate, .referencedDataNotFound): "the security domain has no key set of the requested version"
        case (Instruction.initializeUpdate, .conditionsNotSatisfied): "the sequence counter of the key set is exhausted, or the security domain accepts no session now"
        case (Instruction.initializeUpdate, .authenticationMethodBlocked): "the card has blocked the key set after too many failed authentications"
        case (Instruction.install, .incorrectData): "the card refused the INSTALL parameters: AID in use, unknown module, privileges or parameters not acceptable"
        case (Instruction.install, .referencedDataNotFound): "the load file, module, application or security domain named by INSTALL is not on the card"
        case (Instruction.install, .conditionsNotSatisfied): "INSTALL does not fit the present state or privileges of the card's objects"
        case (Instruction.install, .notEnoughMemory): "not enough memory, or the security domain's quota is used up"
        case (Instruction.load, .notEnoughMemory): "not enough memory for the load file, or the security domain's quota is used up"
        case (Instruction.load, .conditionsNotSatisfied): "the load file was refused: no INSTALL [for load], wrong block order, hash or imports"
        case (Instruction.delete, .conditionsNotSatisfied): "the object cannot be deleted because others still refer to it"
        case (Instruction.delete, .referencedDataNotFound), (Instruction.delete, .applicationNotFound): "the object to delete is not on the card"
        case (Instruction.putKey, .securityStatusNotSatisfied), (Instruction.putKey, .invalidKeyCheckValue): "the card computed another key check value, or the session is not authorised"
        case (Instruction.putKey, .referencedDataNotFound): "the key set to replace is not in the security domain"
        case (Instruction.putKey, .notEnoughMemory): "no room for another key set in the security domain"
        case (Instruction.getStatus, .referencedDataNotFound): "no object on the card matches the search"
        case (Instruction.getData, .referencedDataNotFound): "the card does not have the requested data object"
        case (Instruction.setStatus, .conditionsNotSatisfied): "the life-cycle transition is not allowed from the present state"
        case (Instruction.storeData, .referencedDataNotFound): "the application does not know the data it was given"
        case (Instruction.storeData, .ruleConflict): "the access rule conflicts with a stored one"
        default: nil
        }
    }

    private var generalExplanation: String {
        switch self {
        case .success: return "done"
        case .selectedLocked: return "the selected application or the card is locked"
        case .responseTruncated: return "the response was cut short"
        case .authenticationFailed: return "authentication failed"
        case .moreDataAvailable: return "more data is available"
        case .ruleAlreadyExists: return "the access rule exists already"
        case .unknownRuleObject: return "an unknown data object of the access rule was ignored"
        case .noSpecificDiagnosis: return "the card gives no diagnosis"
        case .memoryFailure: return "the card's memory failed"
        case .wrongLength: return "the command's length is wrong"
        case .logicalChannelNotSupported: return "the logical channel is not supported or not open"
        case .secureMessagingNotSupported: return "secure messaging is not supported here"
        case .securityStatusNotSatisfied: return "the security conditions are not met: no secure channel, wrong MAC or missing privilege"
        case .authenticationMethodBlocked: return "the authentication method is blocked"
        case .referencedDataInvalidated: return "the data changed while it was read; read it again"
        case .conditionsNotSatisfied: return "the conditions of use are not satisfied"
        case .incorrectSecureMessagingData: return "the secure messaging data is wrong"
        case .appletSelectFailed: return "the applet refused its selection"
        case .incorrectData: return "the command's data is not acceptable"
        case .functionNotSupported: return "the function is not supported"
        case .applicationNotFound: return "the application or file was not found"
        case .notEnoughMemory: return "not enough memory space"
        case .incorrectP1P2: return "P1 or P2 is not acceptable"
        case .referencedDataNotFound: return "the referenced data was not found"
        case .ruleConflict: return "the access rule conflicts with a stored one"
        case .instructionNotSupported: return "the instruction is not supported"
        case .classNotSupported: return "the class is not supported"
        case .uncaughtException: return "the applet ended with an exception that it did not handle"
        case .algorithmNotSupported: return "the algorithm is not supported"
        case .invalidKeyCheckValue: return "the key check value is wrong"
        default: break
        }
        if let count = bytesAvailable { return "\(count) more bytes wait for GET RESPONSE" }
        if let count = correctLength { return "the command is to be repeated with Le \(count)" }
        if let count = retriesLeft { return "\(count) tries are left" }
        switch sw1 {
        case 0x62, 0x63: return "warning \(self)"
        case 0x64, 0x65, 0x66: return "execution error \(self)"
        default: return "refused with \(self)"
        }
    }
}
