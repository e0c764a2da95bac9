// h2load has no option for a client certificate. Preloaded into it, this gives every SSL_CTX that it makes the certificate chain and key
// named by BENCH_CLIENT_CERTIFICATE and BENCH_CLIENT_KEY (PEM files), and nothing else.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <openssl/ssl.h>

typedef SSL_CTX *(*new_context)(const SSL_METHOD *method);

SSL_CTX *SSL_CTX_new(const SSL_METHOD *method) {
    new_context original = (new_context)dlsym(RTLD_NEXT, "SSL_CTX_new");
    if (original == NULL) { return NULL; }
    SSL_CTX *context = original(method);
    const char *certificate = getenv("BENCH_CLIENT_CERTIFICATE");
    const char *key = getenv("BENCH_CLIENT_KEY");
    if (context == NULL || certificate == NULL || key == NULL) { return context; }
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 || SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
        fprintf(stderr, "the client certificate %s cannot be used\n", certificate);
        SSL_CTX_free(context);
        return NULL;
    }
    return context;
}
