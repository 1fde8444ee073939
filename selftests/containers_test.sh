#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What programs that make containers give those in them: the groups that they were
# started in, to divide, or nothing at all. unshare and bubblewrap, and crun and runc with
# their default specification.
# Functions are run by check.
# shellcheck disable=SC2317,SC2086,SC2016

jobs=/proc/rc/jobs
dir=/tmp/containers
# shellcheck source-path=SCRIPTDIR source=rc_check.sh
. "${0%/*}/rc_check.sh"

if [ "$1" != moved ]; then
	# Engines want a root that can be left, which an initramfs is not.
	exec unshare -m sh -c 'mkdir -p /mnt && mount --rbind / /mnt && cd /mnt &&
		mount --move . / && exec chroot . "$0" moved' "$0"
fi

skip()
{
	n=$((n + 1))
	echo "ok $n $1 # SKIP $2"
}

# What is done in the container; it prints what was wrong.
mkdir -p $dir
cat > $dir/inside <<'END'
#!/bin/sh
given=$1
refused()
{
	if ( eval "$1" ) 2> /dev/null; then
		echo "done: $1"
	fi
}
cd /
jobs=/proc/rc/jobs
if [ "$given" = given ]; then
	[ -d $jobs/mine ] && rmdir $jobs/mine
	mkdir $jobs/worker || echo "no group"
	echo 0 > $jobs/worker/procs || echo "no move"
	grep -q '^jobs::/worker$' /proc/self/rc || echo "not there: $(cat /proc/self/rc)"
	echo 1 > $jobs/worker/notify_on_release || echo "no file"
	echo 0 > $jobs/procs || echo "not back"
	rmdir $jobs/worker || echo "not removed"
else
	grep -q '^jobs::/$' /proc/self/rc || echo "not in the root: $(cat /proc/self/rc)"
	refused "mkdir $jobs/x"
	refused "echo 0 > $jobs/tasks"
fi
for at in secret box ../secret box/../secret; do
	refused "cd $jobs/$at"
	refused "ls $jobs/$at/tasks"
	refused "echo 0 > $jobs/$at/procs"
	refused "rmdir $jobs/$at"
	refused "mkdir $jobs/$at/x"
done
refused "mkdir /proc/rc/mine"
refused "mkdir /proc/rc/cpuacct"
refused "rmdir $jobs"
refused "mv $jobs /proc/rc/other"
refused "echo > $jobs/subsystems"
refused "echo /bin/sh > $jobs/release_agent"
refused "echo 1 > $jobs/notify_on_release"
refused "chmod 777 $jobs"
refused "chown 1 $jobs/tasks"
refused "ls /proc/1/root/proc/rc/jobs/secret/tasks"
refused "unshare -mpf sh -c 'mount -t proc proc /proc && ls $jobs/secret'"
refused "unshare -Urpf --mount-proc ls $jobs/secret"
refused "unshare -pf --mount-proc mkdir /proc/rc/mine"
ls $jobs | grep -x -e secret -e box
ls -d $jobs/*/ 2> /dev/null
grep secret /proc/[0-9]*/rc /proc/[0-9]*/task/*/rc
echo end
END
chmod +x $dir/inside

# in_group COMMAND...: in jobs/box, from the beginning
in_group()
{
	(
		echo 0 > $jobs/box/procs && "$@"
	)
	status=$?
	echo 0 > $jobs/procs
	return $status
}

by_unshare()
{
	unshare -pf --mount-proc $dir/inside "$1"
}

by_bwrap()
{
	/usr/bin/bwrap --bind / / --dev-bind /dev /dev --unshare-pid --proc /proc $dir/inside "$1"
}

# The default specification of an engine, but for what is run, and its terminal.
bundle()
{
	rm -rf $dir/bundle
	mkdir -p $dir/bundle/rootfs/bin $dir/bundle/rootfs/proc || return
	cp /bin/busybox $dir/bundle/rootfs/bin/
	for tool in sh ls cat echo grep mkdir rmdir mv chmod chown unshare mount; do
		ln -s busybox $dir/bundle/rootfs/bin/$tool
	done
	cp $dir/inside $dir/bundle/rootfs/
	(
		cd $dir/bundle && "$1" spec &&
		sed -i -e 's/"terminal": true/"terminal": false/' \
			-e "s/^\([[:space:]]*\)\"sh\"/\1\"\/inside\", \"$2\"/" config.json
	)
}

by_engine()
{
	bundle "$1" "$2" || return
	(cd $dir/bundle && "$1" --root $dir/run run "box$n")
}

by_crun()
{
	by_engine /usr/bin/crun "$1"
}

by_runc()
{
	by_engine /usr/bin/runc "$1"
}

quiet()
{
	out=$("$@" 2>&1)
	[ "$out" = end ] || {
		printf '%s\n' "$out" | sed 's/^/# /'
		return 1
	}
}

shape()
{
	find $jobs -exec stat -c '%n %a %u:%g %h' {} + | sort
}

same()
{
	[ "$before" = "$(shape)" ]
}

mkdir $jobs $jobs/box $jobs/box/mine $jobs/secret || exit 1
grep -q cgroup2 /proc/filesystems && mount -t cgroup2 none /sys/fs/cgroup 2> /dev/null
for engine in unshare bwrap crun runc; do
	if [ $engine != unshare ] && [ ! -x /usr/bin/$engine ]; then
		skip $engine "it is not in the guest"
		continue
	fi
	case $engine in
	crun | runc)
		if ! grep -q cgroup2 /proc/filesystems; then
			skip $engine "it takes a kernel with cgroups"
			continue
		fi ;;
	esac
	before=$(shape)
	check "${engine}_nothing" quiet by_$engine nothing
	check "${engine}_nothing_changed" same
	check "${engine}_given" quiet in_group by_$engine given
	mkdir $jobs/box/mine 2> /dev/null
	check "${engine}_given_changed" same
done
echo 0 > $jobs/procs
rmdir $jobs/box/mine $jobs/box $jobs/secret $jobs
echo "1..$n"
exit $failed
