#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What the build promises: who includes what, what is exported and linked,
# which files the Makefile knows, units that systemd accepts. Run by
# `make check`, which sets the variables.

set -u
: "${abs_srcdir:?}" "${abs_builddir:?}"
CC=${CC:-cc} NM=${NM:-nm}
cd "$abs_srcdir" || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0

# row NAME FILE: the row is fine when FILE, a list of complaints, is empty
row()
{
	if [ -s "$2" ]; then
		sed 's/^/  /' "$2"
		echo "not ok $1"
		bad=1
	else
		echo "ok $1"
	fi
}

sources() { find common daemon pam cli tests -name "$1" | sort; }

# Each file says its licence, scripts in their second line.
for file in $(sources '*.[ch]') configure.ac Makefile.am bootstrap .ci/run \
    units/*.in $(find tests -name '*.sh' -o -name '*.py'); do
	sed 2q "$file" | grep -q 'SPDX-License-Identifier: BSD-2-Clause' ||
	    echo "$file: no SPDX line"
done >"$tmp/spdx"
row build_licence_lines "$tmp/spdx"

# A header needs nothing that was included before it.
for file in $(find common daemon pam cli -name '*.h' | sort); do
	printf '#include "%s"\nint build_test;\n' "$file" >"$tmp/alone.c"
	# shellcheck disable=SC2086
	$CC -std=gnu11 -fsyntax-only -include "$abs_builddir/config.h" \
	    ${TEST_INCLUDES-} -I. -I"$abs_builddir" "$tmp/alone.c" 2>&1
done >"$tmp/alone"
row build_headers_compile_alone "$tmp/alone"

# A folder sees common/ and itself.
{
	for folder in common daemon pam cli; do
		grep -rnE --include='*.[ch]' '^#[[:space:]]*include "[^"]*/' \
		    "$folder" | grep -vE "\"(common|$folder)/"
	done
	# The libraries stay where they belong.
	grep -nE '<(sqlite3|openssl/|libconfig)' common/*.[ch] pam/*.[ch] \
	    cli/*.[ch] cli/*/*.[ch]
	grep -ln '<sqlite3' daemon/*.[ch] | grep -v '^daemon/store_sqlite'
} >"$tmp/includes"
row build_folders_see_common_only "$tmp/includes"

# Everything that is there is built or distributed; a corpus goes whole.
find common daemon pam cli tests units man -type f 2>/dev/null |
    grep -vE '\.py[co]$|~$|\.swp$|^tests/(fuzz/corpus|doctor/cases)/' | sort | while read -r file; do
	grep -qF "$file" Makefile.am || echo "$file: not in Makefile.am"
done >"$tmp/listed"
row build_files_are_listed "$tmp/listed"

# Each test runs: a lost backslash shortens a list without a word.
for file in tests/*/test_*.c tests/*/test_*.sh tests/*/test_*.py; do
	[ ! -f "$file" ] || case " ${TEST_LIST-} " in
	*" ${file%.c} "*|*" $file "*) ;;
	*) echo "$file: not in TESTS" ;;
	esac
done >"$tmp/tests"
row build_tests_all_run "$tmp/tests"

# The module: six names out, libpam and the C library in.
module=$abs_builddir/pam/.libs/pam_stepup.so
printf 'pam_sm_%s\n' acct_mgmt authenticate chauthtok close_session \
    open_session setcred >"$tmp/want"
$NM -D --defined-only "$module" 2>&1 | awk '{ print $NF }' |
    grep -v '^STEPUP\|@@' | sort >"$tmp/have"
diff "$tmp/want" "$tmp/have" >"$tmp/exports" 2>&1
row build_module_exports_six_names "$tmp/exports"

needed()
{
	objdump -p "$1" | awk '/NEEDED/ { sub(/\.so.*/, "", $2); print $2 }'
}
{
	needed "$module" 2>&1 | grep -vxE 'libpam|libc|ld-linux.*'
	needed "$module" 2>&1 | grep -qx libpam || echo 'libpam: not linked'
} >"$tmp/module"
row build_module_links_libpam_only "$tmp/module"

program=$abs_builddir/stepup
{
	needed "$program" 2>&1 | grep -E 'sqlite|crypto|ssl|pam|config'
	needed "$program" 2>&1 | grep -qx libqrencode ||
	    echo 'libqrencode: not linked'
} >"$tmp/cli"
row build_cli_links_no_store "$tmp/cli"

exit $bad
