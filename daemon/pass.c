/* SPDX-License-Identifier: BSD-2-Clause */
#include <sys/random.h>

#include <string.h>

#include "common/text.h"
#include "daemon/pass.h"

enum pass_state
pass_state(const struct pass *p, bool clock_ok, int64_t now)
{
	if (p->created_at <= 0)
		return PASS_NONE;
	if (p->used_at != 0)
		return PASS_USED;
	if (!clock_ok || now < p->created_at || now >= p->expires_at ||
	    p->seen_at >= p->expires_at ||
	    p->expires_at - p->created_at > PASS_TTL_MAX)
		return PASS_OVER;
	return PASS_LIVE;
}

bool
pass_here(const struct pass *p, enum door door, const char *service)
{
	if (p->service[0] == '\0')
		return true;
	return door == DOOR_LOGIN && service != NULL &&
	    strcmp(p->service, service) == 0;
}

bool
pass_stale(const struct pass *p, const struct answer *answer)
{
	return p->created_at != 0 &&
	    !text_equal(p->salt, answer->pass_salt, RECOVERY_SALT);
}

void
pass_seen(struct pass *p, int64_t now)
{
	if (p->created_at > 0 && now > p->seen_at)
		p->seen_at = now;
}

bool
pass_overdue(struct pass *p, int64_t now)
{
	if (p->created_at <= 0 || p->used_at != 0 || now < p->expires_at ||
	    p->seen_at >= p->expires_at)
		return false;
	p->seen_at = now;
	return true;
}

void
pass_use(struct pass *p, int64_t now)
{
	p->used_at = now > 0 ? now : 1;
}

bool
pass_make(struct pass *p, uint32_t ttl, int64_t now,
    char code[RECOVERY_LENGTH + 1])
{
	memset(p, 0, sizeof(*p));
	memset(code, 0, RECOVERY_LENGTH + 1);
	if (ttl < PASS_TTL_MIN || ttl > PASS_TTL_MAX || now <= 0 ||
	    now > INT64_MAX - PASS_TTL_MAX || getrandom(p->salt,
	    sizeof(p->salt), 0) != (ssize_t)sizeof(p->salt))
		return false;
	p->rounds = RECOVERY_ROUNDS;
	if (!recovery_generate(code) ||
	    !recovery_hash(code, p->salt, p->rounds, p->hash)) {
		explicit_bzero(code, RECOVERY_LENGTH + 1);
		explicit_bzero(p, sizeof(*p));
		return false;
	}
	p->created_at = now;
	p->expires_at = now + ttl;
	return true;
}

bool
pass_service(const char *name, char out[PASS_SERVICE_MAX + 1])
{
	size_t i, len = strlen(name);
	char c;

	memset(out, 0, PASS_SERVICE_MAX + 1);
	if (len == 0 || len > PASS_SERVICE_MAX)
		return false;
	for (i = 0; i < len; i++) {
		c = name[i];
		if (c < 0x21 || c > 0x7e || c == '/') {
			memset(out, 0, PASS_SERVICE_MAX + 1);
			return false;
		}
		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return true;
}
