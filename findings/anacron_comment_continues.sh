#!/usr/bin/env bash
# A comment in an anacrontab that ends with a backslash hides the job below it.
#
# Debian's anacron 2.3-36. anacrontab(5) says that lines may be continued by a backslash, and that lines beginning
# with # are comments. The two meet: the job after such a comment is never run, and nothing says so; -T finds nothing
# to complain of. sudoers, systemd units and crontabs do not continue comments.
. "$(dirname "$0")/common"

debian_package anacron 2.3-36
mkdir "$place/spool"
printf '%s\n' '# copied from C:\jobs\' '1 0 first true' '1 0 second true' >"$place/anacrontab"
anacron=$place/anacron/usr/sbin/anacron
expect "$("$anacron" -T -S "$place/spool" -t "$place/anacrontab" 2>&1 && echo "no complaint")
$("$anacron" -d -n -S "$place/spool" -t "$place/anacrontab" 2>&1 | grep 'Will run')" "no complaint
Will run job \`second'"
