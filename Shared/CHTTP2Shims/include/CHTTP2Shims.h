// What Swift cannot reach of libssl by itself: macros, and a BIO that reads and writes memory of the caller.
// The types of OpenSSL are declared forward only, so that Swift sees them once, through its own module.
#ifndef CHTTP2_SHIMS_H
#define CHTTP2_SHIMS_H

#include <stddef.h>
#include <stdint.h>

struct ssl_st;
struct ssl_ctx_st;
struct x509_st;
struct x509_store_st;

/// The memory a TLS connection reads its records from and writes its records to.
///
/// `input` and `output` belong to the caller and are set only around a call into libssl. What libssl writes while no
/// output is set, or beyond its capacity (handshake messages, alerts, tickets), goes to `spill`, which is the shim's.
typedef struct chttp2_transport {
    const uint8_t *input;
    size_t input_length;
    uint8_t *output;
    size_t output_capacity;
    size_t output_length;
    uint8_t *spill;
    size_t spill_length;
    size_t spill_capacity;
} chttp2_transport;

/// A zeroed transport, or NULL when memory is short.
chttp2_transport *chttp2_transport_new(void);
/// Frees the transport and its spill. The SSL that it was attached to must be freed before.
void chttp2_transport_free(chttp2_transport *transport);
/// Drops the spilled bytes, and the memory if it grew beyond 16 kB.
void chttp2_transport_clear_spill(chttp2_transport *transport);
/// Makes `ssl` read from and write to `transport`. Returns 1, or 0 on failure.
int chttp2_transport_attach(struct ssl_st *ssl, chttp2_transport *transport);

int chttp2_set_protocol_versions(struct ssl_ctx_st *context, int minimum, int maximum);
int chttp2_set_groups(struct ssl_ctx_st *context, const char *list);
int chttp2_set_signature_algorithms(struct ssl_ctx_st *context, const char *list);
/// No compression, no renegotiation, server's preference of suites; partial writes never happen.
void chttp2_set_safe_options(struct ssl_ctx_st *context);
/// No session is kept in memory by libssl: a server hands out tickets only.
void chttp2_disable_session_cache(struct ssl_ctx_st *context);
int chttp2_add_chain_certificate(struct ssl_ctx_st *context, struct x509_st *certificate);
/// Selects by ALPN "h2" where `http2` is not 0, else "http/1.1" where `http1` is not 0; refuses every other offer with a fatal alert.
void chttp2_accept_protocols(struct ssl_ctx_st *context, int http2, int http1);
int chttp2_set_server_name(struct ssl_st *ssl, const char *name);
/// The NID of the group of the key exchange, 0 if there is none.
int chttp2_negotiated_group(struct ssl_st *ssl);

/// The flags of X509_NAME_print_ex for a subject as RFC 2253 writes it.
unsigned long chttp2_rfc2253(void);
int chttp2_tls1_2(void);
int chttp2_tls1_3(void);

#endif
