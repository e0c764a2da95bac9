/// The interface's OpenAPI document as it is served; `docs/sei-api.yaml` is the same text, for readers.
public enum APIDescription {
    public static let text = #"""
        openapi: 3.0.3
        info:
          title: SEI TSM interface
          version: "1.0"
          description: |
            What a service provider's TSM (SP TSM) asks of an issuer of secure components, and what the issuer's TSM (SEI TSM) answers.
            Any issuer may implement it; the SP TSM makes no difference between implementations.

            **Trust.** Every request is mutual TLS. The caller is the identity of its client certificate (SPIFFE ID in the URI SAN, or DNS SAN);
            what it may do is in its contract with the issuer: profiles, transport keys, AID prefixes. Eligibility checks, dialogs and security
            domains belong to the SP TSM that began them; to all others they behave as if they did not exist.

            **Relay.** The issuer never speaks to a handset. It hands out C-APDUs, which the SP TSM relays to the component that this issuer
            proved, and verifies the R-APDUs that come back: card cryptogram, every status word, every R-MAC in order. All scripts are wrapped
            with SCP03 at security level 03 or higher; the SP TSM cannot read or change them.

            **How APDUs are run.** In order, and only as long as the card answers 9000, 62xx, 6310 or 63Cx. At any other status word the whole
            order stops, and the responses so far, the last one included, are reported. A SELECT opens the logical channel that the
            commands after it use; commands that do not begin with SELECT go to the channel of the session that they continue.

            **A session** is one SCP03 session with the issuer security domain (ISD). With a sequence counter that the SP TSM has just read
            from the card (GET DATA 00C1) and pseudo-random card challenges (`scpParameter` bit 10), every session of a dialog is wrapped at once
            and may run in one order, with sessions of the SP TSM's own between them. Otherwise a session takes two steps: SELECT and INITIALIZE
            UPDATE first; the results bring EXTERNAL AUTHENTICATE and the rest. After a challenge that was not the foreseen one
            nothing has taken effect, and the answer to the results begins the same session with the card's challenge instead.
            So the rule for an SP TSM is: as long as the dialog is `open`, relay the `commands` of the first session that is `ready`, and submit what comes back.

            **First keys** of a new security domain are made by the issuer (mode BASIC_RANDOM_CREATE), fresh for each attempt, and handed over wrapped under a transport key
            that both have exchanged before. The SP TSM replaces them in its first session with the domain.

