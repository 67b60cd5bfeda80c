/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/output.h"

static struct {
	bool	hold;
	bool	gone;
	size_t	used;
	char	held[OUTPUT_HELD_MAX];
} output;

#define LINE_BYTES 1024

/* The line with its newline; its length, 0: none. */
static size_t __attribute__((format(printf, 2, 0)))
line(char text[LINE_BYTES], const char *format, va_list ap)
{
	int n = vsnprintf(text, LINE_BYTES - 1, format, ap);

	if (n < 0)
		return 0;
	if (n > LINE_BYTES - 2)
		n = LINE_BYTES - 2;
	text[n] = '\n';
	return (size_t)n + 1;
}

void
say(const struct call *call, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list ap;
	size_t len;

	output_flush(call);
	va_start(ap, format);
	len = line(text, format, ap);
	va_end(ap);
	terminal_write(call->terminal->err, text, len);
}

void
output_hold(void)
{
	output.hold = true;
}

bool
output_gone(void)
{
	return output.gone;
}

/* Not by say(): that flushes what has just failed. */
static void
complain(const struct call *call, int error)
{
	char text[LINE_BYTES];
	int n;

	n = snprintf(text, sizeof(text), "The results cannot be written: "
	    "%s.\nNext: make room there, then once more.\n",
	    strerror(error));
	if (n > 0 && n < (int)sizeof(text))
		terminal_write(call->terminal->err, text, (size_t)n);
}

static bool
put(const struct call *call, const char *text, size_t len)
{
	if (output.gone)
		return false;
	if (terminal_write(call->terminal->out, text, len))
		return true;
	output.gone = true;
	output.used = 0;
	if (errno != EPIPE)
		complain(call, errno);
	return false;
}

bool
output_flush(const struct call *call)
{
	size_t used = output.used;

	output.used = 0;
	return used == 0 ? !output.gone : put(call, output.held, used);
}

bool
output_write(const struct call *call, const char *text, size_t len)
{
	if (!output.hold || len > sizeof(output.held))
		return output_flush(call) && put(call, text, len);
	if (len > sizeof(output.held) - output.used && !output_flush(call))
		return false;
	if (output.gone)
		return false;
	memcpy(output.held + output.used, text, len);
	output.used += len;
	return true;
}

void
result(const struct call *call, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list ap;
	size_t len;

	/* Its results are the documents. */
	if (call_has(call, OPTION_JSON) && !call_has(call, OPTION_HELP))
		return;
	va_start(ap, format);
	len = line(text, format, ap);
	va_end(ap);
	output_write(call, text, len);
}
