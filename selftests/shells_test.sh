#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The loop with which everybody moves all tasks of a group, in each shell that is
# there: they read a line in different ways, and none may leave a task behind.
#
# What one shell is given to run is expanded by it; functions are run by check.
# shellcheck disable=SC2013,SC2016,SC2046,SC2086,SC2317

hier=/proc/rc/ksft-shells
pids=/tmp/shells_test.pids
nr=60
# shellcheck source-path=SCRIPTDIR source=rc_check.sh
. "${0%/*}/rc_check.sh"

# empties SHELL FILE: does it move all from a to b?  Then they go back.
empties()
{
	$1 -c 'while read p; do echo $p > $1/b/$2; done < $1/a/$2' sh $hier $2
	left=$(wc -l < $hier/a/$2)
	for p in $(cat $hier/b/tasks); do
		echo $p > $hier/a/tasks
	done
	[ $left = 0 ] || {
		echo "# $left of $nr are left"
		return 1
	}
}

# copies SHELL: does it write what ps prints, and to the end of the file?
copies()
{
	$1 -c 'printf "    %s\r\n" $2 >> $1/b/tasks' sh $hier $(head -n 1 $hier/a/tasks)
	moved=$(wc -l < $hier/b/tasks)
	cat $hier/b/tasks > $hier/a/tasks
	[ $moved = 1 ]
}

echo "TAP version 13"
mkdir $hier $hier/a $hier/b || exit 1
for _ in $(seq $nr); do
	sleep 1000 &
	echo $!
done > $pids
for p in $(cat $pids); do
	echo $p > $hier/a/tasks
done
for shell in "busybox sh" bash dash mksh zsh; do
	path=$(PATH=/bin:/usr/bin command -v ${shell%% *}) || {
		n=$((n + 1))
		echo "ok $n $shell # SKIP it is not there"
		continue
	}
	for file in tasks procs; do
		check "$shell: all of $file" empties "$path ${shell#"${shell%% *}"}" $file
	done
	check "$shell: appends with blanks" copies "$path ${shell#"${shell%% *}"}"
done
kill $(cat $pids)
wait
rmdir $hier/a $hier/b $hier
rm $pids
echo "1..$n"
exit $failed
