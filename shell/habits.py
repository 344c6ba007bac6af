"""What users of osqueryi and sqlite3 type out of habit, and what to type here; imported when it is needed alone."""

from __future__ import annotations

_FORMATS = "--table, --box, --line, --csv, --tsv, --json, --ndjson, --markdown and --html choose how rows look."
_TABLE = "The name of a table shows it: hostql users"
_NULL = "NULL is null in --json and nothing in --csv and --tsv; coalesce(value, 'none') gives it another text."
_FEW = "hostql needs no flag for this; hostql --help lists the few there are."

# Flags of osqueryi, and what does the same here.
FLAGS = {
    "A": _TABLE,
    "all": _TABLE,
    "L": "hostql tables lists the tables.",
    "S": "hostql --help lists the options.",
    "header": "Names of columns come first; --no-header leaves them out.",
    "noheader": "--no-header leaves the names of the columns out.",
    "json_pretty": "--json gives one object a line.",
    "list": "--tsv gives rows apart by tabs, --csv by commas.",
    "nullvalue": _NULL,
    "pack": "hostql profile FILE runs the queries of a pack or configuration.",
    "config_path": "hostql profile FILE runs the queries of a pack or configuration.",
    "pretty": "A terminal gets a table; --table asks for one elsewhere.",
    "query": 'Give the statement itself: hostql "SELECT ..."',
    "query_file": "-f FILE runs the statements of a file.",
    "separator": "--tsv gives rows apart by tabs, --csv by commas.",
    "verbose": "What could not be read is always said, on standard error.",
    "planner": 'hostql explain "SELECT ..." says how a query is answered.',
    "extension": "Tables of other packages are found by themselves once they are installed.",
}


def flag(name: str, long: list[str]) -> str:
    """What to type instead of an option that is not there; `long` are the names of those that are."""
    from difflib import get_close_matches

    if name in long:
        return f"Did you mean --{name}?"
    bare = name[2:] if name.startswith("no") and name[2:] in FLAGS else name
    if bare in FLAGS:
        return FLAGS[bare]
    close = get_close_matches(name, long, n=1)
    if close:
        return f"Did you mean --{close[0]}?"
    return _FEW if "_" in name else "hostql --help lists them."
