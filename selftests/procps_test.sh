#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# ps, pgrep, pkill, pidwait and top of the patched procps on a kernel with groups:
# what they show is what /proc/PID/rc and the files of the groups say.
# The patched procps has tests of its own for all that needs no such kernel.
# Word splitting is how lists of ids are taken apart; functions are run by check.
# shellcheck disable=SC2086,SC2116,SC2048,SC2317,SC2046,SC2005,SC2012,SC2010,SC2015

acct=/proc/rc/cpuacct
jobs=/proc/rc/jobs
pids=""
threads=""
churn=""
# shellcheck source-path=SCRIPTDIR source=rc_check.sh
. "${0%/*}/rc_check.sh"

for tool in ps pgrep pkill pidwait top; do
	if [ ! -x /bin/$tool ] || [ -L /bin/$tool ]; then
		echo "1..0 # SKIP there is no /bin/$tool but that of busybox"
		exit 4
	fi
done

# Compares what was got with what was wanted.
is()
{
	[ "$1" = "$2" ] || {
		echo "# got '$1', wanted '$2'"
		return 1
	}
}

# ps's one column of one process, without blanks around it
column()
{
	/bin/ps -ww -o "$1=" -p "$2" | sed 's/^ *//; s/ *$//'
}

# Which of our processes, as numbers in the order they were started?
ours()
{
	i=0
	for pid in $pids; do
		i=$((i + 1))
		case " $(echo $*) " in
		*" $pid "*) printf %s "$i" ;;
		esac
	done
}

by_ps()
{
	ours "$(/bin/ps --no-headers -o pid "$@")"
}

by_pgrep()
{
	ours "$(/bin/pgrep "$@")"
}

start()
{
	sleep 1000 &
	pids="$pids $!"
	last=$!
}

cleanup()
{
	kill -9 $pids $burner $threads $churn 2> /dev/null
	wait 2> /dev/null
	# A task leaves its groups a little after its parent has seen it end.
	i=0
	until rmdir "$jobs/a,b:c d" $jobs/gold/x $jobs/gold $acct/db/logs $acct/db $acct/dbx \
		$acct $jobs 2> /dev/null || [ $i -ge 20 ] || ! ls -d $acct $jobs > /dev/null 2>&1; do
		i=$((i + 1))
		sleep 1
	done
}
trap cleanup EXIT

echo "TAP version 13"
check "without a hierarchy all tasks are in /" is "$(column rcgroup $$)" "/"

mkdir $acct $jobs $acct/db $acct/dbx $acct/db/logs $jobs/gold $jobs/gold/x "$jobs/a,b:c d" || exit 1
start; p1=$last
start; p2=$last
start; p3=$last
while :; do :; done &
burner=$!
echo $p1 > $acct/db/tasks
echo $p1 > $jobs/gold/x/tasks
echo $p2 > $acct/db/logs/tasks
echo $p2 > "$jobs/a,b:c d/tasks"
echo $p3 > $acct/dbx/tasks
echo $burner > $acct/db/tasks

check "rcgroup" is "$(column rcgroup $p1)" "cpuacct:/db,jobs:/gold/x"
check "rcgroup of odd names" is "$(column rcgroup $p2)" 'cpuacct:/db/logs,jobs:/a\,b:c d'
check "rcgroup of root groups" is "$(column rcgroup 1)" "/"
check "rcgroup@" is "$(column rcgroup@jobs $p1)" "/gold/x"
check "rcgroup@ of a root group" is "$(column rcgroup@jobs $p3)" "/"
check "rcgroup@ of no hierarchy" is "$(column rcgroup@nix $p1)" "-"
check "rctasks" is "$(column rctasks $p1)" "$(wc -l < $acct/db/tasks)"
check "rctasks@" is "$(column rctasks@jobs $p1)" "$(wc -l < $jobs/gold/x/tasks)"
check "rctime@ without the controller" is "$(column rctime@jobs $p1)" "-"

