#include "CHTTP2Shims.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

enum { kept_spill = 16384 };

chttp2_transport *chttp2_transport_new(void) { return calloc(1, sizeof(chttp2_transport)); }

void chttp2_transport_free(chttp2_transport *transport) {
    if (transport == NULL) return;
    free(transport->spill);
    free(transport);
}

void chttp2_transport_clear_spill(chttp2_transport *transport) {
    transport->spill_length = 0;
    if (transport->spill_capacity > kept_spill) {
        free(transport->spill);
        transport->spill = NULL;
        transport->spill_capacity = 0;
    }
}

static int spill(chttp2_transport *transport, const char *data, size_t length) {
    size_t needed = transport->spill_length + length;
    if (needed > transport->spill_capacity) {
        size_t capacity = transport->spill_capacity ? transport->spill_capacity : 4096;
        while (capacity < needed) capacity *= 2;
        uint8_t *grown = realloc(transport->spill, capacity);
        if (grown == NULL) return 0;
        transport->spill = grown;
        transport->spill_capacity = capacity;
    }
    memcpy(transport->spill + transport->spill_length, data, length);
    transport->spill_length = needed;
    return 1;
}

static int transport_write(BIO *bio, const char *data, size_t length, size_t *written) {
    chttp2_transport *transport = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *written = 0;
    if (transport == NULL) return 0;
    // Once something is spilled, all that follows is spilled too: records must leave in order.
    if (transport->output != NULL && transport->spill_length == 0 && transport->output_capacity - transport->output_length >= length) {
        memcpy(transport->output + transport->output_length, data, length);
        transport->output_length += length;
    } else if (!spill(transport, data, length)) {
        return 0;
    }
    *written = length;
    return 1;
}

static int transport_read(BIO *bio, char *data, size_t length, size_t *taken) {
    chttp2_transport *transport = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    *taken = 0;
    if (transport == NULL || transport->input == NULL || transport->input_length == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    size_t count = length < transport->input_length ? length : transport->input_length;
    memcpy(data, transport->input, count);
    transport->input += count;
    transport->input_length -= count;
    *taken = count;
    return 1;
}

static long transport_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio; (void)number; (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
        return 1;
    default:
        return 0;
    }
}

static int transport_create(BIO *bio) {
    BIO_set_init(bio, 1);
    return 1;
}

static BIO_METHOD *method = NULL;
static CRYPTO_ONCE method_once = CRYPTO_ONCE_STATIC_INIT;

static void make_method(void) {
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "NIO transport");
    if (made == NULL) return;
    if (BIO_meth_set_write_ex(made, transport_write) && BIO_meth_set_read_ex(made, transport_read) &&
        BIO_meth_set_ctrl(made, transport_control) && BIO_meth_set_create(made, transport_create)) {
        method = made;
    } else {
        BIO_meth_free(made);
    }
}

int chttp2_transport_attach(struct ssl_st *ssl, chttp2_transport *transport) {
    if (!CRYPTO_THREAD_run_once(&method_once, make_method) || method == NULL) return 0;
    BIO *bio = BIO_new(method);
    if (bio == NULL) return 0;
    BIO_set_data(bio, transport);
    SSL_set_bio(ssl, bio, bio);
    return 1;
}

int chttp2_set_protocol_versions(struct ssl_ctx_st *context, int minimum, int maximum) {
    return SSL_CTX_set_min_proto_version(context, minimum) && SSL_CTX_set_max_proto_version(context, maximum);
}

int chttp2_set_groups(struct ssl_ctx_st *context, const char *list) { return (int)SSL_CTX_set1_groups_list(context, list); }

int chttp2_set_signature_algorithms(struct ssl_ctx_st *context, const char *list) {
    return SSL_CTX_set1_sigalgs_list(context, list) && SSL_CTX_set1_client_sigalgs_list(context, list);
}

void chttp2_set_safe_options(struct ssl_ctx_st *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

void chttp2_disable_session_cache(struct ssl_ctx_st *context) { SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); }

int chttp2_add_chain_certificate(struct ssl_ctx_st *context, struct x509_st *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

static int offers(const unsigned char *in, unsigned int length, const char *protocol) {
    size_t wanted = strlen(protocol);
    for (unsigned int at = 0; at < length; at += in[at] + 1u) {
        if (in[at] == wanted && at + 1 + wanted <= length && memcmp(in + at + 1, protocol, wanted) == 0) return 1;
    }
    return 0;
}

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in, unsigned int length, void *accepted) {
    (void)ssl;
    static const char h2[] = "h2", h1[] = "http/1.1";
    int bits = *(const unsigned char *)accepted;
    const char *chosen = (bits & 1) && offers(in, length, h2) ? h2 : (bits & 2) && offers(in, length, h1) ? h1 : NULL;
    if (chosen == NULL) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = (const unsigned char *)chosen;
    *out_length = (unsigned char)strlen(chosen);
    return SSL_TLSEXT_ERR_OK;
}

void chttp2_accept_protocols(struct ssl_ctx_st *context, int http2, int http1) {
    static unsigned char sets[4] = {0, 1, 2, 3};
    SSL_CTX_set_alpn_select_cb(context, select_protocol, &sets[(http2 ? 1 : 0) | (http1 ? 2 : 0)]);
}

int chttp2_set_server_name(struct ssl_st *ssl, const char *name) { return (int)SSL_set_tlsext_host_name(ssl, name); }

int chttp2_negotiated_group(struct ssl_st *ssl) { return (int)SSL_get_negotiated_group(ssl); }

int chttp2_tls1_2(void) { return TLS1_2_VERSION; }
int chttp2_tls1_3(void) { return TLS1_3_VERSION; }

unsigned long chttp2_rfc2253(void) { return XN_FLAG_RFC2253; }
