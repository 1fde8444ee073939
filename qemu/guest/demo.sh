#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# The demonstration: three jobs, grouped by what they cost in one hierarchy, by
# whom they belong to in another and by where they run in a third; and others that
# share a CPU. Shows each command and what it printed; fails at the first thing that
# is not as it should be.
# shellcheck source=qemu/guest/shrc
. /etc/shrc
acct=/proc/rc/cpuacct
cpuset=/proc/rc/cpuset
cpu=/proc/rc/cpu
pids=/proc/rc/pids
jobs=/proc/rc/jobs

say()
{
	printf '\n%s\n' "$*"
}

unexpected()
{
	printf 'UNEXPECTED: %s\n' "$*"
	exit 1
}

# Shows a command and runs it; it has to succeed.
run()
{
	printf '# %s\n' "$*"
	eval "$*" || unexpected "status $?"
}

# refused ERROR COMMAND: the same for one that has to fail like that.
refused()
{
	error=$1
	shift
	printf '# %s\n' "$*"
	! out=$(eval "$*" 2>&1) || unexpected "that was allowed"
	printf '%s\n' "$out"
	case $out in
	*"$error"*) ;;
	*) unexpected "another error than '$error'" ;;
	esac
}

# try COMMAND: shows one that has to fail, and is to be explained later.
try()
{
	printf '# %s\n' "$*"
	! (eval "$*") 2> /dev/null || unexpected "that was allowed"
}

# expect COMMAND LINE: the command's output has that line.
expect()
{
	run "$1"
	eval "$1" | grep -qxF "$2" || unexpected "no line '$2'"
}

read_number()
{
	read -r number < "$1" || unexpected "cannot read $1"
	echo "$number"
}

# wait_until SECONDS COMMAND: tries once a second; fails when it never succeeds.
wait_until()
{
	left=$1
	shift
	until eval "$*"; do
		[ "$left" -gt 0 ] || unexpected "in vain: $*"
		sleep 1
		left=$((left - 1))
	done
}

# runs_on PATTERN: compress is on one of these CPUs, and stays on them.
runs_on()
{
	for look in 1 2 3 4 5; do
		# The 39th field of stat; of those before, the name alone can have blanks.
		psr=$(sed 's/.*) //' "/proc/$compress/stat" | cut -d ' ' -f 37)
		expr "$psr" : "$1\$" > /dev/null || unexpected "look $look: on CPU $psr"
	done
}

# In which nodes is the heap of compress?
heap_nodes()
{
	sed -n '/ heap /s/[^N]*\(N[0-9]*\)=[0-9]*[^N]*/\1 /gp' "/proc/$compress/numa_maps"
}

burn_is_busy()
{
	[ "$(read_number $acct/burn/cpuacct.load)" -ge 90 ]
}

compress()
{
	while :; do :; done
}

watch_over()
{
	while :; do sleep 1; done
}

# burn GROUP: a busy loop in it, on CPU 3; its id goes to $hogs, which has all of them
burn()
{
	compress & hog=$!
	hogs="$hogs $hog"
	taskset -p 8 "$hog" > /dev/null
	run "echo $hog > $1/procs"
}

# CPU time that tasks have used, in 100ths of a second
ticks()
{
	for hog; do
		sed 's/.*) //' "/proc/$hog/stat" | cut -d ' ' -f 12
	done | awk '{ sum += $1 } END { print sum }'
}

# got PERCENT HOG GROUP: prints what it has of all, which is to be near PERCENT
got()
{
	# shellcheck disable=SC2086 # words
	awk -v want="$1" -v ticks="$(ticks "$2")" -v all="$(ticks $hogs)" -v grp="$3" 'BEGIN {
		got = 100 * ticks / all
		printf "%-24s asked for %2d %%, got %4.1f %%\n", grp, want, got
		exit got < want * 0.9 || got > want * 1.1
	}' || unexpected "not its share"
}

# Has it been refused a hundred times?
bomb_is_full()
{
	read -r _ refused < $pids/bomb/pids.events
	[ "$refused" -ge 100 ]
}

# A failure must not leave a job behind that burns CPU under the user's shell.
hogs=
trap 'kill $compress $backup $monitor $hogs $(cat $pids/bomb/procs 2> /dev/null) 2> /dev/null' EXIT

compress & compress=$!
watch_over & backup=$!
watch_over & monitor=$!

say "Three jobs run: compress ($compress) burns CPU time; backup ($backup) and monitor ($monitor) mostly sleep."