usage_is_shown()
{
	before=$(($(cat $acct/db/cpuacct.usage) / 1000))
	shown=$(column rctime $p1)
	after=$(($(cat $acct/db/cpuacct.usage) / 1000))
	IFS=: read -r hours minutes seconds <<- END
		$shown
	END
	shown=$((${hours#0} * 3600 + ${minutes#0} * 60 + ${seconds#0}))
	[ "$before" -le $shown ] && [ $shown -le "$after" ] || {
		echo "# $before, $shown, $after"
		return 1
	}
}
check "rctime" usage_is_shown
check "rcload is a number" [ "$(column rcload $p1)" -ge 0 ]
check "--sort by a number of groups" is "$(ours "$(/bin/ps --no-headers -o pid --sort -rctime -p $p3,$p1)")" 13
check "--sort -rcgroup@" is "$(/bin/ps --no-headers -o rcgroup@cpuacct --sort -rcgroup@cpuacct -p $p1,$p2,$p3 | tr -d ' \n')" \
	"/dbx/db/logs/db"

check "ps --rcgroup is exact" is "$(by_ps --rcgroup /db)" 1
check "ps --rcgroup with descendants" is "$(by_ps --rcgroup /db/)" 12
check "ps --rcgroup of a hierarchy" is "$(by_ps --rcgroup jobs:/db/)" ""
check "ps --rcgroup of odd names" is "$(by_ps --rcgroup 'jobs:/a,b:c d,/dbx')" 23
check "ps --rcgroup of the root" is "$(by_ps --rcgroup jobs:/)" 3
check "ps --rcgroup of all" is "$(by_ps --rcgroup jobs://)" 123
check "pgrep --rcgroup is exact" is "$(by_pgrep --rcgroup /db)" 1
check "pgrep --rcgroup with descendants" is "$(by_pgrep --rcgroup /db/)" 12
check "pgrep --inverse" is "$(by_pgrep -v --rcgroup /db/)" 3

# A row for a group: what it counts and sums up are the tasks below it, and those of
# the groups that are indented deeper.
top_adds_up()
{
	/bin/top -b -n1 -w 120 -e k "$@" > /tmp/procps_test.top || return 1
	awk '
		function settle(level) {
			while (depth >= level && depth >= 0) {
				if (tasks[depth] != 0 || (sum[depth] != 0 && !spread[depth])) bad = 1
				depth--
			}
		}
		BEGIN { depth = -1 }
		/^ *PID / { for (i = 1; i <= NF; i++) if ($i == "RES") { end = index($0, " RES ") + 3; found = 1 }; next }
		!found || /^$/ { next }
		{ split(substr($0, 1, end), f, " "); res = f[length(f)] + 0 }
		/^ *[-+] [\/n]/ {
			match($0, /[-+]/)
			settle((RSTART - 1) / 2)
			depth = (RSTART - 1) / 2
			# threads of one process in several groups below have its memory once
			for (i = 0; i < depth; i++) spread[i] = threads
			spread[depth] = 0
			match($0, /\([0-9]+\)/)
			tasks[depth] = substr($0, RSTART + 1, RLENGTH - 2) + 0
			sum[depth] = res
			groups++
			next
		}
		{ for (i = 0; i <= depth; i++) { tasks[i]--; sum[i] -= res } }
		END { settle(0); exit bad || groups < want }
	' want=4 threads="${threads_shown:-0}" /tmp/procps_test.top || {
		sed 's/^/# /' /tmp/procps_test.top
		return 1
	}
}
# Sorted by PID: what changes while top looks would not change the order.
check "top's groups are the sums of their tasks" top_adds_up -o PID --rcgroup-view=cpuacct
check "top shows a group's rate" grep -q '^  - /db (3).*G%CPU [0-9]' /tmp/procps_test.top
check "top in another hierarchy" grep -q '^ *- /a\\,b:c d (1)' - <<- END
	$(/bin/top -b -n1 -w 120 --rcgroup-view=jobs)
END
# One line a group, those without tasks of their own too.
summary_has()
{
	/bin/top -b -n1 -w 120 -p 1 --rcgroup-summary=jobs > /tmp/procps_test.top
	grep -q '^ *1 .* /gold/x$' /tmp/procps_test.top &&
		grep -q '^ *0 .* /gold$' /tmp/procps_test.top &&
		! grep -q '%Cpu' /tmp/procps_test.top || {
		sed 's/^/# /' /tmp/procps_test.top
		return 1
	}
}
check "top shows groups as a summary" summary_has
check "top --rcgroup" is "$(ours "$(/bin/top -b -n1 --rcgroup /db/ | awk '{ print $1 }')")" 12
check "top without such a hierarchy" is "$(/bin/top -b -n1 --rcgroup-view=nix 2>&1)" "top: there is no hierarchy 'nix', but: cpuacct, jobs"

# Threads have groups of their own.
threads_differ()
{
	procps_threads &
	threads=$!
	while [ "$(ls /proc/$threads/task | wc -l)" -lt 2 ]; do :; done
	tid=$(ls /proc/$threads/task | grep -vx $threads)
	echo "$tid" > $acct/dbx/tasks
	is "$(echo $(/bin/ps -L --no-headers -o lwp,rcgroup -p $threads))" "$threads / $tid cpuacct:/dbx" &&
		is "$(echo $(/bin/ps -L --no-headers -o lwp --rcgroup /dbx))" "$p3 $tid" &&
		is "$(echo $(/bin/ps --no-headers -o pid --rcgroup /dbx))" "$p3 $threads" &&
		is "$(echo $(timeout 60 /bin/ps m --no-headers -o pid,lwp --rcgroup /dbx))" "$p3 - - $p3 $threads - - $tid" &&
		is "$(echo $(/bin/pgrep --rcgroup /dbx))" "$p3 $threads" &&
		is "$(echo $(/bin/pgrep -w --rcgroup /dbx))" "$p3 $tid" || return 1
	# One process in two groups: each row of it has the memory, once a group.
	threads_shown=1
	top_adds_up -H -o PID --rcgroup-view=cpuacct --rcgroup //
}
check "threads have groups of their own" threads_differ
kill $threads

# What the groups say is what a look at each thread tells: with another selection
# beside the groups all are looked at.
ways_agree()
{
	for list in /db /db/ jobs:// //; do
		is "$(ours "$(/bin/ps --no-headers -o pid --rcgroup "$list")")" \
			"$(ours "$(/bin/ps --no-headers -o pid --rcgroup "$list" -C nobody)")" || return 1
	done
}
check "groups are read for what each thread would tell" ways_agree

# The live threads of a process whose first one has ended are found, and reached.
ended_first_thread()
{
	procps_threads ended &
	threads=$!
	until grep -q '^State:.Z' /proc/$threads/status; do :; done
	tid=$(ls /proc/$threads/task | grep -vx $threads)
	echo "$tid" > $jobs/gold/tasks
	is "$(echo $(/bin/ps --no-headers -o pid --rcgroup jobs:/gold))" "$threads" &&
		is "$(echo $(/bin/ps -L --no-headers -o lwp --rcgroup jobs:/gold))" "$tid" &&
		is "$(echo $(/bin/pgrep --rcgroup jobs:/gold))" "$threads" &&
		/bin/pkill --rcgroup jobs:/gold &&
		! wait $threads
}
check "a process whose first thread has ended is found" ended_first_thread

# What is shown of a name can be given, whatever is in it.
names_come_back()
{
	for name in "$(printf 'a\342\200\256b\377')" 'x,jobs:' "back\\" ' =:'; do
		mkdir "$jobs/gold/$name" && echo $p3 > "$jobs/gold/$name/tasks" || return 1
		shown=$(/bin/ps -ww -o rcgroup= -p $p3)
		ok=$(by_ps --rcgroup "$shown")$(by_pgrep --rcgroup "jobs:$(column rcgroup@jobs $p3)")
		echo $p3 > $jobs/tasks
		rmdir "$jobs/gold/$name"
		is "$ok" 33 || return 1
	done
}
check "a name that is shown can be given" names_come_back
mkdir '/proc/rc/a\b'
check "so can a hierarchy's" is "$(ours "$(/bin/pgrep --rcgroup 'a\\b:/')")$(column 'rcgroup@a\\b' $p3)" "123/"
rmdir '/proc/rc/a\b'

# Nothing is taken for everybody: the status is that of an error.
refused()
{
	"$@" > /tmp/procps_test.out 2>&1
	is $? 3
}
check "pgrep refuses a hierarchy that there is not" refused /bin/pgrep --rcgroup nix:/db
check "pgrep says which there are" is "$(cat /tmp/procps_test.out)" "pgrep: there is no hierarchy 'nix', but: cpuacct, jobs"
check "pkill --inverse refuses it" refused /bin/pkill --inverse --rcgroup nix:/db
check "pkill --inverse refuses a group that there is not" refused /bin/pkill --inverse --rcgroup jobs:/nix
check "ps --deselect refuses it" refused /bin/ps --deselect --rcgroup jobs:/nix
check "pgrep finds nobody in it" is "$(/bin/pgrep --rcgroup jobs:/nix; echo $?)" 1

# Tasks come and go meanwhile: no listing may end early for that.
survives_churn()
{
	(while :; do (:); done) &
	churn=$!
	for i in 1 2 3 4 5 6 7 8 9 10; do
		/bin/ps -eLo pid,rcgroup,rctasks > /tmp/procps_test.ps || return 1
		[ "$(ours "$(awk '{ print $1 }' /tmp/procps_test.ps)")" != "" ] || return 1
		case $(ours "$(awk '{ print $1 }' /tmp/procps_test.ps)") in
		123*) ;;
		*) return 1 ;;
		esac
	done
	kill $churn
	wait $churn 2> /dev/null || :
}
check "tasks that vanish end no listing" survives_churn

check "pkill --rcgroup hits its group" /bin/pkill --rcgroup /db/logs
wait $p2 2> /dev/null
check "pkill --rcgroup hit nobody else" is "$(by_ps -e)" 13
# It has to hold them all before they end.
there=$(/bin/pgrep --rcgroup /db | wc -l)
/bin/pidwait --rcgroup /db & waits=$!
until [ "$(grep -ls '^Pid:' /proc/$waits/fdinfo/* | wc -l)" -ge "$there" ] ||
	! kill -0 $waits 2> /dev/null; do
	usleep 10000
done
kill $p1 $burner
check "pidwait --rcgroup" wait $waits
wait $p1 $burner 2> /dev/null
check "pgrep finds nobody there any more" is "$(/bin/pgrep --rcgroup /db/)" ""

echo "1..$n"
exit $failed
