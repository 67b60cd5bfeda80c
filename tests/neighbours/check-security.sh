#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every test that SECURITY.md names is there.

set -eu
top=${abs_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
text=$top/SECURITY.md
bad=0 count=0

names=$(grep -o '`[a-z]*: [a-z0-9_]*`\|`tests/[a-z]*/test_[a-z_]*`' "$text" |
    tr -d '`' | tr ' ' '=' | sort -u)
for name in $names; do
	count=$((count + 1))
	case $name in
	tests/*)
		[ -f "$top/$name.c" ] && continue ;;
	*)
		# Some rows have their names from a table.
		grep -q "\"${name#*:=}\"" "$top/tests/${name%%:*}"/*.py &&
		    continue ;;
	esac
	echo "SECURITY.md names $name, which is not there"
	bad=1
done
if [ "$count" -lt 30 ]; then
	echo "only $count names found in SECURITY.md"
	bad=1
fi
if [ "$bad" = 0 ]; then
	echo 'ok security_names_tests'
else
	echo 'not ok security_names_tests'
fi
exit "$bad"
