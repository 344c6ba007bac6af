"""The SQL functions: the catalogue's examples, and values observed in osquery."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hostql.vtables.database import Database
from hostql.vtables.errors import HostqlError
from hostql.vtables.functions import BINDINGS, COLLATIONS
from hostql.vtables.functions.catalog import COLLATIONS as DOCUMENTED
from hostql.vtables.functions.catalog import FUNCTIONS

OBSERVED = json.loads((Path(__file__).parents[2] / "data" / "osquery_functions.json").read_text())

# Where hostql differs on purpose, and why; by a piece of the expression.
DIFFERS = {
    "429496729": "an index is not taken modulo 2**32",
    "split(' a , b '": "the text's own spaces are kept",
    "(?i)": "Python's regular expressions know flags",
    "(?<=": "and look-behind",
    "[[:": "but not POSIX classes",
    "'h.llo'": "a dot is a character, not a byte",
    "'h..llo'": "a dot is a character, not a byte",
    "1e100": "SQLite's own text of a real is used",
    "char(0)": "text is not cut at NUL",
    "x'00ff10'": "a blob is not cut at NUL",
    "0.0.0.0/0": "the whole address space holds every address",
    "in_cidr_block(NULL": "NULL in, NULL out",
    "in_cidr_block('1.2.3.0/24',NULL": "NULL in, NULL out",
    "2001:0:3238": "addresses of two families are ordered by their bytes alone",
    "135,0,58": "neighbour solicitation and advertisement are one flow, as the specification pairs them",
    "136,0,58": "as above",
    "0,0,47": "a protocol without ports adds none",
    "6,65535)": "the seed is any 16-bit number",
    "6,-1)": "and no negative one",
    "::ffff:1.2.3.4": "an IPv4-mapped address stays IPv6",
    "from_base64('abc": "bytes that are no UTF-8 are shown as \\xNN",
    "from_base64('/": "as above",
    "from_base64('A": "as above, and text is not cut at NUL",
    "from_base64(1234)": "as above",
}


def differs(expression: str) -> bool:
    return any(piece in expression for piece in DIFFERS)


@pytest.mark.parametrize("case", FUNCTIONS, ids=lambda case: case.name)
def test_the_documented_example(db: Database, case):
    assert list(db.execute(f"SELECT {case.example}")) == [(case.value,)]


def test_every_function_is_documented():
    assert sorted(binding[0] for binding in BINDINGS) == sorted(function.name for function in FUNCTIONS)
    assert [name for name, _ in DOCUMENTED] == list(COLLATIONS)


@pytest.mark.parametrize("name", sorted(OBSERVED))
def test_values_are_those_osquery_gives(db: Database, name: str):
    for expression, expected, *_ in OBSERVED[name]:
        if differs(expression):
            continue
        if isinstance(expected, dict):
            with pytest.raises(HostqlError):
                list(db.execute(f"SELECT {expression}"))
            continue
        ((value,),) = db.execute(f"SELECT {expression}")
        assert (None if value is None else str(value)) == expected, expression
