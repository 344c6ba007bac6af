"""How wide columns become, what is elided where, and when a row does not fit: pure."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from hostql.shell.formats import NAMES, Style, layout, write
from hostql.shell.formats.layout import READABLE, SAMPLE, elided, text_width
from hostql.shell.formats.safe import plain, printable

SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def shown(format: str, columns: tuple[str, ...], rows: Any, **style: Any) -> list[str]:
    """The lines a format writes."""
    out = io.StringIO()
    write(format, columns, rows, out, Style(**style))
    return out.getvalue().splitlines()


@pytest.mark.parametrize(
    "text, width, mark, expected",
    [
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", 20, "…", "/usr/l…gnu/libc.so.6"),
        ("/usr/bin/python3 -m http.server", 20, "…", "/usr/bin/python3 -m…"),
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", 20, "...", "/usr/...nu/libc.so.6"),
        ("sshd: ann [priv]", 10, "…", "sshd: ann…"),
        ("sshd: ann [priv]", 10, "...", "sshd: a..."),
        ("日本語のテキスト", 7, "…", "日本語…"),
        ("日本語のテキスト", 8, "…", "日本語…"),
        ("/日本/語の/テキスト", 9, "…", "/…キスト"),
        ("e\u0301e\u0301e\u0301", 2, "…", "e\u0301…"),
        ("abc", 1, "…", "…"),
        ("abc", 2, "...", ".."),
    ],
)
def test_elision(text: str, width: int, mark: str, expected: str):
    assert elided(text, width, mark) == expected
    assert text_width(expected) <= width


@pytest.mark.parametrize("format", ["table", "box", "auto"])
def test_columns_that_fit_are_whole_and_the_wide_ones_share_the_rest(format: str):
    rows = [(4711, "nginx", "/usr/lib/" + "x" * 90 + "/nginx", "nginx: " + "y" * 90)]
    lines = shown(format, ("pid", "name", "path", "cmdline"), rows, width=80)
    assert max(len(line) for line in lines) == 80
    cells = [cell.strip() for cell in lines[3 if format == "box" else 2].strip("│").split("│")]
    assert cells[:2] == ["4711", "nginx"]
    path, cmdline = cells[2:]
    assert path.startswith("/usr/lib/") and path.endswith("/nginx") and "…" in path
    assert cmdline.startswith("nginx: y") and cmdline.endswith("y…")
    assert abs(len(path) - len(cmdline)) <= 1


def test_one_long_value_does_not_take_the_room_of_many():
    rows = [(f"/srv/data/of/customer/{i:04}/report", "short") for i in range(99)]
    rows.append(("/srv/data/of/customer/0099/report", "long " * 100))
    lines = shown("table", ("path", "description"), rows, width=60)
    assert "/srv/data/of/customer/0042/report" in lines[44]


@pytest.mark.parametrize("value", [-(2**63), 1.2345678901234567e-300, SHA256, "2001:db8:85a3:8d3:1319:8a2e:370:7348"])
def test_numbers_and_identifiers_stand_whole(value: Any):
    for width in (40, 60, 80, 200):
        lines = shown("auto", ("x", "text"), [(value, "t" * 200)], width=width)
        assert any(str(value) in line for line in lines), width


@pytest.mark.parametrize(
    "columns, rows, width, vertical",
    [
        (("pid", "name"), [(1, "systemd")], 40, False),
        (("pid", "name", "path", "cmdline"), [(1, "n" * 15, "/p" * 90, "y" * 90)], 80, False),
        (("pid", "name", "path", "cmdline"), [(1, "n" * 15, "/p" * 90, "y" * 90)], 40, True),
        (("path", "sha256"), [("/bin/sh", SHA256)], 80, False),
        (("path", "sha256"), [("/usr/bin/something-long", SHA256)], 80, True),
        (tuple(f"column_{i}" for i in range(20)), [tuple(range(20))], 80, True),
        (tuple(f"column_{i}" for i in range(20)), [tuple(range(20))], 300, False),
        (("pid", "name"), [], 40, False),
        (("a",), [("x" * 500,)], 40, False),
    ],
)
def test_records_where_a_row_would_not_fit(columns, rows, width: int, vertical: bool):
    lines = shown("auto", columns, rows, width=width)
    assert lines[0].startswith("── 1 ──") == vertical


def test_a_text_column_is_readable_or_it_is_no_table():
    exact = 3 * READABLE + 3 * 3 - 1
    rows = [("x" * 50, "y" * 50, "z" * 50)]
    assert shown("auto", ("a", "b", "c"), rows, width=exact)[2].count("│") == 2
    assert shown("auto", ("a", "b", "c"), rows, width=exact - 1)[0].startswith("── 1 ─")


def test_records_align_names_and_keep_values_whole():
    lines = shown("line", ("pid", "cmdline"), [(1, "x" * 200), (2, None)], width=40, null="NULL")
    assert lines == [
        "── 1 ".ljust(40, "─"),
        "     pid │ 1",
        " cmdline │ " + "x" * 200,
        "── 2 ".ljust(40, "─"),
        "     pid │ 2",
        " cmdline │ NULL",
    ]


def test_records_in_a_file_are_plain_lines():
    assert shown("line", ("a", "bc"), [(1, "x"), (2, None)]) == [" a = 1", "bc = x", "", " a = 2", "bc = "]


@pytest.mark.parametrize("format", ["table", "box", "auto"])
def test_without_a_width_nothing_is_elided(format: str):
    assert any("x" * 5000 in line for line in shown(format, ("a", "b"), [("x" * 5000, 1)]))


def test_later_rows_have_the_room_that_is_left():
    rows = [(i % 10, "some text") for i in range(SAMPLE)] + [(1234, "some text, longer")]
    assert shown("table", ("n", "text"), rows, width=40)[-2:] == ["    9 │ some text", " 1234 │ some text, longer"]


def test_a_later_number_takes_the_room_of_a_text_and_a_later_text_is_elided():
    rows: list[tuple[Any, ...]] = [(i % 10, "a text of forty characters, not elided..") for i in range(SAMPLE)]
    rows += [(12345678, rows[0][1]), (None, "x" * 100), (9, "short")]
    lines = shown("table", ("n", "text"), rows, width=46, null="NULL")
    assert lines[-4:] == [
        " 9 │ a text of forty characters, not elided..",
        " 12345678 │ a text of forty characters, not …",
        "     NULL │ " + "x" * 32 + "…",
        "        9 │ short",
    ]


@pytest.mark.parametrize("format", ["table", "box", "line", "auto", "markdown"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, ValueError])
def test_rows_read_before_a_stop_are_shown(format: str, stop: type[BaseException]):
    def rows() -> Iterator[tuple[Any, ...]]:
        yield (1, "first")
        yield (2, "second")
        raise stop

    out = io.StringIO()
    with pytest.raises(stop):
        write(format, ("n", "word"), rows(), out, Style(width=40))
    assert "first" in out.getvalue() and "second" in out.getvalue()
    if format == "box":
        assert out.getvalue().endswith("┘\n")


def test_a_terminal_does_not_wait_for_the_whole_sample(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(layout, "PATIENCE", -1.0)
    out = io.StringIO()

    def rows() -> Iterator[tuple[Any, ...]]:
        for i in range(3):
            assert i < 2 or "0" in out.getvalue()
            yield (i,)

    assert write("table", ("n",), rows(), out, Style(width=40)) == 3


def test_every_format_counts_its_rows():
    for format in NAMES:
        assert write(format, ("n", "t"), iter([(1, "a"), (2, "b"), (3, "c")]), io.StringIO(), Style()) == 3


def test_colours_by_type():
    colours = {kind: f"<{kind}>" for kind in ("null", "number", "text", "blob", "header", "rule", "name")}
    row = (None, 1, 1.5, "t", b"\x00\xff")
    header, _rule, line = shown("table", ("a", "b", "c", "d", "e"), [row], width=80, colours=colours, null="NULL")
    assert header.startswith(" <header>a   \x1b[0m")
    for cell in ("<null>NULL", "<number>1", "<number>1.5", "<text>t", "<blob>x'00ff'"):
        assert cell + "\x1b[0m" in line
    record = shown("line", ("a", "b"), [(None, 1)], width=80, colours=colours, null="NULL")
    assert record[1] == " <name>a\x1b[0m <rule>│\x1b[0m <null>NULL\x1b[0m"


@pytest.mark.parametrize("format", ["table", "box", "line"])
def test_ascii_is_ascii(format: str):
    lines = shown(format, ("path", "b"), [("/" + "p" * 100, None)] * 2, width=30, ascii=True)
    assert "".join(lines).isascii()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("plain", "plain"),
        ("é日本 👍", "é日本 👍"),
        ("a\tb\nc\r", "a\\tb\\nc\\r"),
        ("\x1b[31m\x9b\x7f", "\\x1b[31m\\x9b\\x7f"),
        ("\u202eabc\u2066\u200f\ufeff", "\\u202eabc\\u2066\\u200f\\ufeff"),
        ("👩\u200d🔬", "👩\\u200d🔬"),
        ("❤\ufe0f", "❤\\ufe0f"),
        ("🇩🇪", "\\U0001f1e9\\U0001f1ea"),
        ("👍🏽", "👍\\U0001f3fd"),
        ("a\xa0b\u3000", "a\\xa0b\\u3000"),
        ("\u3164\u115f", "\\u3164\\u115f"),
        ("\udce9", "\\udce9"),
        ("\ue0b0\U000e0041", "\\ue0b0\\U000e0041"),
        ("e\u0301", "e\u0301"),
    ],
)
def test_what_is_not_plainly_visible_is_escaped(text: str, expected: str):
    assert printable(text) == plain(text) == expected