say "A hierarchy named after a controller has it; any other name makes one that only groups."
run "mkdir /proc/rc/cpuacct"
run "mkdir /proc/rc/jobs"
run "grep -e ^# -e cpuacct /proc/rc/subsystems"

say "Groups are directories, and tasks move in by a write."
run "mkdir $acct/burn $acct/idle"
run "echo $compress > $acct/burn/tasks"
run "echo $backup > $acct/idle/tasks"
run "echo $monitor > $acct/idle/tasks"

say "The second hierarchy splits the same tasks another way."
run "mkdir $jobs/alice $jobs/bob"
run "echo $compress > $jobs/alice/tasks"
run "echo $backup > $jobs/alice/tasks"
run "echo $monitor > $jobs/bob/tasks"
expect "cat /proc/$compress/rc" "cpuacct:cpuacct:/burn"
expect "cat /proc/$backup/rc" "jobs::/alice"
expect "cat /proc/$monitor/rc" "jobs::/bob"
expect "cat $jobs/alice/tasks" "$compress"

say "What is to be in a group from its birth is started there, by clone3(2) as in the guide's example."
expect "start_in $jobs/bob cat /proc/self/rc" "jobs::/bob"

say "cpuacct.load covers whole intervals of 10 s: waiting for the first, at most 30 s."
wait_until 30 burn_is_busy
run "grep . $acct/*/cpuacct.usage"
run "grep . $acct/*/cpuacct.load"
run "cat $acct/burn/cpuacct.stat"
[ "$(read_number $acct/idle/cpuacct.load)" -lt 25 ] || unexpected "the idle jobs look busy"
[ "$(read_number $acct/burn/cpuacct.usage)" -gt $(($(read_number $acct/idle/cpuacct.usage) * 4)) ] ||
	unexpected "usage does not tell the jobs apart"

say "A running task moves: from then on its time is another group's."
run "mkdir $acct/late"
run "echo $compress > $acct/late/tasks"
before=$(read_number $acct/burn/cpuacct.usage)
run "sleep 2"
run "grep . $acct/burn/cpuacct.usage $acct/late/cpuacct.usage"
[ "$(read_number $acct/burn/cpuacct.usage)" = "$before" ] || unexpected "burn is still charged"
[ "$(read_number $acct/late/cpuacct.usage)" -gt 500 ] || unexpected "late is not charged"
expect "cat /proc/$compress/rc" "cpuacct:cpuacct:/late"

say "A group can be frozen: all that is in it stops, wherever it is, and goes on when it is thawed."
run "echo 1 > $jobs/alice/freeze"
wait_until 10 "grep -qx 'frozen 1' $jobs/alice/events"
run "cat $jobs/alice/events"
before=$(read_number $acct/late/cpuacct.usage)
run "sleep 1"
[ "$(read_number $acct/late/cpuacct.usage)" = "$before" ] || unexpected "compress runs"
run "echo 0 > $jobs/alice/freeze"
wait_until 10 "[ \$(read_number $acct/late/cpuacct.usage) -gt $before ]"

say "cpu divides CPU time by weights: alice gets 20 of 100, and divides that again. All are busy on one CPU."
run "mkdir -p $cpu/others $cpu/alice/media $cpu/alice/build $cpu/alice/rest"
run "echo 80 > $cpu/others/cpu.weight"
run "echo 20 > $cpu/alice/cpu.weight"
run "echo 10 > $cpu/alice/media/cpu.weight"
run "echo 5 > $cpu/alice/build/cpu.weight"
run "echo 5 > $cpu/alice/rest/cpu.weight"
for group in others alice/media alice/build alice/rest; do
	burn $cpu/$group
done
# shellcheck disable=SC2016 # evaluated later
wait_until 60 '[ "$(ticks $hogs)" -ge 800 ]'
# shellcheck disable=SC2086 # words
set -- $hogs
got 80 "$1" others
got 10 "$2" alice/media
got 5 "$3" alice/build
got 5 "$4" alice/rest

say "A quota holds whoever else there is: 30 ms in each tenth of a second."
run "echo 30000 100000 > $cpu/others/cpu.max"
run "sleep 2"
run "cat $cpu/others/cpu.stat"
[ "$(sed -n 's/^nr_throttled //p' $cpu/others/cpu.stat)" -gt 5 ] || unexpected "others was not throttled"
run "kill$hogs"
# shellcheck disable=SC2086 # words
wait $hogs || :
hogs=
run "rmdir $cpu/alice/*/ $cpu/alice $cpu/others $cpu"

