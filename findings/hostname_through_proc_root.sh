#!/usr/bin/env bash
# /proc/PID/root/proc/sys/kernel/hostname is the reader's host name, not that of the process.
#
# Linux 6.18.44. The path leads into the container's own mount of /proc, and other files there are the container's
# (its process 1 is its own first process); but files of the UTS namespace answer by who reads them. To get the name,
# enter the namespace (setns(2)), or read the container's /etc/hostname.
. "$(dirname "$0")/common"

command -v unshare nsenter >/dev/null || cannot "no unshare and nsenter (util-linux)"
[ "$(id -u)" = 0 ] || cannot "needs root, to enter the namespace for comparison"
unshare --uts --mount --pid --fork --mount-proc sh -c 'hostname inside; echo ready; exec sleep 60' >"$place/out" &
outer=$!
trap 'kill $inner 2>/dev/null; rm -rf "$place"' EXIT
until [ -s "$place/out" ] || ! kill -0 $outer 2>/dev/null; do sleep 0.1; done
inner=$(pgrep -P $outer) || cannot "namespaces cannot be made here"
root=/proc/$inner/root/proc
here=$(cat /proc/sys/kernel/hostname)
seen=$(sed "s/^$here$/the reader's/" "$root/sys/kernel/hostname")
expect "process 1 through /proc/PID/root: $(cat "$root/1/comm")
host name through /proc/PID/root: $seen
host name in its namespace: $(nsenter -t "$inner" -u cat /proc/sys/kernel/hostname)" \
    "process 1 through /proc/PID/root: sleep
host name through /proc/PID/root: the reader's
host name in its namespace: inside"
