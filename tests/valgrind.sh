#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# tests/valgrind.sh PROGRAM [ARGUMENT...]: one test program of `make
# check-valgrind`. It fails by itself, by a bad read or write, by a leak, and
# by a descriptor that is open at its end and was not at its beginning.
# A child is looked at up to its exec, but for what its end leaves: it has all
# that its parent had.

set -u

log=$(mktemp "${TMPDIR:-/tmp}/stepup-valgrind.XXXXXX") || exit 99
trap 'rm -f "$log" "$log".*' EXIT

# Programs that put this before themselves (shim.h) find it there.
shim=$PWD/tests/integration/.libs/shim_root.so
if grep -q 'shim_root.so cannot be loaded' "$1"; then
	export LD_PRELOAD="$shim"
fi

# Tests that try every n-th of something take longer steps, and say so
# (rounds() in tests/unit/unit.h).
# A thread that runs has memory that only its own stack knows: "possible".
STEPUP_VALGRIND=1 valgrind -q --error-exitcode=99 --leak-check=full \
    --errors-for-leak-kinds=definite,indirect \
    --show-leak-kinds=definite,indirect --track-fds=yes --child-silent-after-fork=yes --log-file="$log" \
    --suppressions="$(dirname "$0")/valgrind.supp" "$@"
status=$?
unset LD_PRELOAD

# An entry is a line and what is indented below it. Left out: what was open
# before, and the log's socket, which a process keeps (daemon/log.c).
left=$(awk '
	function entry() {
		if (text != "" && text !~ /<inherited from parent>/ &&
		    text !~ /\(log\.c:/)
			printf "%s", text
		text = ""
	}
	{ sub(/^==[0-9]+== ?/, "") }
	/^Open (file descriptor|AF_[A-Z0-9]+ socket) [0-9]+:?/ {
		entry(); text = $0 "\n"; next
	}
	/^ / && text != "" { text = text $0 "\n"; next }
	{ entry() }
	END { entry() }' "$log")
[ "$status" = 0 ] && [ -z "$left" ] && exit 0
sed '/FILE DESCRIPTORS:/,$d' "$log"
[ -z "$left" ] || printf 'left open:\n%s\n' "$left"
[ "$status" != 0 ] || status=98
exit "$status"
