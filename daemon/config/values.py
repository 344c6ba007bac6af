"""What the values of a configuration mean, by osquery's rules: numbers may be text, platforms are names."""

from __future__ import annotations

import os
import re

from ...vtables.sources.osquery_patterns import alternatives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Seconds: a week.
MAX_INTERVAL = 604_800
_TRUE, _FALSE = frozenset(("1", "true", "yes")), frozenset(("0", "false", "no"))
_EVERYWHERE = frozenset(("", "linux", "posix", "any", "all", "null"))
# What else osquery and the managers of its fleets run on, by all its names.
ELSEWHERE = frozenset(
    "aix android chrome chromeos darwin dragonfly dragonflybsd freebsd ios ipados mac macos macosx netbsd openbsd osx "
    "solaris sunos win win32 win64 windows".split()
)
# ID and ID_LIKE of os-release(5), and the names that osquery's packs have for the same.
DISTRIBUTIONS = frozenset(
    "alma almalinux alpine alt altlinux amazon amzn amzn2 antix arch archarm archlinux artix azurelinux bluefin "
    "bottlerocket buildroot cachyos centos clear-linux-os clearlinux clearos cloudlinux container-optimized cos "
    "debian deepin devuan elementary endeavouros endless euleros fedora flatcar garuda gentoo guix kali kaos knoppix "
    "kylin linuxmint mageia mandriva manjaro mariner mint mx neon nixos nobara ol openeuler openmandriva opensuse "
    "openwrt oracle parrot pclinuxos photon poky pop pop_os proxmox puppy pureos qubes raspberrypi raspbian redhat "
    "rhcos rhel rocky rockylinux scientific silverblue slackware sled sles solus steamos suse suse-microos tails "
    "talos tencentos tinycore tuxedo ubuntu uos void whonix wolfi xcp-ng zorin".split()
)


def boolean(value: Any) -> bool:
    """ValueError for what is neither true nor false.

    >>> boolean("True"), boolean(0), boolean("1")
    (True, False, True)
    """
    text = str(value).strip().lower() if isinstance(value, (bool, int, str)) else ""
    if text not in _TRUE | _FALSE:
        raise ValueError(f"{value!r} is neither true nor false")
    return text in _TRUE


def whole(value: Any) -> int:
    """A whole number, as a number or as text. ValueError for all else.

    >>> whole("60"), whole(60), whole(60.0), whole("-1")
    (60, 60, 60, -1)
    """
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{value!r} is no whole number")


def is_for_linux(platform: Any) -> tuple[bool, list[str]]:
    """Whether a `platform` means a Linux host too, whichever its distribution; and the names in it that nobody knows.

    >>> is_for_linux("Ubuntu"), is_for_linux("darwin, windows"), is_for_linux("centos7,linx")
    ((True, []), (False, []), (True, ['linx']))
    """
    names = platform if isinstance(platform, list) else str("" if platform is None else platform).split(",")
    words = [str(name).strip().lower() for name in names]
    ours = [word for word in words if word in _EVERYWHERE or "linux" in word or _is_distribution(word)]
    unknown = [word for word in words if word not in ours and word and _base(word) not in ELSEWHERE]
    return bool(ours or not words), unknown


def _is_distribution(word: str) -> bool:
    return word in DISTRIBUTIONS or _base(word) in DISTRIBUTIONS


def _base(word: str) -> str:
    """A name without the version or edition behind it.

    >>> _base("centos7"), _base("ubuntu 24.04"), _base("opensuse-leap"), _base("pop_os")
    ('centos', 'ubuntu', 'opensuse', 'pop_os')
    """
    return re.split(r"[^a-z_]", word, maxsplit=1)[0]


def version(text: Any) -> tuple[int, ...]:
    """
    >>> version("1.4.5"), version("5.x")
    ((1, 4, 5), (5, 0))
    """
    return tuple(int(part) if part.isascii() and part.isdigit() else 0 for part in str(text).split("."))


def matching_files(pattern: str) -> list[str]:
    """The files that a path or a pattern of a pack means, sorted: wildcards are the shell's and `%`, which is `*`; `%%`
    at the end is everything below."""
    import glob

    if os.path.exists(pattern):
        return [pattern]
    found: set[str] = set()
    deep = pattern.endswith("%%")
    for each in alternatives(re.sub("%+", "*", pattern)):
        # Not '**' elsewhere: it is the shell's, one level.
        shell = re.sub(r"\*+", "*", each)
        found.update(glob.iglob(shell))
        if deep:
            found.update(glob.iglob(f"{shell}/**", recursive=True))
    return sorted(path for path in found if not os.path.isdir(path))
