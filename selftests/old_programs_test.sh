#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Programs of Debian's that know "mount -t cpuset" from before there were cgroups:
# what they find, and that they find it.
#
# Functions are run by check.
# shellcheck disable=SC2015,SC2086,SC2317

bin=/usr/bin
old=/tmp/old-cpuset
# shellcheck source-path=SCRIPTDIR source=rc_check.sh
. "${0%/*}/rc_check.sh"

needs cpuset $bin/lstopo-no-graphics $bin/findmnt

# is WANT COMMAND...: does it succeed and print that?
is()
{
	want=$1
	shift
	got=$("$@" 2>&1) && [ "$got" = "$want" ] || {
		echo "# $*: got '$got', wanted '$want'"
		return 1
	}
}

pus()
{
	$bin/lstopo-no-graphics --only pu | wc -l
}

# allowed: the CPUs of a program that is bound to the first one that hwloc sees
allowed()
{
	$bin/hwloc-bind pu:0 -- sed -n 's/^Cpus_allowed_list:\t//p' /proc/self/status
}

# What the cset of Debian looks for, to mount nothing once more.
found_by_cset()
{
	sed -n 's/^[^ ]* \(\/.*\) cpuset .*/\1/p' /proc/mounts
}

echo "TAP version 13"
mkdir $old
check "mount" $bin/mount -t cpuset none $old
mkdir $old/two
echo 1-2 > $old/two/cpus
echo 0 > $old/two/mems
echo $$ > $old/two/tasks
check "hwloc: processing units of a set" is 2 pus
check "hwloc: bound to the first of them" is 1 allowed
check "findmnt" is $old $bin/findmnt -n -t cpuset -o TARGET
check "df" is $old sh -c "$bin/df -a -t cpuset --output=target | tail -n 1"
check "cset" is $old found_by_cset
check "remount, read-only" $bin/mount -o remount,ro $old
check "is read-only" is "" sh -c "! echo 0 2> /dev/null > $old/two/memory_migrate"
check "and back" $bin/mount -o remount,rw $old
echo $$ > $old/cgroup.procs
rmdir $old/two
check "umount" $bin/umount -a -t cpuset
check "is gone" is "" found_by_cset
rmdir $old /proc/rc/cpuset
echo "1..$n"
exit $failed
