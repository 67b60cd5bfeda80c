/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of other modules: the first byte says which, the rest is the file. */
#include <stdbool.h>

#include "cli/foreign.h"
#include "tests/fuzz/fuzz.h"

const char fuzz_name[] = "foreign";

static bool
zeroes(const uint8_t *p, size_t len)
{
	while (len > 0 && *p == 0) {
		p++;
		len--;
	}
	return len == 0;
}

/* What goes to the service is what it takes; what does not holds no key. */
static void
sound(const struct foreign *f, bool oath)
{
	CLAIM(f->why <= FOREIGN_LINE);
	CLAIM(f->line >= 1);
	CLAIM(memchr(f->user, '\0', sizeof(f->user)) != NULL);
	CLAIM(zeroes(f->secret + f->secret_len,
	    sizeof(f->secret) - f->secret_len));
	if (f->why != FOREIGN_FINE) {
		CLAIM(f->secret_len == 0);
		return;
	}
	CLAIM(f->secret_len >= FOREIGN_SECRET_MIN &&
	    f->secret_len <= OTP_SECRET_MAX);
	CLAIM(f->digits >= 6 && f->digits <= OTP_DIGITS_MAX);
	CLAIM(f->period >= FOREIGN_PERIOD_MIN &&
	    f->period <= FOREIGN_PERIOD_MAX);
	CLAIM(oath == (f->user[0] != '\0'));
	CLAIM(f->after >= 0 && f->window <= 100);
}

static void
oath(char *text, size_t len)
{
	struct foreign_lines lines = { .text = text, .len = len };
	unsigned before = 0;
	struct foreign f;

	while (foreign_oath(&lines, &f)) {
		CLAIM(f.line > before);
		before = f.line;
		sound(&f, true);
	}
	CLAIM(lines.len == 0 && !foreign_oath(&lines, &f));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	bool lines = input_byte(&in) % 2 != 0;
	char *text = malloc(in.len + 1);
	struct foreign f;

	CLAIM(text != NULL);
	if (in.len > 0)
		memcpy(text, in.data, in.len);
	text[in.len] = 'x';
	if (lines)
		oath(text, in.len);
	else {
		foreign_ga(text, in.len, &f);
		sound(&f, false);
	}
	free(text);
	return 0;
}
