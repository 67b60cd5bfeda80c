#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The manual knows every setting, module argument, outcome, command, option
# and exit status, and nothing that is not there.  What is there is read
# from the tables in the sources: whoever adds a row adds a sentence.
# Run by `make check`, which sets the variables; by hand from the top.

set -u
cd "${abs_srcdir:-.}" || exit 1
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

# both NAME MINIMUM CODE PAGE: two lists with the same words; a list of the
# code shorter than it ever was means that the table is written otherwise
both()
{
	sort -u "$3" >"$tmp/code"
	sort -u "$4" >"$tmp/page"
	{
		[ "$(wc -l <"$tmp/code")" -ge "$2" ] ||
		    echo "the sources: less than $2 found, is the table read?"
		comm -23 "$tmp/code" "$tmp/page" |
		    sed 's/.*/& is not in the manual/'
		comm -13 "$tmp/code" "$tmp/page" |
		    sed 's/.*/& is in the manual alone/'
	} >"$tmp/complaints"
	row "$1" "$tmp/complaints"
}

# items MACRO PAGE...: first words of the list items with that macro
items()
{
	macro=$1
	shift
	sed -n "s/^\\.It $macro \\([^ ]*\\).*/\\1/p" "$@"
}

sed -n -e 's/.*\.name = "\([a-z_]*\)".*/\1/p' \
    -e 's/.*NUMBER([a-z_.]*, "\([a-z_]*\)".*/\1/p' \
    daemon/settings_table.c >"$tmp/settings"
items Ic man/stepup.conf.5 >"$tmp/settings.page"
both man_settings 15 "$tmp/settings" "$tmp/settings.page"

# Each setting says what it is when nobody sets it.
awk '
	/^\.It Ic / { if (name != "" && !said) print name; name = $3; said = 0 }
	/[Dd]efault/ { said = 1 }
	/^\.S[hs] / { if (name != "" && !said) print name; name = "" }
' man/stepup.conf.5 | sed 's/$/: no default is told/' >"$tmp/defaults"
row man_settings_defaults "$tmp/defaults"

sed -n 's/^	{ "\([a-z]*\)", \(true\|false\), set_.*/\1/p' common/options.c \
    >"$tmp/arguments"
sed -n '/^The arguments are/,/^\.Ss/p' man/pam_stepup.8 >"$tmp/part"
items Cm "$tmp/part" >"$tmp/arguments.page"
both man_module_arguments 7 "$tmp/arguments" "$tmp/arguments.page"

sed -n 's/.*\.audit = "\([a-z.]*\)".*/\1/p' common/outcome.c >"$tmp/outcomes"
items Sy man/pam_stepup.8 man/stepupd.8 >"$tmp/outcomes.page"
both man_outcomes 30 "$tmp/outcomes" "$tmp/outcomes.page"

# What the manual says of PAM codes is what the table says.
tr '\n' ' ' <common/outcome.c | sed 's/\[OUT_/\n&/g' |
    sed -n 's/.*\.audit = "\([a-z.]*\)", *\.pam = \(PAM_[A-Z_]*\),.*/\1 \2/p' |
    while read -r name pam; do
	said=$(awk -v name="$name" '
		/^\.(It|El|Sh)/ { on = ($3 == name) }
		on && /^\.Pq Dv/ { print $3 }' man/pam_stepup.8)
	case $name:$pam in
	fail.*:PAM_SERVICE_ERR | ask:*) pam= ;;
	esac
	grep -q "^\\.It Sy $name\$" man/pam_stepup.8 || continue
	[ "$said" = "$pam" ] ||
	    echo "$name is ${pam:-no exception}, the manual says ${said:-none}"
done >"$tmp/pam"
row man_outcomes_pam_codes "$tmp/pam"

sed -n 's/^	{ "\([a-z]*\)", [a-z]*_run,.*/\1/p' cli/commands.c \
    >"$tmp/commands"
sed -n '/^The commands are/,/^Options of every/p' man/stepup.1 >"$tmp/part"
items Cm "$tmp/part" >"$tmp/commands.page"
both man_commands 3 "$tmp/commands" "$tmp/commands.page"

# { "replace", no_argument, NULL, 'r' } is -r and --replace, another with
# LONG(...) has no letter
sed -n -e "s/^	{ \"\([a-z-]*\)\", [a-z]*_argument, NULL, '\(.\)' },.*/\2 --\1/p" \
    -e 's/^	{ "\([a-z-]*\)", [a-z]*_argument, NULL, LONG(.*/--\1/p' \
    cli/commands.c | tr ' ' '\n' >"$tmp/options"
sed -n -e 's/^\.It Fl \([a-z]\) .*Fl -\([a-z-]*\).*/\1\n--\2/p' \
    -e 's/^\.It Fl -\([a-z-]*\).*/--\1/p' man/stepup.1 \
    >"$tmp/options.page"
both man_options 8 "$tmp/options" "$tmp/options.page"

{
	sed -n 's/^	{ "-*\([a-z]*\)", \(true\|false\), mode_.*/\1/p' \
	    daemon/main.c
	grep -o 'strcmp(argv\[[0-9]*\], "-[^"]*"' daemon/main.c |
	    sed 's/.*"-*\([a-z]*\)"/\1/'
} >"$tmp/modes"
items Fl man/stepupd.8 | sed 's/^-//' >"$tmp/modes.page"
both man_stepupd_options 7 "$tmp/modes" "$tmp/modes.page"

sed -n 's/^	EXIT_[A-Z_]* = \([0-9]*\).*/\1/p' cli/subcommands.h >"$tmp/exit"
sed -n '/^\.Sh EXIT STATUS/,/^\.Sh EX/p' man/stepup.1 |
    sed -n 's/^\.It \([0-9]*\)$/\1/p' >"$tmp/exit.page"
both man_exit_status 6 "$tmp/exit" "$tmp/exit.page"

if command -v mandoc >/dev/null 2>&1; then
	for page in man/*.[1-8]; do
		# Which other pages are installed is no concern of ours.
		mandoc -Tlint -Wstyle "$page" 2>/dev/null |
		    grep -v 'referenced manual not found'
	done >"$tmp/lint"
	row man_lint "$tmp/lint"
else
	echo 'skip man_lint: no mandoc'
fi

exit $bad
