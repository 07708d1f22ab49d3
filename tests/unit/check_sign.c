/* SPDX-License-Identifier: ISC */
/* sign: signatures as Python's hmac and base64 make them; the first is the specification's own
 * example. */
#include "watchdog/net/sign.h"

#include "tests/unit/check_main.h"

#define ID    "0123456789abcdef0123456789abcdef"
#define BODY  "{\"type\":\"x\"}"
#define KEY24 "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"

static const struct {
	const char *secret;
	const char *id;
	int64_t timestamp_s;
	const char *body;
	size_t body_len;
	const char *signature;
} vectors[] = {
	{ "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
	  "{\"test\": 2432232314}", 20, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" },
	{ KEY24, ID, 1700000000, BODY, 12, "v1,YXfQOSsHe4w5jXrJ9oeXFWNwBYCtjjUsBnKrvo4ElQw=" },
	{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGA==", ID, 1700000000, BODY, 12,
	  "v1,WLpMEm3pHbFrHVqE5vKthFG+AFY3omNRDfe65ojZIFs=" },
	{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBk=", ID, 1700000000, BODY, 12,
	  "v1,KU38uwEquzTLPkMwMbdzpip3OiHwwyrAaQObvXcyhyU=" },
	/* "=" left out */
	{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBk", ID, 1700000000, BODY, 12,
	  "v1,KU38uwEquzTLPkMwMbdzpip3OiHwwyrAaQObvXcyhyU=" },
	{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4"
	  "OTo7PD0+",
	  ID, 1700000000, BODY, 12, "v1,iw/bOCNfSmHskKDyTGGssE4HSHSAdLfOeZ+34IJtCvE=" },
	{ "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4"
	  "OTo7PD0+Pw==",
	  ID, 1700000000, BODY, 12, "v1,L+QXZhX+pTqY/r17zDaZeeGFd4TKn3IJ2J341spB2pQ=" },
	{ "whsec_////////////////////////////////////////////", "a", 0, "", 0,
	  "v1,tZQRLW/nqVvginT22T+0ZVZGZILGRQhdi+7CBxRycu4=" },
	/* bytes, not a text */
	{ "whsec_a2tra2tra2tra2tra2tra2tra2tra2tr", "a", 1, "a\0b\xff", 4,
	  "v1,mH/1QANbyJQyINOtOZDKFfhf4JkJ3ldDknQJApoJWFw=" },
};

START_TEST(signs)
{
	struct strlist secrets = STRLIST_INIT;
	struct str text = STR_INIT;

	strlist_add(&secrets, vectors[_i].secret);
	str_add(&text, "before ");
	ck_assert_int_eq(sign_standard(&secrets, vectors[_i].id, vectors[_i].timestamp_s,
				       vectors[_i].body, vectors[_i].body_len, &text),
			 0);
	ck_assert_str_eq(text.data + 7, vectors[_i].signature);
	str_free(&text);
	strlist_free(&secrets);
}
END_TEST

START_TEST(signs_with_each_secret)
{
	struct strlist secrets = STRLIST_INIT;
	struct str text = STR_INIT;

	strlist_add(&secrets, vectors[2].secret);
	strlist_add(&secrets, vectors[1].secret);
	ck_assert_int_eq(sign_standard(&secrets, ID, 1700000000, BODY, 12, &text), 0);
	ck_assert_str_eq(text.data, "v1,WLpMEm3pHbFrHVqE5vKthFG+AFY3omNRDfe65ojZIFs= "
				    "v1,YXfQOSsHe4w5jXrJ9oeXFWNwBYCtjjUsBnKrvo4ElQw=");
	str_free(&text);
	strlist_free(&secrets);
}
END_TEST

static const char *const no_secrets[] = {
	"",
	"whsec_",
	"AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
	"WHSEC_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
	"whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
	"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", /* 23 bytes */
	"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	"AAAAAAAAAAAAAAAAAAAAAAAAAAA=", /* 65 */
	KEY24 "A",
	KEY24 "A===",
	KEY24 "AA=",
	KEY24 "AAA==",
	KEY24 "====",
	KEY24 "\n",
	KEY24 " ",
	"whsec_AAECAwQFBgcICQ LDA0ODxAREhMUFRYX",
	"whsec_AAECAwQFBgcICQ=LDA0ODxAREhMUFRYX",
	"whsec_AAECAwQFBgcICQoLDA0ODxAREhM-_xYX", /* the URL-safe alphabet */
};

START_TEST(refuses_what_is_no_secret)
{
	struct strlist secrets = STRLIST_INIT;
	struct str text = STR_INIT;

	strlist_add(&secrets, KEY24);
	strlist_add(&secrets, no_secrets[_i]);
	str_add(&text, "before");
	ck_assert_int_eq(sign_standard(&secrets, ID, 0, BODY, 12, &text), -1);
	ck_assert_str_eq(text.data, "before");
	str_free(&text);
	strlist_free(&secrets);
}
END_TEST

START_TEST(refuses_secrets_of_any_length)
{
	struct strlist secrets = STRLIST_INIT;
	struct str secret = STR_INIT;
	struct str text = STR_INIT;

	str_add(&secret, "whsec_");
	for (int i = 0; i < 100000; i++)
		str_add(&secret, "A");
	strlist_add(&secrets, secret.data);
	ck_assert_int_eq(sign_standard(&secrets, ID, 0, BODY, 12, &text), -1);
	str_free(&secret);
	strlist_free(&secrets);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static Suite *suite(void)
{
	Suite *suite = suite_create("sign");
	TCase *tcase = tcase_create("sign");

	tcase_add_loop_test(tcase, signs, 0, ROWS(vectors));
	tcase_add_test(tcase, signs_with_each_secret);
	tcase_add_loop_test(tcase, refuses_what_is_no_secret, 0, ROWS(no_secrets));
	tcase_add_test(tcase, refuses_secrets_of_any_length);
	suite_add_tcase(suite, tcase);
	return suite;
}

CHECK_MAIN(suite())
