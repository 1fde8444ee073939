# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What the tests that are shell scripts have in common. They read this, and say at
# their ends what came of it.
# shellcheck disable=SC2034

n=0
failed=0

# check NAME COMMAND...: one result of the test
check()
{
	n=$((n + 1))
	name=$1
	shift
	if "$@"; then
		echo "ok $n $name"
	else
		echo "not ok $n $name"
		failed=1
	fi
}

# needs CONTROLLER PROGRAM...: skips the test where there are not these
needs()
{
	controller=$1
	shift
	for program; do
		[ -x "$program" ] || {
			echo "1..0 # SKIP there is no $program"
			exit 4
		}
	done
	grep -q "^$controller\>" /proc/rc/subsystems 2> /dev/null || {
		echo "1..0 # SKIP kernel without the controller $controller"
		exit 4
	}
}
