# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What tests in a Debian with systemd have in common.

out=/run/try.out

# port NAME: its device
port()
{
	for dir in /sys/class/virtio-ports/*; do
		[ "$(cat "$dir/name")" != "harness.$1" ] || echo "/dev/${dir##*/}"
	done
}

# parameter NAME: harness.NAME of the kernel's command line
parameter()
{
	tr ' ' '\n' < /proc/cmdline | sed -n "s/^harness\.$1=//p"
}

# begin NAME
begin()
{
	test=$1
	n=0
	failed=0
	echo "begin $test"
}

# Of the test that was begun; fails if it did.
conclude()
{
	check "the kernel's log" quiet
	say "1..$n"
	echo "end $test exit:$failed 0"
	[ "$failed" = 0 ]
}

say() { echo "out $test $*"; }

# check NAME COMMAND...
check()
{
	n=$((n + 1))
	name=$1
	shift
	if "$@" > $out 2>&1; then
		say "ok $n $name"
	else
		sed "s/^/out $test # /" $out
		say "not ok $n $name"
		failed=1
	fi
}

# wait_for COMMAND...: what systemd does in its own time
wait_for()
{
	for _ in $(seq 100); do
		! "$@" || return 0
		sleep 0.1
	done
	return 1
}

# refused COMMAND...: fails, and says that it is not permitted or denied
refused()
{
	! "$@" 2> $out.refused && grep -iE 'permi|denied' $out.refused
}

# Waits for what starts: all but units that another machine would have.
booted()
{
	wait_for systemctl is-active multi-user.target
}

quiet()
{
	# A kernel with KUnit has one taint always.
	[ $(($(cat /proc/sys/kernel/tainted) & ~(1 << 18))) = 0 ] &&
		! dmesg | grep -E 'Call Trace:|BUG:|WARNING:|INFO: |cut here'
}
