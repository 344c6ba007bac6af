"""Completion as a pure function: the text and where the cursor is in, what could stand there out.

suggest("select p.pi", " from processes p", words)   ->  pid of processes
suggest("select * from lis", "", words)              ->  listening_ports

tokens -> scanner (scopes) -> context (what is wanted) -> candidates and operands (what could stand there) -> suggestion
(how well each fits). `completer` gives it to prompt-toolkit, `vocabulary` gathers a session's words.
"""

from __future__ import annotations

from .candidates import suggest_sql
from .lines import command_line
from .suggestion import Suggestion
from .words import Words

__all__ = ["Suggestion", "Words", "suggest"]


def suggest(before: str, after: str, words: Words) -> tuple[int, list[Suggestion]]:
    """What fits between `before` and `after` the cursor: how many characters are replaced, and the suggestions."""
    return command_line(before, after, words) or suggest_sql(before, after, words)
