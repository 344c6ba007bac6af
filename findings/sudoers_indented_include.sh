#!/usr/bin/env bash
# In sudoers, `@include` may be indented, `#include` may not: with a blank before it, it is a comment.
#
# Debian's sudo 1.9.13p3-1+deb12u4, whose manual gives both words as the same directive. cvtsudoers, which reads with
# sudo's own parser, shows the rules that count: those of the indented #include are missing, without a warning.
. "$(dirname "$0")/common"

debian_package sudo 1.9.13p3-1+deb12u4
export LD_LIBRARY_PATH=$place/sudo/usr/libexec/sudo:$place/sudo/usr/lib/sudo
for name in one two three; do echo "$name ALL = ALL" >"$place/$name"; done
printf '%s\n' "#include $place/one" "  #include $place/two" "  @include $place/three" >"$place/sudoers"
expect "$("$place/sudo/usr/bin/cvtsudoers" -f sudoers "$place/sudoers" 2>&1 | grep -v '^$')" "one ALL = ALL
three ALL = ALL"
