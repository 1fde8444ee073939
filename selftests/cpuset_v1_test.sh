#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The kernel's own tests of cgroup v1's cpuset, on groups. Nothing in them is
# changed but where the hierarchy is, and that names of files have no prefix.
# They need bash.
#
# Machine: numa
#
# Functions are run by check.
# shellcheck disable=SC2317

here=$(dirname "$0")
root=/proc/rc/cpuset
old=/tmp/dev-cpuset
copy=/tmp/cpuset_v1_test.copy
out=/tmp/cpuset_v1_test.out
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
		sed 's/^/# /' "$out"
		echo "not ok $n $name"
		failed=1
	fi
}

# run TEST SED-COMMAND: the test as changed by it; its status
run()
{
	sed -e "$2" -e 's/cpuset\.\([a-z]\)/\1/' "$here/$1" > "$copy"
	! grep -q 'cpuset\.[a-z]' "$copy" || return
	bash "$copy" > "$out" 2>&1
}

# Does it pass, having tried each of the files that it names?
base_passes()
{
	files=$(grep -c "^	'cpuset\." "$here/test_cpuset_v1_base.sh")
	run test_cpuset_v1_base.sh "$1" && [ "$files" -gt 0 ] &&
		[ "$(grep -c '^testing ' "$out")" = "$files" ] &&
		[ "$(tail -n 1 "$out")" = "Test PASSED" ]
}

# Tasks of a group without CPUs stay its own, and run elsewhere meanwhile; they
# are not moved away for good, as by cgroups. All else has to be as it says.
hp_finds_difference()
{
	! run test_cpuset_v1_hp.sh "$1" &&
		grep -q '^cpuset /test[0-9]*, test FAILED!$' "$out"
}

# The first test of two has left its group, with a task in it.
clean()
{
	for left in "$root"/test*; do
		[ -d "$left" ] || continue
		while read -r pid; do
			kill "$pid"
		done < "$left/tasks"
		until rmdir "$left" 2> /dev/null; do
			usleep 10000
		done
	done
}

echo "TAP version 13"
mkdir $root $old || exit 1
there="s|^CPUSET=.*|CPUSET=$root|"
check "files of groups" base_passes "$there"
check "hotplug, but that tasks stay" hp_finds_difference "$there"
clean
rmdir $root

# As an old program has it, with no hierarchy to begin with.
mounted="s|mount -t cgroup|mount -t cpuset|"
check "mount -t cpuset" mount -t cpuset none $old
check "files of groups, mounted" base_passes "$mounted"
check "hotplug, mounted" hp_finds_difference "$mounted"
clean
umount $old
rmdir $old $root
rm -f "$copy" "$out"
echo "1..$n"
exit $failed
