#include "CAPIDocuments.h"

// The documents of docs/, taken in by the compiler: there is one text of each, and no file to find at run time.
#pragma clang diagnostic ignored "-Wc23-extensions"

#define DOCUMENT(name)                                             \
    const unsigned char *tsms_##name##_document(size_t *size) {    \
        *size = sizeof name;                                       \
        return name;                                               \
    }

static const unsigned char provider_api[] = {
#embed "../../docs/provider-api.yaml"
};
DOCUMENT(provider_api)

static const unsigned char operator_api[] = {
#embed "../../docs/operator-api.yaml"
};
DOCUMENT(operator_api)

static const unsigned char handset_api[] = {
#embed "../../docs/handset-api.yaml"
};
DOCUMENT(handset_api)

static const unsigned char handset_operator_api[] = {
#embed "../../docs/handset-operator-api.yaml"
};
DOCUMENT(handset_operator_api)

static const unsigned char sei_api[] = {
#embed "../../docs/sei-api.yaml"
};
DOCUMENT(sei_api)

static const unsigned char key_vault_api[] = {
#embed "../../docs/key-vault-api.yaml"
};
DOCUMENT(key_vault_api)