say "cpuset says on which CPUs tasks run, and on which node their memory is. So far the job may have all."
run "mkdir $cpuset $cpuset/batch"
run "grep allowed_list /proc/$compress/status"

say "A group takes tasks when it has CPUs and nodes. They come at once, here with their pages."
refused "No space left on device" "echo $compress > $cpuset/batch/tasks"
run "echo 6-7 > $cpuset/batch/cpus"
run "echo 1 > $cpuset/batch/mems"
run "echo 1 > $cpuset/batch/memory_migrate"
run "echo $compress > $cpuset/batch/tasks"
run "grep allowed_list /proc/$compress/status"
run "grep heap /proc/$compress/numa_maps"
[ "$(heap_nodes)" = "N1 " ] || unexpected "the heap is on $(heap_nodes)"
run "ps -o pid,psr,rcgroup@cpuset,args -p $compress"
runs_on '[67]'

say "They go where their group goes, and cannot leave it by themselves."
run "echo 0 > $cpuset/batch/mems"
run "grep heap /proc/$compress/numa_maps"
[ "$(heap_nodes)" = "N0 " ] || unexpected "the heap is on $(heap_nodes)"
run "echo 5 > $cpuset/batch/cpus"
run "ps -o pid,psr,rcgroup@cpuset,args -p $compress"
runs_on 5
refused "Invalid argument" "taskset -p 1 $compress"

say "An empty group can be removed, one with tasks cannot."
run "rmdir $acct/burn"
run "ls -d $acct/*/"
refused "Device or resource busy" "rmdir $acct/idle"

say "pids says how many tasks a group may have. A fork bomb in it goes no further than that."
run "mkdir $pids $pids/bomb"
run "echo 20 > $pids/bomb/pids.max"
echo 'BEGIN { while (1) system("awk -f /tmp/bomb &") }' > /tmp/bomb
run "cat /tmp/bomb"
run "(echo 0 > $pids/bomb/procs && exec awk -f /tmp/bomb) 2> /dev/null &"
wait_until 60 bomb_is_full
run "cat $pids/bomb/pids.current $pids/bomb/pids.peak $pids/bomb/pids.events"
[ "$(read_number $pids/bomb/pids.peak)" = 20 ] || unexpected "the bomb has been of another size"
[ "$(wc -l < $pids/bomb/tasks)" -le 20 ] || unexpected "the bomb has got out"

say "The shell outside forks as ever."
run "for n in 1 2 3 4 5; do (echo \$n); done"

say "And one write is its end, however fast it forks."
run "echo 1 > $pids/bomb/kill"
wait_until 10 "[ \$(cat $pids/bomb/pids.current) = 0 ]"

say "All groups and their numbers are in one file."
run "cat $acct/groups"
expect "cut -f 1-3 $pids/groups" "$(printf '/bomb\t0\t0')"

say "Why something was refused is in a file, in words. Ten more:"
run "mkdir $cpuset/batch/a"
run "echo 1 > $pids/bomb/pids.max"
try "echo 0-7 > $cpuset/batch/a/cpus"
try "echo $compress > $cpuset/batch/a/tasks"
try "echo 0-3,x > $cpuset/batch/cpus"
try "rmdir $cpuset/batch"
try "echo cpuacct > $jobs/subsystems"
try "mkdir /proc/rc/pids,cpuacct"
try "mkdir $jobs/alice"
try "mv $jobs/alice $jobs/bob/"
try "echo 2 > $jobs/alice/tasks"
try "echo 0 > $pids/bomb/procs && (:) && :"
run "tail -n 10 /proc/rc/errors | cut -f 4-"
[ "$(tail -n 10 /proc/rc/errors | cut -f 4- | head -n 1)" = "$(printf "cpuset:/batch/a\tcpus 0-7: not within the parent's 5")" ] ||
	unexpected "other words"
run "rmdir $cpuset/batch/a"

say "When the jobs are done, so are the groups."
run "kill $compress $backup $monitor"
wait
# What a job had started itself ends on its own, within a second.
wait_until 10 "! grep -q . $acct/*/tasks"
run "rmdir $acct/idle $acct/late $jobs/alice $jobs/bob $cpuset/batch"
run "rmdir $pids/bomb"
run "rmdir $acct $jobs $cpuset $pids"
run "ls /proc/rc"
