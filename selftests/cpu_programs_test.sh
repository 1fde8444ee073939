#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A build as it is: make -j of Debian's, in a group with a quota.
#
# Functions are run by check.
# shellcheck disable=SC2015,SC2086,SC2317

make=/usr/bin/make
hier=/proc/rc/cpu,cpuacct
dir=/tmp/cpu_programs_test
# shellcheck source-path=SCRIPTDIR source=rc_check.sh
. "${0%/*}/rc_check.sh"
needs cpu $make

# ms since boot
now()
{
	read -r now _ < /proc/uptime
	echo "${now%.*}${now#*.}0"
}

# Eight jobs at a time, for longer than it is looked at.
build()
{
	cat > $dir/Makefile << 'END'
all: $(addprefix job,$(shell seq 12))
job%: ; @i=0; while [ $$i -lt 100000 ]; do i=$$((i + 1)); done
END
	sh -c 'echo 0 > $0/procs && exec "$@"' $hier/build $make -s -j 8 -C $dir > /dev/null 2>&1
}

# Of half a CPU it has what it may, within a twentieth; less where the machine is busy.
within()
{
	start=$(now)
	read -r before < $hier/build/cpuacct.usage
	sleep $1
	read -r used < $hier/build/cpuacct.usage
	share=$(((used - before) * 1000 / ($(now) - start)))
	echo "# $share of 500 thousandths of a CPU"
	[ $share -le 525 ] && [ $share -ge 400 ]
}

throttled()
{
	read -r _ times << END
$(grep nr_throttled $hier/build/cpu.stat)
END
	[ $times -gt 10 ]
}

ended()
{
	echo max > $hier/build/cpu.max
	wait $!
}

echo "TAP version 13"
mkdir $dir $hier $hier/build
echo 50000 100000 > $hier/build/cpu.max
build &
for _ in $(seq 100); do
	[ "$(grep -c . $hier/build/procs)" -ge 8 ] && break
	sleep 0.1
done
check "quota holds" within 10
check "throttled" throttled
check "ends without it" ended
rmdir $hier/build
rmdir $hier
rm -r $dir
echo "1..$n"
exit $failed
