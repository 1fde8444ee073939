#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The kernel's own tests of cgroup v2's cpusets: what they say before a hierarchy of
# groups has had the controller they say after it too, and that is that all is well.
# Nothing in them is changed. They need bash, and lscpu and fmt as Debian has them.
#
# Kernel: CPUSETS_CGROUP
# Machine: numa
#
# Functions are run by check; no path has a blank.
# shellcheck disable=SC2317,SC2086

here=$(dirname "$0")
root=/proc/rc/cpuset
cgroups=/tmp/cpuset_cgroup_test
copy=$cgroups.copy
out=$cgroups.out
# Where their programs may be, but not those that busybox has.
PATH=$PATH:$here:/usr/bin
n=0
failed=0

if ! grep -q '^cpuset	' /proc/cgroups; then
	echo "1..0 # SKIP kernel without cpusets of cgroups"
	exit 4
fi

check()
{
	n=$((n + 1))
	name=$1
	shift
	if "$@" > $out 2>&1; then
		echo "ok $n $name"
	else
		tail -n 20 $out | sed 's/^/# /'
		echo "not ok $n $name"
		failed=1
	fi
}

# The script, which looks for its helper beside itself and calls it by its name.
partitions()
{
	bash $copy/test_cpuset_prs.sh
	[ "$(tail -n 1 $out)" = "All tests PASSED." ] &&
		! grep -q SKIPPED $out
}

# All of its results are good, and there are some.
permissions()
{
	cgroup_cpuset_test
	grep -q '^ok' $out && ! grep -q '^not ok\|SKIP' $out
}

# With a group that has what cgroup's sets are to have after it.
groups()
{
	mkdir $root $root/a && echo 1-3 > $root/a/cpus && echo 0 > $root/a/mems &&
		echo 1 > $root/a/cpu_exclusive && echo 0 > $root/sched_load_balance &&
		! grep -q cpuset $cgroups/cgroup.controllers &&
		rmdir $root/a $root && grep -q cpuset $cgroups/cgroup.controllers
}

# What they leave behind.
nothing_left()
{
	echo -cpuset > $cgroups/cgroup.subtree_control &&
		[ "$(cat $cgroups/cpuset.cpus.effective)" = "$cpus" ]
}

echo "TAP version 13"
mkdir $cgroups $copy && mount -t cgroup2 none $cgroups || exit 1
cp "$here/test_cpuset_prs.sh" "$(command -v wait_inotify)" $copy || exit 1
cpus=$(cat $cgroups/cpuset.cpus.effective)
for when in before after; do
	check "partitions, $when" partitions
	check "permissions, $when" permissions
	check "nothing left, $when" nothing_left
	[ $when = after ] || check "sets of groups" groups
done
umount $cgroups
rmdir $cgroups
rm -rf $out $copy
echo "1..$n"
exit $failed
