/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/otpauth.h"

#define BASE20	"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

static const uint8_t key[64] = "1234567890123456789012345678901234567890"
    "123456789012345678901234";

static struct otpauth
sample(void)
{
	struct otpauth o = {
		.issuer = "web03", .account = "alice", .secret = key,
		.secret_len = 20, .algorithm = OTP_SHA1, .digits = 6,
		.period = 30,
	};

	return o;
}

static void
gives(const struct otpauth *o, const char *uri)
{
	char buf[OTPAUTH_MAX];

	assert_true(otpauth_uri(o, buf, sizeof(buf)));
	assert_string_equal(buf, uri);
}

static void
refused(const struct otpauth *o)
{
	char buf[OTPAUTH_MAX] = "before";

	assert_false(otpauth_uri(o, buf, sizeof(buf)));
	assert_string_equal(buf, "");
}

static void
defaults_are_left_out(void **state)
{
	struct otpauth o = sample();

	(void)state;
	gives(&o, "otpauth://totp/web03:alice?secret=" BASE20
	    "&issuer=web03");
	o.algorithm = OTP_SHA256;
	o.secret_len = 32;
	gives(&o, "otpauth://totp/web03:alice?secret="
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"
	    "&issuer=web03&algorithm=SHA256");
	o = sample();
	o.digits = 8;
	gives(&o, "otpauth://totp/web03:alice?secret=" BASE20
	    "&issuer=web03&digits=8");
	o = sample();
	o.period = 60;
	gives(&o, "otpauth://totp/web03:alice?secret=" BASE20
	    "&issuer=web03&period=60");
	o.algorithm = OTP_SHA512;
	o.secret_len = 64;
	o.digits = 8;
	gives(&o, "otpauth://totp/web03:alice?secret="
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA"
	    "&issuer=web03&algorithm=SHA512&digits=8&period=60");
}

/* RFC 3986 2.3: what is not unreserved is %XX, a space never +. */
static void
every_byte_is_escaped(void **state)
{
	char name[2] = "", want[256], hex[4];
	struct otpauth o = sample();
	int c;

	(void)state;
	o.account = name;
	for (c = 1; c < 256; c++) {
		if (c == ':')
			continue;
		name[0] = (char)c;
		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || c == '-' || c == '.' ||
		    c == '_' || c == '~')
			snprintf(hex, sizeof(hex), "%c", c);
		else
			snprintf(hex, sizeof(hex), "%%%02X", (unsigned)c);
		snprintf(want, sizeof(want), "otpauth://totp/web03:%s?secret="
		    BASE20 "&issuer=web03", hex);
		gives(&o, want);
	}
}

static void
names_are_escaped(void **state)
{
	struct otpauth o = sample();

	(void)state;
	o.issuer = "Caf\xc3\xa9 & Co";
	o.account = "a b+c@d/e?f=g%h";
	gives(&o, "otpauth://totp/Caf%C3%A9%20%26%20Co:"
	    "a%20b%2Bc%40d%2Fe%3Ff%3Dg%25h?secret=" BASE20
	    "&issuer=Caf%C3%A9%20%26%20Co");
}

static void
names_keep_their_range(void **state)
{
	struct otpauth o = sample();
	char issuer[66], account[257], buf[OTPAUTH_MAX];

	(void)state;
	memset(issuer, 'i', 65);
	issuer[65] = '\0';
	memset(account, 'a', 256);
	account[256] = '\0';
	o.issuer = issuer;
	refused(&o);
	issuer[64] = '\0';
	assert_true(otpauth_uri(&o, buf, sizeof(buf)));
	o.account = account;
	refused(&o);
	account[255] = '\0';
	assert_true(otpauth_uri(&o, buf, sizeof(buf)));
	o = sample();
	o.issuer = "";
	refused(&o);
	o.issuer = NULL;
	refused(&o);
	o.issuer = "web:03";
	refused(&o);
	o = sample();
	o.account = "";
	refused(&o);
	o.account = NULL;
	refused(&o);
	o.account = "al:ice";
	refused(&o);
}

static void
numbers_keep_their_range(void **state)
{
	struct otpauth o = sample();
	char buf[OTPAUTH_MAX];
	unsigned i;

	(void)state;
	for (i = 0; i < 300; i++) {
		o = sample();
		o.digits = i;
		assert_int_equal(otpauth_uri(&o, buf, sizeof(buf)),
		    i == 6 || i == 8);
		o = sample();
		o.period = i;
		assert_int_equal(otpauth_uri(&o, buf, sizeof(buf)),
		    i >= 15 && i <= 120);
		o = sample();
		o.algorithm = (enum otp_algorithm)i;
		assert_int_equal(otpauth_uri(&o, buf, sizeof(buf)),
		    i >= 1 && i <= 3);
		o = sample();
		o.secret_len = i;
		if (i <= 64)
			assert_int_equal(otpauth_uri(&o, buf, sizeof(buf)),
			    i >= 16);
		else
			refused(&o);
	}
	o = sample();
	o.secret = NULL;
	refused(&o);
}

static void
too_small_leaves_nothing(void **state)
{
	static const char uri[] = "otpauth://totp/web03:alice?secret=" BASE20
	    "&issuer=web03&digits=8";
	struct otpauth o = sample();
	char buf[sizeof(uri) + 1], clean[sizeof(uri)] = "";
	size_t size;

	(void)state;
	o.digits = 8;
	for (size = 0; size <= sizeof(uri); size++) {
		memset(buf, 'x', sizeof(buf));
		assert_int_equal(otpauth_uri(&o, buf, size),
		    size == sizeof(uri));
		if (size < sizeof(uri))
			assert_memory_equal(buf, clean, size);
		assert_int_equal(buf[size], 'x');
	}
	assert_string_equal(buf, uri);
}

static void
algorithms_are_named(void **state)
{
	static const char *const bad[] = { "", "sha1", "SHA-1", "SHA1 ",
		"SHA", "SHA224", "SHA2560", "MD5" };
	size_t i;

	(void)state;
	assert_string_equal(otp_algorithm_name(OTP_SHA1), "SHA1");
	assert_string_equal(otp_algorithm_name(OTP_SHA256), "SHA256");
	assert_string_equal(otp_algorithm_name(OTP_SHA512), "SHA512");
	assert_null(otp_algorithm_name(OTP_NONE));
	assert_null(otp_algorithm_name((enum otp_algorithm)4));
	assert_null(otp_algorithm_name((enum otp_algorithm)-1));
	assert_int_equal(otp_algorithm_parse("SHA1"), OTP_SHA1);
	assert_int_equal(otp_algorithm_parse("SHA256"), OTP_SHA256);
	assert_int_equal(otp_algorithm_parse("SHA512"), OTP_SHA512);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(otp_algorithm_parse(bad[i]), OTP_NONE);
	assert_int_equal(otp_secret_length(OTP_SHA1), 20);
	assert_int_equal(otp_secret_length(OTP_SHA256), 32);
	assert_int_equal(otp_secret_length(OTP_SHA512), 64);
	assert_int_equal(otp_secret_length(OTP_NONE), 0);
	assert_int_equal(otp_secret_length((enum otp_algorithm)4), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_left_out),
		cmocka_unit_test(every_byte_is_escaped),
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(names_keep_their_range),
		cmocka_unit_test(numbers_keep_their_range),
		cmocka_unit_test(too_small_leaves_nothing),
		cmocka_unit_test(algorithms_are_named),
	};

	return cmocka_run_group_tests_name("otpauth", tests, NULL, NULL);
}
