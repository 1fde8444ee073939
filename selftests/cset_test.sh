#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Debian's cset, unchanged: CPUs are shielded, programs run in the shield and are moved
# into it and out of it, and all is given back.
#
# Functions are run by check.
# shellcheck disable=SC2015,SC2086,SC2317

cset=/usr/bin/cset
# shellcheck source-path=SCRIPTDIR source=rc_check.sh
. "${0%/*}/rc_check.sh"

needs cpuset $cset

# says WANT COMMAND...: does it succeed and print that somewhere?
says()
{
	want=$1
	shift
	got=$("$@" 2>&1) && echo "$got" | grep -q -e "$want" || {
		echo "# $*: got '$got', wanted '$want'"
		return 1
	}
}

# on CPUS PID SET: has it those, being in that set?
on()
{
	says "^Cpus_allowed_list:.$1\$" grep Cpus_allowed_list: /proc/$2/status &&
		says "^$3\$" cat /proc/$2/cpuset
}

# It is the first that makes the hierarchy, and mounts it.
echo "TAP version 13"
mkdir /cpusets 2> /dev/null
check "shield" says "activating shielding" $cset shield -c 2-3 -k on
check "the rest is in the other set" on 0-1 $$ /system
check "the set of the shield" says "^2-3\$" cat /proc/rc/cpuset/user/cpus
check "exclusive" says "^1\$" cat /proc/rc/cpuset/user/cpu_exclusive
check "run in the shield" says "^Cpus_allowed_list:.2-3\$" \
	$cset shield --exec -- grep Cpus_allowed_list /proc/self/status
sleep 1000 &
pid=$!
check "begins outside" on 0-1 $pid /system
check "shielded" says "done" $cset shield --shield --pid $pid
check "is inside" on 2-3 $pid /user
check "listed" says "sleep 1000" $cset shield --shield -v
check "unshielded" says "done" $cset shield --unshield --pid $pid
check "is outside" on 0-1 $pid /system
check "a set of one's own" says "" $cset set --cpu 1 --mem 0 --set /system/mine
check "moved to it" says "done" $cset proc --move --pid $pid --toset /system/mine
check "is there" on 1 $pid /system/mine
check "sets are listed" says "mine" $cset set --list --recurse
check "and destroyed" says "done" $cset set --destroy --set /system/mine
check "its task is above" on 0-1 $pid /system
check "the shield's end" says "done" $cset shield --reset
check "all CPUs are back" on 0-3 $pid /
kill $pid
check "no set is left" says "^0\$" sh -c "ls -d /proc/rc/cpuset/*/ 2> /dev/null | wc -l"
umount /cpusets
rmdir /cpusets /proc/rc/cpuset
echo "1..$n"
exit $failed
