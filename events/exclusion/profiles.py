"""Exclusion profiles: from the configuration file's `exclusion_profiles` to `Rules`.

    "exclusion_profiles": {"backup": {"rules": [{"class": "file", "path": "/var/backups/", "uid": "backup"}]}},
    "events": {"profile": "backup"}

A profile is taken whole or not at all. Every fault is a ConfigError that names the file, the line and the rule, and
says what is allowed.
"""

from __future__ import annotations

import json
from functools import lru_cache

from ...vtables.errors import ConfigError
from ..positions import Positions
from . import match
from .rules import FIELDS, Rule, Rules
from .values import PARSERS, spelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from ..positions import Path

SECTION = "exclusion_profiles"
# Keys of a rule that are no field: the class of events, all events of it, and words for people.
_OTHERS = ("class", "all", "comment")
# Rules in force at once; a thousand addresses are one rule.
MOST_RULES = 10_000


class Profiles:
    """The profiles of a configuration; `text` is the JSON it was read from, `file` its name for errors."""

    def __init__(self, config: dict[str, Any], text: str, file: str) -> None:
        self._config = config
        self._file = file
        self._positions = Positions(text)
        self._section = config.get(SECTION, {})
        if not isinstance(self._section, dict):
            raise self._error((SECTION,), f"{SECTION} is no object", "It is {NAME: {rules: [...]}, ...}.")
        for path, line in self._positions.duplicates.items():
            if path[0] == SECTION:
                where = self._where(path[:-1])
                raise ConfigError(
                    f"{self._file}, line {line}: {where}: {path[-1]!r} stands there twice",
                    "JSON would keep the last alone.",
                    file=file,
                    line=line,
                )

    def __iter__(self) -> Iterator[str]:
        return iter(self._section)

    def active(self) -> list[str]:
        """The names in `events.profile`."""
        events = self._config.get("events", {})
        if not isinstance(events, dict):
            raise self._error(("events",), "events is no object", "")
        for name in events:
            if name != "profile" and _meant(name, ("profile",)):
                raise self._error(("events", name), f"events has no {name!r}", "Did you mean profile?")
        names = events.get("profile", [])
        names = [names] if isinstance(names, str) else names
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self._error(("events", "profile"), "events.profile is no name", "It is one name or a list of names.")
        return list(dict.fromkeys(names))

    def rules(self, names: Iterable[str] | None = None) -> Rules:
        """The rules of these profiles, by default of the active ones. Raises ConfigError."""
        place: Path = ("events", "profile")
        found: list[Rule] = []
        names = list(self.active() if names is None else names)
        for name in names:
            if name not in self._section:
                raise self._error(place, f"no such exclusion profile: {name}", self._names(name))
            found += self._profile(name, len(found))
        if len(found) > MOST_RULES:
            raise self._error(
                (SECTION,), f"{len(found)} rules are in force", f"{MOST_RULES} can be; a rule may have many values."
            )
        return Rules(",".join(names), tuple(found))

    def count(self, name: str) -> int:
        """How many rules a profile has, right or wrong."""
        given = self._section[name]
        rules = given.get("rules") if isinstance(given, dict) else None
        return len(rules) if isinstance(rules, list) else 0

    def _profile(self, name: str, first: int) -> list[Rule]:
        given, path = self._section[name], (SECTION, name)
        if not isinstance(given, dict):
            raise self._error(path, "it is no object", 'It is {"rules": [...]}.')
        self._known_keys(path, given, ("rules", "comment"))
        rules = given.get("rules")
        if not isinstance(rules, list):
            at = (*path, "rules") if "rules" in given else path
            raise self._error(at, "rules is no list" if "rules" in given else "it has no rules", "It is [{...}, ...].")
        return [self._rule(name, number, rule, first + number) for number, rule in enumerate(rules)]

    def _rule(self, profile: str, number: int, given: Any, id: int) -> Rule:
        path: Path = (SECTION, profile, "rules", number)
        if not isinstance(given, dict):
            raise self._error(path, "a rule is no object", 'It is {"class": "socket", "port": 53, ...}.')
        self._known_keys(path, given, (*_OTHERS, *FIELDS))
        event_class = given.get("class", "")
        classes = fields_by_class()
        if "class" in given and not (isinstance(event_class, str) and event_class in classes):
            hint = _did_you_mean(event_class, classes) or f"Classes are {', '.join(sorted(classes))}."
            raise self._error((*path, "class"), f"no such class of events: {event_class!r}", hint)
        values: dict[str, Any] = {}
        for field in FIELDS:
            if field in given:
                if event_class and field not in classes[event_class]:
                    has = ", ".join(name for name in FIELDS if name in classes[event_class]) or "none"
                    hint = f"The fields of that class are: {has}."
                    raise self._error((*path, field), f"events of class {event_class} have no {field}", hint)
                values[field] = self._field((*path, field), field, given[field])
        self._something_is_asked(path, given, values, event_class)
        return Rule(
            id,
            _source(event_class, values),
            event_class=event_class,
            profile=profile,
            number=number,
            **values,
        )

    def _field(self, path: Path, field: str, given: Any) -> Any:
        parse, many = PARSERS[field], isinstance(given, list)
        if field == "success":
            return self._value(path, parse, given)
        if many and not given:
            raise self._error(path, f"{field} is an empty list, which nothing matches", "Leave it out, or say what.")
        found = [self._value((*path, i) if many else path, parse, v) for i, v in enumerate(given if many else [given])]
        unique = {spelled(value): value for value in found}
        return tuple(unique[key] for key in sorted(unique, key=lambda key: (isinstance(key, str), key)))

    def _value(self, path: Path, parse: Any, given: Any) -> Any:
        try:
            return parse(given)
        except ValueError as allowed:
            field = path[4]
            shown = json.dumps(given, ensure_ascii=False)
            shown = shown if len(shown) <= 100 else shown[:100] + "…"
            raise self._error(path, f"{field} cannot be {shown}", f"Allowed: {allowed}.") from None

    def _something_is_asked(self, path: Path, given: dict[str, Any], values: dict[str, Any], event_class: str) -> None:
        if "all" not in given:
            if not values:
                hint = 'To mean that, name a class and write "all": true.'
                raise self._error(path, "the rule asks about no field: it would drop every event", hint)
            return
        at = (*path, "all")
        if given["all"] is not True:
            raise self._error(at, "all is not true", 'It is "all": true, or left out.')
        if values:
            raise self._error(at, f"all stands beside {', '.join(values)}", "Leave one of them out.")
        if not event_class:
            raise self._error(at, "all without a class would drop every event", "Name a class.")

    def _known_keys(self, path: Path, given: dict[str, Any], known: tuple[str, ...]) -> None:
        for key in given:
            if key not in known:
                hint = _did_you_mean(key, known) or f"Allowed: {', '.join(known)}."
                raise self._error((*path, key), f"unknown key {key!r}", hint)

    def _names(self, name: str) -> str:
        if not self._section:
            return f"The configuration has no {SECTION}."
        return _did_you_mean(name, self._section) or f"It has: {', '.join(self._section)}."

    def _error(self, path: Path, what: str, hint: str) -> ConfigError:
        line, within = 0, path
        while within and not line:
            line, within = self._positions.line(*within), within[:-1]
        place = f"{self._file}, line {line}" if line else self._file
        where = self._where(path)
        return ConfigError(
            f"{place}: {where}: {what}" if where else f"{place}: {what}", hint, file=self._file, line=line
        )

    def _where(self, path: Path) -> str:
        if len(path) < 2 or path[0] != SECTION:
            return ""
        return f"profile {path[1]}, rule {path[3]}" if len(path) > 3 else f"profile {path[1]}"


