/* SPDX-License-Identifier: BSD-2-Clause */
/* What is typed in a random world. */
#include <string.h>

#include "tests/unit/decide_world.h"

static void
type_digits(struct world *w, char *text, unsigned n)
{
	while (n-- > 0)
		*text++ = (char)('0' + world_draw(w, 10));
	*text = '\0';
}

/* A code of a step `off` from the window's middle. */
static void
type_app(struct world *w, char *text, int off)
{
	const struct naive *n = &w->naive;
	const struct naive_device *d;
	int64_t step;

	if (n->devices == 0) {
		type_digits(w, text, 6);
		return;
	}
	d = &n->device[world_draw(w, (unsigned)n->devices)];
	step = w->now / d->period + off;
	naive_totp(d, step < 0 ? 0 : step, text);
}

static void
type_wrong(struct world *w, char *text)
{
	unsigned off = w->policy.window + 1;
	const struct naive *n = &w->naive;

	switch (world_draw(w, 9)) {
	case 8:
		strcpy(text, w->gone);
		break;
	case 0:
		type_app(w, text, (int)off);
		break;
	case 1:
		type_app(w, text, -(int)off);
		break;
	case 2:
		strcpy(text, w->old);
		break;
	case 3:
	case 4:
		world_code(w, text);
		break;
	default:
		type_digits(w, text, n->devices == 0 ? 6 :
		    n->device[n->devices - 1].digits);
		break;
	}
}

static void
type_right(struct world *w, char *text)
{
	const struct naive *n = &w->naive;
	int window = (int)w->policy.window;
	int pass = (int)world_draw(w, 4) == 0;

	if (!w->eager && n->pass[pass].number != 0 && world_chance(w, 35)) {
		strcpy(text, n->pass[pass].code);
		return;
	}
	switch (world_draw(w, w->eager ? 4 : 8)) {
	case 5:
		strcpy(text, w->last);
		break;
	case 6:
	case 7:
		if (n->codes > 0) {
			strcpy(text, n->code[world_draw(w,
			    (unsigned)n->codes)]);
			break;
		}
		/* FALLTHROUGH */
	default:
		type_app(w, text,
		    (int)world_draw(w, (unsigned)(2 * window + 1)) - window);
		break;
	}
}

static void
type_odd(struct world *w, char *text)
{
	static const char *const odd[] = {
		"", " ", "-", "12345", "1234567", "123456789", "12345a",
		"12345O", "0123456789012345678", "ABCDEFGHJKMNPQR",
		"ABCDEFGHJKMNPQRUU", "AAAAAAAAAAAAAAA*", "U234567890123456",
		"123\t456", "123456\n", "\xc3\xa9" "123456", "+12345", "12345:",
		"/12345", "1234567:", "0x1234",
		"ABCDEFGHJKMNPQRSTVWXYZABCDEFGHJKMNPQRSTVWXYZ",
		"--------------------------------------------------"
	};
	unsigned i;

	if (world_chance(w, 40)) {
		strcpy(text, odd[world_draw(w, sizeof(odd) / sizeof(odd[0]))]);
	} else if (world_chance(w, 50)) {
		type_digits(w, text, 1 + world_draw(w, 20));
	} else {
		world_code(w, text);
		i = world_draw(w, 17);
		text[i] = i < 16 ? (char)world_draw(w, 128) : text[0];
		text[17] = '\0';
	}
}

/* As people write it: case, letters that look alike, spaces, dashes. */
static void
dress(struct world *w, const char *text, struct naive_ask *ask)
{
	bool fancy = world_chance(w, 30);
	char c;

	ask->len = 0;
	for (; *text != '\0' || (fancy && world_chance(w, 60)); text++) {
		while (fancy && ask->len < 70 && world_chance(w, 40))
			ask->typed[ask->len++] = " -"[world_draw(w, 2)];
		if ((c = *text) == '\0')
			break;
		if (fancy && strlen(text) > 8 && world_chance(w, 30))
			c = (char)(c == '0' ? "oO"[world_draw(w, 2)] :
			    c == '1' ? "iIlL"[world_draw(w, 4)] :
			    c >= 'A' && c <= 'Z' ? c + 32 : c);
		ask->typed[ask->len++] = c;
	}
	if (world_chance(w, 1))
		ask->typed[ask->len++] = '\0';
}

void
world_ask(struct world *w, struct naive_ask *ask)
{
	static const char *const services[] = { "sshd", "sshd", "sudo", NULL };
	char text[NAIVE_TYPED] = "";

	memset(ask, 0, sizeof(*ask));
	ask->policy = &w->policy;
	ask->now = w->now;
	ask->door = (enum door)(world_chance(w, 10) ? DOOR_ADMIN :
	    world_chance(w, 70) ? DOOR_LOGIN : DOOR_PUBLIC);
	ask->earlier = world_chance(w, 60) ? 0 : world_draw(w, 6);
	ask->other_salt = world_chance(w, 5);
	ask->other_pass_salt = world_chance(w, 5);
	ask->ticket = world_chance(w, w->naive.devices + w->naive.codes == 0 ?
	    40 : 2);
	ask->service = services[world_draw(w, 4)];
	ask->broken = world_chance(w, 2) ?
	    world_draw(w, ACCOUNT_CREDENTIALS_MAX) + 1 : 0;
	if (ask->ticket) {
		ask->earlier = 0;	/* no app code was typed before */
		if (world_chance(w, 80))
			ask->door = DOOR_PUBLIC;
	}
	if (ask->ticket && world_chance(w, 60))
		strcpy(text, w->naive.pass[1].code);
	else if (!w->eager && world_chance(w, w->guesses))
		type_wrong(w, text);
	else if (!w->eager && world_chance(w, 6))
		type_odd(w, text);
	else
		type_right(w, text);
	dress(w, text, ask);
}
