#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A program that makes many processes and threads, hackbench of Debian's, in groups that
# have room for them, and in some that have not.
#
# Functions are run by check.
# shellcheck disable=SC2015,SC2086,SC2317

hackbench=/usr/bin/hackbench
hier=/proc/rc/pids
out=/tmp/pids_programs_test.out
# shellcheck source-path=SCRIPTDIR source=rc_check.sh
. "${0%/*}/rc_check.sh"

if [ ! -x $hackbench ]; then
	echo "1..0 # SKIP there is no $hackbench"
	exit 4
fi
grep -q '^pids' /proc/rc/subsystems 2> /dev/null || {
	echo "1..0 # SKIP kernel without CONFIG_RC_PIDS"
	exit 4
}

# run GROUP OPTION...: its workers are 40, and it itself; its status
run()
{
	grp=$1
	shift
	sh -c 'echo 0 > $0/procs && exec "$@"' $hier/$grp $hackbench -g 1 -l 20 "$@" > $out 2>&1
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

has_room()
{
	run $1 $2 && is $1/pids.peak 41 && is $1/pids.events "max 0" && empty $1
}

has_none()
{
	! run $1 $2 && grep -q 'Resource temporarily unavailable' $out &&
		is $1/pids.peak 20 && ! is $1/pids.events "max 0" > /dev/null && empty $1
}

echo "TAP version 13"
mkdir $hier
for how in process threads; do
	mkdir $hier/$how $hier/$how-few
	echo 100 > $hier/$how/pids.max
	echo 20 > $hier/$how-few/pids.max
	check "$how with room" has_room $how --$how
	# It never ends when it does not get all of its threads.
	[ $how = threads ] || check "$how without room" has_none $how-few --$how
	rmdir $hier/$how $hier/$how-few
done
rmdir $hier
rm -f $out
echo "1..$n"
exit $failed
