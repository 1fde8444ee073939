# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# What is to be told of: one of each of the things that groups have tracepoints for. The
# first argument is a hierarchy with pids, the second where to leave what cannot be known
# in advance.
hier=$1

echo /none > "$hier/release_agent"
echo 1 > "$hier/notify_on_release"
mkdir "$hier/web" "$hier/web/x" || exit
echo 1 > "$hier/web/x/pids.max"
sleep 1000 2> /dev/null &
echo "$!" > "$2"
echo "$!" > "$hier/web/x/tasks" || exit
# It may not fork there, so that it does not end well.
sh -c 'echo 0 > "$0/tasks"; /bin/true; :' "$hier/web/x" 2> /dev/null && exit 1
mv "$hier/web/x" "$hier/web/y" || exit
rmdir "$hier/web" 2> /dev/null && exit 1
kill "$!"
wait "$!" 2> /dev/null
rmdir "$hier/web/y" "$hier/web"
