/* SPDX-License-Identifier: ISC */
#include "watchdog/net/sign.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define PREFIX	"whsec_"
#define KEY_MIN 24
#define KEY_MAX 64
/* Of KEY_MAX bytes in base64. */
#define CODED_MAX 88

struct key {
	/* What the decoder writes, the zeros for "=" and all. */
	unsigned char bytes[CODED_MAX / 4 * 3];
	int len;
};

/* The standard alphabet; "=" at the end may be missing. 0 or -1. */
static int key_from_secret(const char *secret, struct key *key)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";
	unsigned char coded[CODED_MAX];
	size_t len;
	size_t rest;

	if (strncmp(secret, PREFIX, strlen(PREFIX)) != 0)
		return -1;
	secret += strlen(PREFIX);
	len = strspn(secret, alphabet);
	rest = strspn(secret + len, "=");
	if (secret[len + rest] != '\0' || len > CODED_MAX || len % 4 == 1 ||
	    (rest != 0 && (rest > 2 || (len + rest) % 4 != 0)))
		return -1;
	memset(coded, '=', sizeof(coded));
	memcpy(coded, secret, len);
	key->len = (int)(len * 3 / 4);
	(void)EVP_DecodeBlock(key->bytes, coded, (int)(len + 3) / 4 * 4);
	OPENSSL_cleanse(coded, sizeof(coded));
	return key->len >= KEY_MIN && key->len <= KEY_MAX ? 0 : -1;
}

static int add_signature(const struct key *key, const struct str *content, struct str *text)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned char coded[(EVP_MAX_MD_SIZE + 2) / 3 * 4 + 1];
	unsigned int len = 0;

	if (!HMAC(EVP_sha256(), key->bytes, key->len, (const unsigned char *)content->data,
		  content->len, digest, &len))
		return -1;
	(void)EVP_EncodeBlock(coded, digest, (int)len);
	str_addf(text, "v1,%s", (const char *)coded);
	return 0;
}

int sign_standard(const struct strlist *secrets, const char *id, int64_t timestamp_s,
		  const char *body, size_t body_len, struct str *text)
{
	struct str content = STR_INIT;
	struct str signatures = STR_INIT;
	struct key key;
	int result = 0;

	str_addf(&content, "%s.%" PRId64 ".", id, timestamp_s);
	str_add_n(&content, body, body_len);
	for (size_t i = 0; i < secrets->count && result == 0; i++) {
		if (i > 0)
			str_add(&signatures, " ");
		result = key_from_secret(secrets->items[i], &key);
		if (result == 0)
			result = add_signature(&key, &content, &signatures);
	}
	if (result == 0)
		str_add(text, str_text(&signatures));
	OPENSSL_cleanse(&key, sizeof(key));
	str_free(&signatures);
	str_free(&content);
	return result;
}
