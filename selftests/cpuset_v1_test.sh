#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The kernel's own tests of cgroup v1's cpuset, on groups. Nothing in them is
# changed but where the hierarchy is, and that names of files have no prefix.
# They need bash.
#
# Machine: numa
#
# Functions are run by check.
# shellcheck disable=SC2317,SC2086,SC2016

here=$(dirname "$0")
root=/proc/rc/cpuset
old=/tmp/dev-cpuset
copy=/tmp/cpuset_v1_test.copy
out=/tmp/cpuset_v1_test.out
group=/tmp/cpuset_v1_test.group
n=0
failed=0

if ! command -v bash > /dev/null; then
	echo "1..0 # SKIP there is no bash"
	exit 4
fi

# check NAME COMMAND...: one result of the test
check()
{
	n=$((n + 1))
	name=$1
	shift
	if "$@"; then
		echo "ok $n $name"
	else
		sed 's/^/# /' $out
		echo "not ok $n $name"
		failed=1
	fi
}

# run TEST SED-COMMAND: the test as changed by it; its status
run()
{
	sed -e "$2" -e 's/cpuset\.\([a-z]\)/\1/' "$here/$1" > $copy
	! grep -q 'cpuset\.[a-z]' $copy || return
	# One of them leaves a process behind.
	setsid sh -c 'echo $$ > "$0"; exec bash "$1"' $group $copy > $out 2>&1
	status=$?
	kill -9 -- "-$(cat $group)" 2> /dev/null
	return $status
}

# Does it pass, having tried each of the files that it names?
base_passes()
{
	files=$(grep -c "^	'cpuset\." "$here/test_cpuset_v1_base.sh")
	run test_cpuset_v1_base.sh "$1" && [ "$files" -gt 0 ] &&
		[ "$(grep -c '^testing ' $out)" = "$files" ] &&
		[ "$(tail -n 1 $out)" = "Test PASSED" ]
}

# hp_differs SED-COMMAND DIR: it wants to see the task in the parent of the set in DIR
# when the set's CPU has gone, and does not; all before that passes.
hp_differs()
{
	! run test_cpuset_v1_hp.sh "$1" || return
	grep -q '^cpuset /test[0-9]*, test FAILED!$' $out || return
	# The task has been killed.
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		rmdir "$2"/test* 2> /dev/null && return
		sleep 0.2
	done
	return 1
}

echo "TAP version 13"
mkdir $root $old || exit 1
there="s|^CPUSET=.*|CPUSET=$root|"
check "files of groups" base_passes "$there"
check "hotplug: a set keeps its tasks" hp_differs "$there" $root
rmdir $root

# As an old program has it, with no hierarchy to begin with.
mounted="s|^CPUSET=.*|CPUSET=$old|"
check "mount -t cpuset" mount -t cpuset none $old
check "files of groups, mounted" base_passes "$mounted"
check "hotplug: a set keeps its tasks, mounted" hp_differs "$mounted" $old
umount $old
rmdir $old $root
rm -f $copy $out $group
echo "1..$n"
exit $failed
