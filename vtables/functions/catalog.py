"""The functions and collations hostql adds, documented: what `hostql functions` and docs/functions.md show."""

from __future__ import annotations


class Function:
    """One function: how it is called, what it gives, an expression that shows it and that expression's value."""

    __slots__ = ("doc", "example", "name", "signature", "value")

    def __init__(self, signature: str, doc: str, example: str, value: str | int | None) -> None:
        self.name = signature.partition("(")[0]
        self.signature = signature
        self.doc = doc
        self.example = example
        self.value = value


_SHA1 = "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
_SHA256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

FUNCTIONS = (
    Function("ago(unix_time)", "how long ago that was", "ago(NULL)", None),
    Function(
        "cidr_contains(block, address)",
        "1 if the address is in the block, 0 if not or if it is no address of that family",
        "cidr_contains('10.0.0.0/8', '::1')",
        0,
    ),
    Function(
        "community_id_v1(source, destination, source_port, destination_port, protocol[, seed])",
        "the flow's Community ID, version 1",
        "community_id_v1('1.2.3.4', '5.6.7.8', 53, 53, 17)",
        "1:XtZWkJ8rNa7zoxie2V3yS1soMxY=",
    ),
    Function("concat(value, ...)", "the values as one text; NULLs add nothing", "concat('a', NULL, 1)", "a1"),
    Function(
        "concat_ws(separator, value, ...)", "the values, the separator between", "concat_ws('-', 'a', NULL, 1)", "a-1"
    ),
    Function(
        "conditional_to_base64(value)", "printable ASCII as it is, else base64", "conditional_to_base64('a')", "a"
    ),
    Function("container_of(pid)", "id of the container a process is in; '' for none", "container_of(0)", None),
    Function("from_base64(text)", "the text that base64 stands for", "from_base64('aGVsbG8=')", "hello"),
    Function("human_size(bytes)", "the size in a unit that suits it", "human_size(1536)", "1.5 KiB"),
    Function("human_time(seconds)", "the duration in its two greatest units", "human_time(90061)", "1 d 1 h"),
    Function(
        "in_cidr_block(block, address)",
        "1 if the address is in the block",
        "in_cidr_block('10.0.0.0/8', '10.1.2.3')",
        1,
    ),
    Function("inet_aton(address)", "an IPv4 address as a number", "inet_aton('1.0.1.5')", 16777477),
    Function("md5(value)", "MD5 digest in hexadecimal", "md5('hello')", "5d41402abc4b2a76b9719d911017c592"),
    Function(
        "regex_match(text, pattern, group)", "a group of the first match", "regex_match('ab12', '[0-9]+', 0)", "12"
    ),
    Function("regex_split(text, pattern, index)", "a part between matches", "regex_split('a1b', '[0-9]', 1)", "b"),
    Function("sha1(value)", "SHA-1 digest in hexadecimal", "sha1('hello')", _SHA1),
    Function("sha256(value)", "SHA-256 digest in hexadecimal", "sha256('hello')", _SHA256),
    Function("split(text, separators, index)", "a part between separator characters", "split('a,b', ',', 1)", "b"),
    Function("to_base64(value)", "base64", "to_base64('hello')", "aGVsbG8="),
    Function("user(uid)", "the user's name", "user(0)", "root"),
    Function(
        "version_compare(left, right[, order])",
        "-1, 0 or 1 as versions compare: numbers by value, or as 'ARCH', 'DPKG' or 'RHEL' order packages",
        "version_compare('1.10', '1.9')",
        1,
    ),
)

# (name, what it orders by).
COLLATIONS = (
    ("VERSION", "versions: numbers by value, words by letters, '.', '-' and ':' part them"),
    ("VERSION_ARCH", "versions of Arch Linux packages, as vercmp(8) does"),
    ("VERSION_DPKG", "versions of Debian packages, as deb-version(7) says"),
    ("VERSION_RHEL", "versions of RPM packages, with '~' before and '^' just after the end, as rpm-version(7) says"),
)
