#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# rcls, rcexec and rcmove of the patched procps on a kernel with groups: what they list
# is what the files say, groups that rcexec has made go away and no others, tasks are
# where they were moved, and a refusal is told in the kernel's words.
# Functions are run by check, and lists of ids are taken apart by word splitting.
# shellcheck disable=SC2086,SC2317

acct=/proc/rc/cpuacct,pids
jobs=/proc/rc/jobs
out=/tmp/procps_groups_test.out
pids=""
# shellcheck source-path=SCRIPTDIR source=rc_check.sh
. "${0%/*}/rc_check.sh"
needs pids /bin/rcls /bin/rcexec /bin/rcmove

# Compares what was got with what was wanted.
is()
{
	[ "$1" = "$2" ] || {
		echo "# got '$1', wanted '$2'"
		return 1
	}
}

# Waits for something that must come.
until_true()
{
	i=0
	until "$@"; do
		i=$((i + 1))
		[ $i -lt 200 ] || return 1
		usleep 50000
	done
}

start()
{
	sleep 1000 &
	pids="$pids $!"
	last=$!
}

cleanup()
{
	kill -9 $pids 2> /dev/null
	wait 2> /dev/null
	rm -f $out
	until_true rmdir $jobs/x $acct/web/a $acct/web $jobs $acct 2> /dev/null
	until_true [ ! -d $jobs ]
}
trap cleanup EXIT

# What the kernel has said last, as messages end with it.
words()
{
	[ -e /proc/rc/errors ] || return 0
	echo " ($(tail -n 1 /proc/rc/errors | cut -f 5))"
}

echo "TAP version 13"
mkdir $acct $jobs $acct/web $acct/web/a $jobs/x || exit 1
start; p1=$last
start; p2=$last
echo $p1 > $acct/web/a/procs
echo 20 > $acct/web/a/pids.max

lists_groups()
{
	is "$(rcls 'cpuacct\,pids:/web' | tr -s ' ' | cut -d ' ' -f 1-3,6)" \
"GROUP TASKS PROCS PIDS
cpuacct\\,pids:/web 0 0 1
cpuacct\\,pids:/web/a 1 1 1/20"
}
check "rcls lists groups" lists_groups
check "rcls counts the tasks of a root group" is \
	"$(rcls jobs | awk '/jobs:\/ / { print ($2 > 5) }')" 1
check "rcls --tree" is "$(rcls -t 'cpuacct\,pids:/web' | awk 'END { print $1 }')" a
check "rcls --json" is \
	"$(rcls -j jobs | grep -c '{"path":"/x","tasks":0,"procs":0,"populated":false}')" 1
check "rcls of no group" is "$(rcls jobs:/nix > /dev/null 2>&1; echo $?)" 3

check "rcexec runs a command in groups" is \
	"$(rcexec jobs:/x 'cpuacct\,pids:/web' cat /proc/self/rc)" \
"cpuacct,pids:cpuacct,pids:/web
jobs::/x"
check "rcexec has its status" is "$(rcexec jobs:/x sh -c 'exit 7'; echo $?)" 7
check "rcexec --control" is \
	"$(rcexec -d -c pids.max=9 'cpuacct\,pids:/web/n/m' cat $acct/web/n/m/pids.max)" 9
check "rcexec --delete has removed what it made" is "$(ls -d $acct/web/*/)" "$acct/web/a/"

# Those that end with the command are still leaving when it has ended. It has a process
# group of its own, of which the signal is.
ends_with_others()
{
	for i in 1 2 3 4 5; do
		rcexec -d jobs:/n setsid sh -c \
			'for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; kill -9 0' 2> $out
		if ! is $? 137 || [ -d $jobs/n ] || grep -q rcexec: $out; then
			sed 's/^/# /' $out
			return 1
		fi
	done
}
check "rcexec --delete waits for those that leave" ends_with_others

ended_by_signal()
{
	for sig in TERM HUP USR1; do
		rcexec -d jobs:/n sleep 1000 &
		until_true grep -q . $jobs/n/procs 2> /dev/null || return 1
		kill -$sig $!
		wait $!
		[ $? -gt 128 ] && [ ! -d $jobs/n ] || return 1
	done
}
check "rcexec --delete ends with the command" ended_by_signal

left_behind()
{
	rcexec -d jobs:/n sh -c 'sleep 1000 > /dev/null 2>&1 & exit 4' 2> $out
	is $? 4 && is "$(cut -d : -f 1-3 $out)" \
		"rcexec: cannot remove what was made for jobs:/n" || return 1
	kill -9 "$(cat $jobs/n/procs)"
	until_true rmdir $jobs/n 2> /dev/null
}
check "rcexec --delete leaves what is in use" left_behind

taken_over()
{
	rcexec -d jobs:/n sh -c "echo 0 > $jobs/procs; rmdir $jobs/n; mkdir $jobs/n" &&
		rmdir $jobs/n
}
check "rcexec --delete leaves another group of that name" taken_over

refused_value()
{
	rcexec -d -c pids.max=many 'cpuacct\,pids:/n' true 2> $out
	is $? 3 && is "$(cat $out)" \
		"rcexec: cannot set values of cpuacct\\,pids:/n: Invalid argument$(words)" &&
		[ ! -d $acct/n ]
}
check "rcexec says the kernel's words" refused_value

too_deep()
{
	path=$(yes /n | head -n 40 | tr -d '\n')
	rcexec -d "jobs:$path" true 2> $out
	is $? 3 && [ ! -d $jobs/n ] && grep -q 'No space left' $out
}
check "rcexec leaves nothing of what is too deep" too_deep

moves()
{
	rcmove jobs:/x $p1 $p2 && is "$(cat $jobs/x/procs)" "$(printf '%s\n' $p1 $p2 | sort -n)" &&
		is "$(rcmove -a -c jobs:/ --rcgroup jobs:/x)" 2 && is "$(cat $jobs/x/procs)" ""
}
check "rcmove moves processes" moves

refused_move()
{
	rcmove jobs:/x 2 $p1 2> $out
	is $? 1 && is "$(cat $out)" "rcmove: cannot move pid 2: Invalid argument$(words)" &&
		is "$(cat $jobs/x/procs)" "$p1"
}
check "rcmove goes on after what is refused, and says why" refused_move

echo "1..$n"
exit $failed
