#!/usr/bin/env bash
# `getent passwd` leaves out an account whose shell has a colon in it; getpwent(3), and so login, has it.
#
# glibc 2.36 (Debian 12). In passwd(5) the shell is the last field, and glibc takes all that is left for it. getent
# prints each entry with putpwent(3), which refuses a colon in a field, and goes on without a word; exit status 0.
# So a list of accounts that was made with getent is not complete.
. "$(dirname "$0")/common"

command -v unshare >/dev/null && command -v getent >/dev/null || cannot "no unshare or getent"
printf '%s\n' 'one:x:1:1::/:/bin/sh' 'two:x:2:2::/:/opt/a:b/sh' 'three:x:3:3::/:/bin/sh' >"$place/passwd"
echo 'passwd: files' >"$place/nsswitch.conf"
cat >"$place/both" <<'SHELL'
mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf || exit 77
listed=$(getent passwd) && status=0 || status=$?
echo "getent: $(echo "$listed" | cut -d: -f1 | tr '\n' ' ')status $status"
echo "getpwent: $(python3 -c 'import pwd; print(*[each.pw_name for each in pwd.getpwall()])')"
SHELL
seen=$(unshare --user --map-root-user --mount sh "$place/both" "$place" 2>/dev/null) || cannot "no mounts in a user namespace"
expect "$seen" "getent: one three status 0
getpwent: one two three"