            Bytes are lower-case hexadecimal strings. Times are UTC, ISO 8601 with milliseconds and `Z`. IDs are opaque; ours are UUIDs in lower case.
            Errors are problem documents (RFC 9457) whose `code` is stable.
          license:
            name: Apache-2.0
            url: https://www.apache.org/licenses/LICENSE-2.0
        servers:
          - url: /sei/v1
        tags:
          - name: eligibility
            description: Which component is it, is it genuine, may it be used.
          - name: dialogs
            description: Sessions with the issuer security domain.
          - name: reference data
            description: Components and transport keys.
          - name: operator
            description: |
              The issuer's own operator, by another identity than the SP TSMs'. Not part of the interface between SP TSM and issuer: an issuer with
              another inventory leaves these out.
        paths:
          /eligibility:
            post:
              tags: [eligibility]
              operationId: beginEligibility
              summary: Begin an eligibility check
              description: |
                The component is looked up by what the handset read of it without authentication. The answer holds the C-APDUs that prove it: SELECT of
                the ISD, keyless reads, and INITIALIZE UPDATE with a host challenge of the issuer. The check serves once and expires.
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: "#/components/schemas/EligibilityRequest" }
              responses:
                "200":
                  description: What to run on the component.
                  content:
                    application/json:
                      schema: { $ref: "#/components/schemas/EligibilityChallenge" }
                "400": { $ref: "#/components/responses/BadRequest" }
                "403": { $ref: "#/components/responses/Forbidden" }
                "404":
                  description: "`unknownSecureComponent`: not in the inventory, or of a profile that is not in the caller's contract."
                  content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
                "503": { $ref: "#/components/responses/Unavailable" }
          /eligibility/{id}/evidence:
            parameters:
              - { $ref: "#/components/parameters/EligibilityId" }
            post:
              tags: [eligibility]
              operationId: submitEvidence
              summary: Submit the component's answers
              description: |
                Verifies the card cryptogram against the keys that the issuer has for this component, and, where challenges are pseudo-random, that
                the challenge follows from the sequence counter; then compares the keyless reads with the inventory. A component that is proven but may not be used
                (blocked, or not as the inventory says) gets a verdict with `eligible` false. A wrong cryptogram is an error. The same evidence again gets the same
                verdict and changes nothing.
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: "#/components/schemas/Evidence" }
              responses:
                "200":
                  description: The verdict.
                  content:
                    application/json:
                      schema: { $ref: "#/components/schemas/EligibilityVerdict" }
                "400":
                  description: "`invalidRequest`: not the answers to this check's commands, answered before with other evidence or without a verdict, or expired."
                  content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
                "403": { $ref: "#/components/responses/Forbidden" }
                "404": { $ref: "#/components/responses/NotFound" }
                "422":
                  description: "`cardCryptogramMismatch`: the component does not hold the issuer's keys. `notEligible`: it refused SELECT or INITIALIZE UPDATE."
                  content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
                "503": { $ref: "#/components/responses/Unavailable" }
          /dialogs:
            post:
              tags: [dialogs]
              operationId: openDialog
              summary: Open a dialog with a component
              description: |
                Plans the operations of each session and answers with the scripts that can be wrapped now, and with the first keys of every security domain that the
                dialog makes. A component has at most one open dialog; it ends when all sessions are verified or one has failed, when it is given up, or when
                nothing was heard of it for the time of its lease, or after its longest life (usually ten minutes), however often something was heard. The component
                must have proven itself to this SP TSM in an eligibility check with a positive verdict, not longer ago than the issuer's configuration says (usually
                24 hours).

                The same Idempotency-Key with the same body answers the same dialog, in its present state, and changes nothing.
              parameters:
                - name: Idempotency-Key
                  in: header
                  required: true
                  description: Chosen by the SP TSM for this attempt; 1 to 128 characters, unique among its dialogs.
                  schema: { type: string, minLength: 1, maxLength: 128 }
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: "#/components/schemas/DialogRequest" }
              responses:
                "200":
                  description: The dialog.
                  content:
                    application/json:
                      schema: { $ref: "#/components/schemas/Dialog" }
                "400":
                  description: "`invalidRequest`: malformed, too large, a counter for a component with random challenges, or an Idempotency-Key that came with another body."
                  content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
                "403":
                  description: |
                    `contractViolation`: an AID, transport key or security domain that is not the caller's, a security domain that exists already, or a component whose
                    security domains inherit their first keys (`firstKeys: inherited`), which this implementation does not support yet.
                    `componentBlocked`: the issuer has blocked the component. `forbidden`: no contract.
                  content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
                "404":
                  description: "`unknownSecureComponent`: not known, or it has not proven itself to this SP TSM lately."
                  content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
                "409":
                  description: "`dialogOpen`: another dialog with this component is under way."
                  headers:
                    Retry-After:
                      description: Seconds until the other dialog's lease ends, if nothing more is heard of it.
                      schema: { type: integer, minimum: 1 }
                  content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
                "503": { $ref: "#/components/responses/Unavailable" }
          /dialogs/{id}:
            parameters:
              - { $ref: "#/components/parameters/DialogId" }
            get:
              tags: [dialogs]
              operationId: dialog
              summary: The dialog's present state
              description: Does not renew the lease of an open dialog.
              responses:
                "200":
                  description: The dialog.
                  content:
                    application/json:
                      schema: { $ref: "#/components/schemas/Dialog" }
                "403": { $ref: "#/components/responses/Forbidden" }
                "404": { $ref: "#/components/responses/NotFound" }
                "503": { $ref: "#/components/responses/Unavailable" }
            delete:
              tags: [dialogs]
              operationId: abandonDialog
              summary: Give a dialog up
              description: |
                What was handed out may have run, or may still run: until a later session is verified, the issuer counts the component's content as not known.
                A dialog that has ended already stays as it is.
              responses:
                "204": { description: Given up, or ended before. }
                "403": { $ref: "#/components/responses/Forbidden" }
                "404": { $ref: "#/components/responses/NotFound" }
                "503": { $ref: "#/components/responses/Unavailable" }
          /dialogs/{id}/results:
            parameters:
              - { $ref: "#/components/parameters/DialogId" }
            post:
              tags: [dialogs]
              operationId: submitResults
              summary: Submit R-APDUs
              description: |
                Results of the first session that is not verified yet, for the `commands` that it last had. They are verified before any state changes. The answer is the dialog with
                what comes next: further `commands` of this session (`ready`), the next session, or the end. Identical results get the same answer again.
                Results after the end of a dialog are recorded and refused with `dialogClosed`.

                A card's error is no HTTP error: the dialog's `status` is then `failed`, and `failure` names the step, the status word in words and what to do.
                Status words that mean that the goal is reached already (DELETE of a domain that is not there, a rule that exists) stop the order but do not fail the
                session: it goes on in a new one.
              requestBody:
                required: true
                content:
                  application/json:
                    schema: { $ref: "#/components/schemas/SessionResults" }
              responses:
                "200":
                  description: The dialog.
                  content:
                    application/json:
                      schema: { $ref: "#/components/schemas/Dialog" }
                "400":
                  description: "`invalidRequest`: not this session's turn, more responses than commands, or responses that are no R-APDUs."
                  content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
                "403": { $ref: "#/components/responses/Forbidden" }
                "404": { $ref: "#/components/responses/NotFound" }
                "409":
                  description: "`dialogClosed`: the dialog has ended; the results were recorded."
                  content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
                "503": { $ref: "#/components/responses/Unavailable" }
          /secure-components/{id}:
            parameters:
              - { $ref: "#/components/parameters/ComponentId" }
            get:
              tags: [reference data]
              operationId: secureComponent
              summary: A component that has proven itself to the caller
              responses:
                "200":
                  description: The component.
                  content:
                    application/json:
                      schema: { $ref: "#/components/schemas/SecureComponent" }
                "403": { $ref: "#/components/responses/Forbidden" }
                "404": { $ref: "#/components/responses/NotFound" }
                "503": { $ref: "#/components/responses/Unavailable" }
          /transport-keys:
            get:
              tags: [reference data]
              operationId: transportKeys
              summary: Transport keys of the caller's contract
              description: By their check values both sides see that they hold the same keys. No key ever travels here.
              responses:
                "200":
                  description: The keys.
                  content:
                    application/json:
                      schema:
                        type: array
                        items: { $ref: "#/components/schemas/TransportKey" }
                "403": { $ref: "#/components/responses/Forbidden" }
                "503": { $ref: "#/components/responses/Unavailable" }
          /openapi.yaml:
            get:
              tags: [reference data]
              operationId: openapi
              summary: This document
              responses:
                "200":
                  description: The document.
                  content:
                    application/yaml:
                      schema: { type: string }
          /inventory:
            get:
              tags: [operator]
              operationId: listComponents
              summary: A page of the inventory, by ID
              parameters:
                - name: after
                  in: query
                  description: The `next` of the page before.
                  schema: { type: string }
                - name: limit
                  in: query
                  schema: { type: integer, minimum: 1, maximum: 1000, default: 100 }
              responses:
                "200":
                  description: The page.
                  content:
                    application/json:
                      schema: { $ref: "#/components/schemas/InventoryPage" }
                "400": { $ref: "#/components/responses/BadRequest" }
                "403": { $ref: "#/components/responses/Forbidden" }
            post:
              tags: [operator]
              operationId: addComponents
              summary: Add components
              description: |
                All or none. Components that are there already with the same data are left as they are; with other data they are an error.
              requestBody:
                required: true
                content:
                  application/json:
                    schema:
                      type: array
                      maxItems: 10000
                      items: { $ref: "#/components/schemas/InventoryEntry" }
              responses:
                "200":
                  description: How many were new.
                  content:
                    application/json:
                      schema:
                        type: object
                        required: [added, unchanged]
                        properties:
                          added: { type: integer }
                          unchanged: { type: integer }
                "400": { $ref: "#/components/responses/BadRequest" }
                "403": { $ref: "#/components/responses/Forbidden" }
          /inventory/{id}/block:
            parameters:
              - { $ref: "#/components/parameters/ComponentId" }
            post:
              tags: [operator]
              operationId: blockComponent
              summary: Block a component
              description: It stays known and is still proven, but is not eligible and gets no new dialog.
              responses:
                "200":
                  description: The component.
                  content:
                    application/json:
                      schema: { $ref: "#/components/schemas/InventoryComponent" }
                "403": { $ref: "#/components/responses/Forbidden" }
                "404": { $ref: "#/components/responses/NotFound" }
          /inventory/{id}/unblock:
            parameters:
              - { $ref: "#/components/parameters/ComponentId" }
            post:
              tags: [operator]
              operationId: unblockComponent
              summary: Release a component
              responses:
                "200":
                  description: The component.
                  content:
                    application/json:
                      schema: { $ref: "#/components/schemas/InventoryComponent" }
                "403": { $ref: "#/components/responses/Forbidden" }
                "404": { $ref: "#/components/responses/NotFound" }
          /journal/{subject}:
            parameters:
              - name: subject
                in: path
                required: true
                description: ID of a dialog or eligibility check.
                schema: { type: string }
            get:
              tags: [operator]
              operationId: journal
              summary: What was exchanged in a dialog or eligibility check
              description: Wrapped C-APDUs and R-APDUs with times and outcomes, in order. Empty for subjects that are not known.
              responses:
                "200":
                  description: The lines.
                  content:
                    application/json:
                      schema:
                        type: array
                        items: { $ref: "#/components/schemas/JournalLine" }
                "403": { $ref: "#/components/responses/Forbidden" }
        components:
          parameters:
            EligibilityId:
              name: id
              in: path
              required: true
              schema: { type: string }
            DialogId:
              name: id
              in: path
              required: true
              schema: { type: string }
            ComponentId:
              name: id
              in: path
              required: true
              description: "The issuer's ID of the component; ours is the hexadecimal form of IIN ‖ CIN."
              schema: { type: string }
          responses:
            BadRequest:
              description: "`invalidRequest`, with what is wrong and where."
              content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
            Forbidden:
              description: "`forbidden`: this identity may not do this."
              content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
            NotFound:
              description: "`notFound` or `unknownSecureComponent`: it does not exist, or it is somebody else's."
              content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
            Unavailable:
              description: "`unavailable`: store or key vault do not answer. Nothing was changed; the same request may be sent again."
              content: { application/problem+json: { schema: { $ref: "#/components/schemas/Problem" } } }
          schemas:
            Hex:
              type: string
              pattern: "^([0-9a-f]{2})*$"
              description: Bytes, lower-case hexadecimal.
            AID:
              type: string
              pattern: "^([0-9a-f]{2}){5,16}$"
              description: Application identifier, 5 to 16 bytes.
            Time:
              type: string
              format: date-time
              example: "2026-03-01T09:30:00.000Z"
            Counter:
              type: string
              pattern: "^[0-9a-f]{6}$"
              description: SCP03 sequence counter, three bytes.
            Problem:
              type: object
              required: [type, title, status, code]
              properties:
                type: { type: string }
                title: { type: string }
                status: { type: integer }
                detail: { type: string, description: "What happened and what to do, for people." }
                instance: { type: string }
                code:
                  type: string
                  enum: [notFound, notEligible, unknownSecureComponent, componentBlocked, cardCryptogramMismatch, contractViolation, dialogOpen, dialogClosed, invalidRequest, scriptFailed, forbidden, unreachable, unavailable, internalError]
                  description: |
                    For programs. `scriptFailed` is for issuers that refuse to go on after a failed script by an error instead of a failed dialog; `unreachable` is used by clients
                    only, where no answer came.
            EligibilityRequest:
              type: object
              required: [claim]
              properties:
                claim: { $ref: "#/components/schemas/ComponentClaim" }
            ComponentClaim:
              type: object
              description: The component as the handset names it; nothing of it is believed until it is proven.
              properties:
                issuerIdentificationNumber: { allOf: [{ $ref: "#/components/schemas/Hex" }], description: "Value of GP tag 42 (IIN)." }
                cardImageNumber: { allOf: [{ $ref: "#/components/schemas/Hex" }], description: "Value of GP tag 45 (CIN)." }
            EligibilityChallenge:
              type: object
              required: [eligibilityId, issuerSecurityDomain, commands, expiresAt]
              properties:
                eligibilityId: { type: string }
                issuerSecurityDomain: { $ref: "#/components/schemas/AID" }
                commands:
                  type: array
                  description: C-APDUs, in the order in which their R-APDUs come back. What not every card answers comes after INITIALIZE UPDATE.
                  items: { $ref: "#/components/schemas/Hex" }
                expiresAt: { $ref: "#/components/schemas/Time" }
            Evidence:
              type: object
              required: [responses]
              properties:
                responses:
                  type: array
                  description: R-APDUs, one for each command; those after INITIALIZE UPDATE may be missing.
                  items: { $ref: "#/components/schemas/Hex" }
            EligibilityVerdict:
              type: object
              required: [eligible]
              properties:
                eligible: { type: boolean }
                reason: { type: string, description: "For people, where not eligible." }
                secureComponent:
                  allOf: [{ $ref: "#/components/schemas/SecureComponent" }]
                  description: Present once the card's cryptogram is proven, eligible or not.
            FirstKeys:
              type: string
              enum: [storeData, inherited]
              description: How first keys come into a new security domain; STORE DATA of DGI 00B9 and 8113 in the ISD's session, or PUT KEY under the ISD's keys.
            SecureComponent:
              type: object
              required: [id, profileId, issuerSecurityDomain, keyVersionNumber, scpParameter, keyLength, keyDiversificationData, firstKeys, blocked]
              properties:
                id: { type: string, description: "The issuer's ID of the component, stable for its life." }
                profileId: { type: string }
                issuerSecurityDomain: { $ref: "#/components/schemas/AID" }
                keyVersionNumber: { type: integer, minimum: 1, maximum: 127, description: "Key version number of the ISD's keys." }
                scpParameter: { type: integer, minimum: 0, maximum: 255, description: "SCP03 i of the ISD and of new security domains." }
                keyLength: { type: integer, enum: [16, 24, 32], description: "Bytes of each AES key of new security domains." }
                keyDiversificationData: { $ref: "#/components/schemas/Hex" }
                sequenceCounter:
                  allOf: [{ $ref: "#/components/schemas/Counter" }]
                  description: Counter of the ISD's key set as last proven; absent where challenges are random.
                firstKeys: { $ref: "#/components/schemas/FirstKeys" }
                accessRuleApplication:
                  allOf: [{ $ref: "#/components/schemas/AID" }]
                  description: The access rule application (ARA-M); absent where the component enforces no rules.
                blocked: { type: boolean }
            DialogRequest:
              type: object
              required: [secureComponentId, process, sessions]
              properties:
                secureComponentId: { type: string }
                process: { type: string, maxLength: 128, description: "The SP TSM's process, for both logs." }
                sequenceCounter:
                  allOf: [{ $ref: "#/components/schemas/Counter" }]
                  description: A fresh reading of the ISD's counter, not yet incremented. Makes all sessions predicted; absent, the issuer waits for the card's challenge, session by session.
                sessions:
                  type: array
                  minItems: 1
                  description: Operations by session, in order. Every session ends with a proof (GET STATUS under R-MAC).
                  items:
                    type: array
                    minItems: 1
                    items: { $ref: "#/components/schemas/Operation" }
            Operation:
              type: object
              minProperties: 1
              maxProperties: 1
              description: One member, named for the operation.
              properties:
                createSecurityDomain:
                  type: object
                  description: |
                    A security domain with AuthorizedManagement and TrustedPath (privileges 80C000) and with first keys that the issuer makes. The issuer writes the access
                    rules that let `deviceAppIds` send APDUs to it.
                  required: [aid, quotas, transportKeyIndex, keyVersionNumber, deviceAppIds]
                  properties:
                    aid: { $ref: "#/components/schemas/AID" }
                    quotas: { $ref: "#/components/schemas/Quotas" }
                    transportKeyIndex: { type: string, description: "Transport key of the contract under which the first keys are handed over." }
                    keyVersionNumber: { type: integer, minimum: 48, maximum: 63, description: "Version that the first keys get." }
                    deviceAppIds:
                      type: array
                      items: { $ref: "#/components/schemas/DeviceAppId" }
                deleteSecurityDomain:
                  type: object
                  description: |
                    DELETE with all related objects, and of the access rules that the issuer wrote for the domain. Only domains that the caller had made. Succeeds when the domain
                    is not there; its absence is then proven by a list of the registry.
                  required: [aid]
                  properties:
                    aid: { $ref: "#/components/schemas/AID" }
                addAccessRules: { $ref: "#/components/schemas/AccessRules" }
                removeAccessRules: { $ref: "#/components/schemas/AccessRules" }
                status:
                  type: object
                  description: GET STATUS of exactly this AID; the entry comes in the session's `registry`.
                  required: [aid]
                  properties:
                    aid: { $ref: "#/components/schemas/AID" }
            Quotas:
              type: object
              description: Memory of the new domain and all that it will hold, in bytes; absent, the card's own choice.
              properties:
                nonVolatile: { type: integer, minimum: 0, maximum: 4294967295 }
                volatile: { type: integer, minimum: 0, maximum: 4294967295 }
            AccessRules:
              type: object
              required: [rules]
              properties:
                rules:
                  type: array
                  minItems: 1
                  items: { $ref: "#/components/schemas/AccessRule" }
            AccessRule:
              type: object
              description: |
                GPD_SPE_013: the device app may or may not reach the application. Rules are removed by `aid` and `deviceAppId`, whatever they allow.
              required: [aid, apdu, nfc]
              properties:
                aid: { $ref: "#/components/schemas/AID" }
                deviceAppId:
                  allOf: [{ $ref: "#/components/schemas/DeviceAppId" }]
                  description: Absent, any app.
                apdu: { type: boolean, description: "Whether the app may send APDUs." }
                nfc: { type: boolean, description: "Whether NFC events of the application reach the app." }
            DeviceAppId:
              type: string
              pattern: "^([0-9a-f]{40}|[0-9a-f]{64})$"
              description: SHA-1 or SHA-256 of the certificate that signed the app.
            Dialog:
              type: object
              required: [dialogId, status, sessions, firstKeySets, expiresAt]
              properties:
                dialogId: { type: string }
                status: { type: string, enum: [open, completed, failed, abandoned] }
                sessions:
                  type: array
                  items: { $ref: "#/components/schemas/Session" }
                firstKeySets:
                  type: array
                  items: { $ref: "#/components/schemas/FirstKeySet" }
                failure: { type: string, description: "What went wrong: step, status word in words, what to do." }
                expiresAt: { allOf: [{ $ref: "#/components/schemas/Time" }], description: "End of the lease; results renew it, up to the dialog's longest life." }
            Session:
              type: object
              required: [status, commands, steps, registry]
              properties:
                status:
                  type: string
                  enum: [ready, waiting, verified, failed]
                  description: "`ready`: `commands` are to be relayed. `waiting`: for an earlier session. `verified`: done and proven. `failed`: see the dialog's `failure`."
                commands:
                  type: array
                  description: C-APDUs to relay next, opaque; the first is SELECT of the ISD where the session begins.
                  items: { $ref: "#/components/schemas/Hex" }
                steps:
                  type: array
                  description: Names for parts of `commands`, for progress.
                  items:
                    type: object
                    required: [name, first, count]
                    properties:
                      name: { type: string }
                      first: { type: integer, minimum: 0, description: "Index of its first C-APDU." }
                      count: { type: integer, minimum: 0 }
                registry:
                  type: array
                  description: Of a verified session, what its `status` operations found, in their order; GET STATUS data (E3 objects, which name their AIDs). What the card does not hold has no element.
                  items: { $ref: "#/components/schemas/Hex" }
                proven:
                  type: boolean
                  default: true
                  description: |
                    False where a verified session relies on a deletion or absence that was only reported, although the component signs its answers (R-MAC). Nothing
                    may be destroyed on the strength of it: read the registry again in a new dialog.
            FirstKeySet:
              type: object
              required: [securityDomain, keySet]
              properties:
                securityDomain: { $ref: "#/components/schemas/AID" }
                keySet:
                  type: object
                  description: ENC, MAC and DEK, each wrapped by AES key wrap (RFC 3394). Worthless until the session that stores them is verified.
                  required: [transportKeyIndex, keyVersionNumber, enc, mac, dek, keyCheckValues]
                  properties:
                    transportKeyIndex: { type: string }
                    keyVersionNumber: { type: integer }
                    enc: { $ref: "#/components/schemas/Hex" }
                    mac: { $ref: "#/components/schemas/Hex" }
                    dek: { $ref: "#/components/schemas/Hex" }
                    keyCheckValues:
                      type: array
                      minItems: 3
                      maxItems: 3
                      description: Of ENC, MAC and DEK; the first three bytes of AES over sixteen bytes 01.
                      items: { $ref: "#/components/schemas/Hex" }
            SessionResults:
              type: object
              required: [session, responses]
              properties:
                session: { type: integer, minimum: 0, description: "Index in the dialog's `sessions`." }
                responses:
                  type: array
                  description: R-APDUs to the session's `commands`, in order; fewer where the order stopped.
                  items: { $ref: "#/components/schemas/Hex" }
            TransportKey:
              type: object
              required: [index, kind, owner, keyLength, keyCheckValue]
              properties:
                index: { type: string }
                kind: { type: string, enum: [transport] }
                owner: { type: string }
                keyLength: { type: integer, enum: [16, 24, 32] }
                keyCheckValue: { $ref: "#/components/schemas/Hex" }
            InventoryEntry:
              type: object
              required: [issuerIdentificationNumber, cardImageNumber, profileId, keyVersionNumber, scpParameter, keyLength, keyDiversificationData]
              description: Exactly one of `masterKeyIndex` and `keySetId`.
              properties:
                issuerIdentificationNumber: { $ref: "#/components/schemas/Hex" }
                cardImageNumber: { $ref: "#/components/schemas/Hex" }
                profileId: { type: string }
                issuerSecurityDomain: { allOf: [{ $ref: "#/components/schemas/AID" }], description: "Absent: a000000151000000." }
                keyVersionNumber: { type: integer, minimum: 1, maximum: 127 }
                scpParameter: { type: integer, minimum: 0, maximum: 255 }
                keyLength: { type: integer, enum: [16, 24, 32] }
                keyDiversificationData: { allOf: [{ $ref: "#/components/schemas/Hex" }], description: "Ten bytes, as the card answers them to INITIALIZE UPDATE." }
                masterKeyIndex: { type: string, description: "Master key of the vault from which the ISD's keys are derived." }
                scheme: { type: string, enum: [kdf3, emvCps11, visa2], default: kdf3 }
                keySetId: { type: string, description: "Key set of the vault that the ISD holds." }
                firstKeys: { allOf: [{ $ref: "#/components/schemas/FirstKeys" }], default: storeData }
                accessRuleApplication: { $ref: "#/components/schemas/AID" }
                blocked: { type: boolean, default: false }
                lifeCycle: { type: string }
            InventoryComponent:
              type: object
              required: [id, issuerIdentificationNumber, cardImageNumber, profileId, issuerSecurityDomain, keyVersionNumber, scpParameter, keyLength, keyDiversificationData, keys, firstKeys, blocked, contentKnown]
              properties:
                id: { type: string }
                issuerIdentificationNumber: { $ref: "#/components/schemas/Hex" }
                cardImageNumber: { $ref: "#/components/schemas/Hex" }
                profileId: { type: string }
                issuerSecurityDomain: { $ref: "#/components/schemas/AID" }
                keyVersionNumber: { type: integer }
                scpParameter: { type: integer }
                keyLength: { type: integer }
                keyDiversificationData: { $ref: "#/components/schemas/Hex" }
                keys: { type: object, description: "Reference into the key vault." }
                firstKeys: { $ref: "#/components/schemas/FirstKeys" }
                accessRuleApplication: { $ref: "#/components/schemas/AID" }
                blocked: { type: boolean }
                lifeCycle: { type: string }
                sequenceCounter: { type: integer, description: "As last proven." }
                contentKnown: { type: boolean, description: "False after a dialog with an unknown outcome, until a session is verified again." }
            InventoryPage:
              type: object
              required: [components]
              properties:
                components:
                  type: array
                  items: { $ref: "#/components/schemas/InventoryComponent" }
                next: { type: string, description: "Give it as `after` for the next page; absent on the last." }
            JournalLine:
              type: object
              required: [at, componentId, spTsm, subject, kind, apdus]
              properties:
                at: { $ref: "#/components/schemas/Time" }
                componentId: { type: string }
                spTsm: { type: string }
                subject: { type: string }
                session: { type: integer }
                kind: { type: string, enum: [script, results, lateResults, outcome] }
                apdus:
                  type: array
                  items: { $ref: "#/components/schemas/Hex" }
                note: { type: string }

        """#
}
