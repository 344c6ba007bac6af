"""Whatever text a host holds, the drawn rules line up on the screen and nothing drives the terminal."""

from __future__ import annotations

import io
import re
import unicodedata
from typing import Any

import pytest
from hostql.shell.formats import Style, write
from hostql.shell.formats.layout import text_width
from hostql.shell.formats.markdown import ALIGNED
from hostql.shell.repl.theme import THEMES

# It takes long, and is the same on every Python.
pytestmark = pytest.mark.slow

pyte = pytest.importorskip("pyte")
hypothesis = pytest.importorskip("hypothesis")
st = hypothesis.strategies

NASTY = [
    "two\nlines\r\n\ttab",
    "\x1b[31mred\x1b[2J\x1b]0;title\x07",
    "\x9b31m\x90q\x9c",
    "right \u202eto\u202c left \u2067mark\u2069 \u200f",
    "שלום עולם",
    "日本語のファイル名.txt",
    "ｆｕｌｌ　ｗｉｄｔｈ",
    "👩‍🔬👨‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪 1️⃣ ❤️",
    "Z̸̢̛a̴͠l̷g̵o̶",
    "\u0301begins with a mark",
    "하\u1112\u1161\u11ab",
    "\udcff\udc80 not UTF-8",
    "\ue0b0\U000f0000\u0378 \ufdd0\uffff",
    "a\xa0b\u2003c\u3164\u2800d\xad\ufeff",
    "/very/long/path/" + "日本/" * 20 + "end",
    "│ ─ ┼ | \\ < `",
    "%s %n {0} $HOME `x`",
    "",
    " ",
]
TEXT = st.one_of(st.sampled_from(NASTY), st.text(max_size=40), st.text(alphabet="日é👍\u0301/a\x1b", max_size=60))
VALUE = st.one_of(TEXT, st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.binary(max_size=30))


@st.composite
def tables(draw: Any) -> tuple[list[str], list[list[Any]]]:
    """Names of columns, and rows."""
    count = draw(st.integers(1, 6))
    row = st.lists(VALUE, min_size=count, max_size=count)
    return draw(st.lists(TEXT, min_size=count, max_size=count)), draw(st.lists(row, max_size=8))


def written(format: str, columns: list[str], rows: list[list[Any]], **style: Any) -> str:
    out = io.StringIO()
    write(format, columns, rows, out, Style(**style))
    return out.getvalue()


def drawn(text: str, columns: int) -> list[str]:
    """The lines a terminal shows, a cell for each position ('' behind a wide character is a blank)."""
    screen = pyte.Screen(columns, text.count("\n") * 8 + 2)
    stream = pyte.Stream(screen)
    # pyte drops the rest of a text behind a mark it cannot place: one character at a time.
    for character in text.replace("\n", "\r\n"):
        stream.feed(character)
    lines = []
    for y in range(screen.cursor.y):
        row = screen.buffer[y]
        lines.append("".join([(row[x].data or " ")[0] for x in range(columns)]))
    return lines


def positions(line: str, bar: str = "│") -> list[int]:
    return [i for i, character in enumerate(line) if character == bar]


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("theme", ["dark", "light", "mono", "plain"])
@hypothesis.given(table=tables())
@hypothesis.settings(max_examples=20, deadline=None)
def test_a_table_or_records_line_up_on_the_screen(width: int, theme: str, table):
    columns, rows = table
    lines = drawn(written("auto", columns, rows, width=width, colours=THEMES[theme].colours, null="NULL"), width)
    if not lines or lines[0].startswith("── 1 ─"):
        numbers = [line.split()[1] for line in lines if re.match(r"── \d+ ─", line)]
        assert numbers == [str(i + 1) for i in range(len(rows))]
        return
    assert len(lines) == len(rows) + 2
    crossings = positions(lines[1], "┼")
    assert len(crossings) == len(columns) - 1
    for line in lines:
        assert all(line[at] in "│┼" for at in crossings), lines


@pytest.mark.parametrize("format, bar", [("table", "│"), ("box", "│"), ("markdown", "|")])
@hypothesis.given(table=tables())
@hypothesis.settings(max_examples=60, deadline=None)
def test_in_a_file_the_bars_line_up(format: str, bar: str, table):
    columns, rows = table
    lines = written(format, columns, rows).splitlines()
    # Cells as a terminal counts them; a bar of the data itself may stand anywhere, a bar of the table must.
    spread = ["".join([c + " " * (text_width(c) - 1) for c in line if text_width(c)]) for line in lines]
    rule = spread[2 if format == "box" else 1]
    if format == "markdown":
        assert all(re.search(r"(?<!\\)(\\\\)*\|$", line) for line in lines)
        hypothesis.assume(all(text_width(cell) <= ALIGNED for line in lines for cell in re.split(r" \| ", line[2:-2])))
    for at in [i for i, character in enumerate(rule) if character in "┼|├┤"]:
        assert all(at >= len(line) or line[at] in bar + "┼├┤┌┬┐└┴┘" for line in spread), lines


@pytest.mark.parametrize("format", ["auto", "table", "box", "line", "markdown", "tsv", "ndjson", "html"])
@hypothesis.given(table=tables())
@hypothesis.settings(max_examples=25, deadline=None)
def test_nothing_but_visible_text_is_written(format: str, table):
    for character in set(written(format, *table, width=80)) - {"\n", "\t" if format == "tsv" else "\n"}:
        assert character.isprintable(), repr(character)
        assert unicodedata.category(character)[0] not in "CZ" or character == " "
