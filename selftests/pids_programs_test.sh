#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Programs that make many processes and threads, hackbench and stress-ng of Debian's, in
# groups that have room for them, and in some that have not.
#
# Functions are run by check.
# shellcheck disable=SC2015,SC2086,SC2317

hackbench=/usr/bin/hackbench
stress=/usr/bin/stress-ng
hier=/proc/rc/pids
out=/tmp/pids_programs_test.out
# shellcheck source-path=SCRIPTDIR source=rc_check.sh
. "${0%/*}/rc_check.sh"
needs pids $hackbench $stress

# run GROUP COMMAND...: its status
run()
{
	grp=$1
	shift
	sh -c 'echo 0 > $0/procs && exec "$@"' $hier/$grp "$@" > $out 2>&1
}

# Its workers are 40, and it itself.
hack()
{
	grp=$1
	shift
	run $grp $hackbench -g 1 -l 20 "$@"
}

# Two of its workers have a child each, again and again.
stress()
{
	run $1 $stress --fork 2 --fork-max 1 --fork-ops 200 --temp-path /tmp
}

# is FILE WANT: does it show that?
is()
{
	read -r got < $hier/$1 && [ "$got" = "$2" ] || {
		echo "# $1: got '$got', wanted '$2'"
		return 1
	}
}

# empty GROUP: is nobody left there, as soon as all have been reaped?
empty()
{
	for _ in $(seq 300); do
		read -r left < $hier/$1/pids.current && [ "$left" = 0 ] && return
		sleep 0.1
	done
	return 1
}

hack_with_room()
{
	hack $1 $2 && is $1/pids.peak 41 && is $1/pids.events "max 0" && empty $1
}

# It forgets a worker of those that it has then.
hack_without_room()
{
	! hack $1 $2 && grep -q 'Resource temporarily unavailable' $out &&
		is $1/pids.peak 20 && ! is $1/pids.events "max 0" > /dev/null || return
	while read -r left; do
		kill -9 $left
	done < $hier/$1/procs
	empty $1
}

# It, its workers and their children.
stress_with_room()
{
	stress $1 && is $1/pids.peak 5 && is $1/pids.events "max 0" && empty $1
}

# A worker that cannot fork tries again: one of them always can.
stress_without_room()
{
	stress $1 && is $1/pids.peak 4 && ! is $1/pids.events "max 0" > /dev/null && empty $1
}

echo "TAP version 13"
mkdir $hier
for how in process threads; do
	mkdir $hier/$how $hier/$how-few
	echo 100 > $hier/$how/pids.max
	echo 20 > $hier/$how-few/pids.max
	check "$how with room" hack_with_room $how --$how
	# It never ends when it does not get all of its threads.
	[ $how = threads ] || check "$how without room" hack_without_room $how-few --$how
	rmdir $hier/$how $hier/$how-few
done
mkdir $hier/stress $hier/stress-few
echo 5 > $hier/stress/pids.max
echo 4 > $hier/stress-few/pids.max
check "stress with room" stress_with_room stress
check "stress without room" stress_without_room stress-few
rmdir $hier/stress $hier/stress-few
rmdir $hier
rm -f $out
echo "1..$n"
exit $failed
