#include "CAPIDocuments.h"

// The documents of docs/, taken in by the compiler: there is one text of each, and no file to find at run time.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char provider_api[] = {
#embed "../../../docs/provider-api.yaml"
};
static const unsigned char operator_api[] = {
#embed "../../../docs/operator-api.yaml"
};

const unsigned char *tsms_provider_api_document(size_t *size) {
    *size = sizeof provider_api;
    return provider_api;
}

const unsigned char *tsms_operator_api_document(size_t *size) {
    *size = sizeof operator_api;
    return operator_api;
}