@lru_cache(maxsize=1)
def fields_by_class() -> dict[str, frozenset[str]]:
    """{class of events: the fields that some table of it tells of}."""
    from ..catalog import catalog
    from ..table import EventTable

    tables = catalog()
    found: dict[str, frozenset[str]] = {}
    for name in tables:
        if tables.subject(name) == "events":
            table = tables.load(name)
            if issubclass(table, EventTable):
                has = {column.name for column in table.columns}
                told = {field for field in FIELDS if has.intersection(match.columns_of(name, field))}
                found[table.event_class] = found.get(table.event_class, frozenset()) | told
    return found


def _source(event_class: str, values: dict[str, Any]) -> str:
    """The rule as JSON, the same for all its spellings."""
    source: dict[str, Any] = {"class": event_class} if event_class else {}
    if not values:
        source["all"] = True
    for field, value in values.items():
        source[field] = [spelled(each) for each in value] if isinstance(value, tuple) else value
    return json.dumps(source, ensure_ascii=False)


def _did_you_mean(name: object, names: Iterable[str]) -> str:
    meant = _meant(name, names)
    return f"Did you mean {' or '.join(meant)}?" if meant else ""


def _meant(name: object, names: Iterable[str]) -> list[str]:
    from ...vtables.suggest import nearest

    return nearest(name, names) if isinstance(name, str) else []
