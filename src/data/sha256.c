/* SHA-256 of files, by OpenSSL's libcrypto. */
#include "data/sha256.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static int digest_stream(FILE *file, const char *path, EVP_MD_CTX *context, uint8_t digest[32])
{
    uint8_t block[16384];
    size_t n;
    bool ok = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
    while (ok && (n = fread(block, 1, sizeof block, file)) > 0) {
        ok = EVP_DigestUpdate(context, block, n) == 1;
    }
    if (ferror(file)) {
        return ag_fail(AG_EIO, "cannot read %s: %s", path, strerror(errno));
    }
    return ok && EVP_DigestFinal_ex(context, digest, NULL) == 1
               ? AG_OK
               : ag_fail(AG_ENOMEM, "cannot compute the checksum of %s", path);
}

int sha256_file(const char *path, char hex[65])
{
    FILE *file = fopen(path, "rb");
    if (!file) {
        return ag_fail(errno == ENOENT ? AG_ENOTFOUND : AG_EIO, "cannot open %s: %s", path,
                       strerror(errno));
    }
    uint8_t digest[32] = { 0 };
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int err = context ? digest_stream(file, path, context, digest)
                      : ag_fail(AG_ENOMEM, "no memory for the checksum of %s", path);
    EVP_MD_CTX_free(context);
    fclose(file);
    for (int i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    return err;
}
