#ifndef CAPIDOCUMENTS_H
#define CAPIDOCUMENTS_H

#include <stddef.h>

/// OpenAPI documents as bytes; they live as long as the process.
const unsigned char *tsms_provider_api_document(size_t *size);
const unsigned char *tsms_operator_api_document(size_t *size);
const unsigned char *tsms_handset_api_document(size_t *size);
const unsigned char *tsms_handset_operator_api_document(size_t *size);
const unsigned char *tsms_sei_api_document(size_t *size);
const unsigned char *tsms_key_vault_api_document(size_t *size);

#endif
