/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What comes out of a backup's chunks, in pieces: whatever is taken for a
 * record could have been written so, and is written again the same.
 */
#include "daemon/record.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "backup";

static enum record_form form;
static struct account account;
static uint8_t again[RECORD_MAX];

static void
look_account(const uint8_t *data, size_t len)
{
	const struct limiter *l;

	if (!record_get_account(data, len, form, &account)) {
		CLAIM(account.id == 0 && account.name[0] == '\0');
		CLAIM(account.credential_count == 0);
		return;
	}
	CLAIM(account.id > 0 && account.name[0] != '\0');
	CLAIM(account.credential_count <= ACCOUNT_CREDENTIALS_MAX);
	CLAIM(account.recovery.count <= ACCOUNT_CODES_MAX);
	/* One more does not wrap. */
	for (l = account.limiters; l < account.limiters + LIMITERS; l++)
		CLAIM(l->consecutive >= 0 && l->consecutive < INT64_MAX &&
		    l->total >= 0 && l->total < INT64_MAX);
	CLAIM(record_put_account(&account, form, again) ==
	    len + RECORD_HEADER);
	CLAIM(memcmp(again + RECORD_HEADER, data, len) == 0);
}

static bool
visit(uint8_t type, const uint8_t *data, size_t len, void *arg)
{
	struct record_head head;
	uint64_t n;

	(void)arg;
	CLAIM(len <= RECORD_MAX - RECORD_HEADER);
	if (type == RECORD_ACCOUNT)
		look_account(data, len);
	else if (type == RECORD_HEAD && record_get_head(data, len, &head))
		CLAIM(strlen(head.host) <= RECORD_HOST_MAX &&
		    record_put_head(&head, again) == len + RECORD_HEADER);
	else if (type == RECORD_END && record_get_end(data, len, &n))
		CLAIM(len == 8 && record_put_end(n, again) ==
		    len + RECORD_HEADER && memcmp(again + RECORD_HEADER, data,
		    len) == 0);
	return type != 0xff;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct record_reader r = { .len = 0 };
	uint8_t how = input_byte(&in);
	size_t n, piece = 1 + how / 2 * 7u;
	bool more = true;

	form = how % 2 == 0 ? RECORD_OPEN : RECORD_SEALED;
	while (in.len > 0 && more) {
		n = piece < in.len ? piece : in.len;
		more = record_feed(&r, in.data, n, visit, NULL);
		in.data += n;
		in.len -= n;
	}
	CLAIM(r.len <= RECORD_MAX && record_done(&r) == (r.len == 0));
	return 0;
}
