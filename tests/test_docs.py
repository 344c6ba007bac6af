"""The documentation is what the code says."""

from __future__ import annotations

import importlib.util
import re
import shutil
import socket
from pathlib import Path

import pytest
from hostql.shell.repl.commands import COMMANDS
from hostql.shell.repl.settings import SETTINGS
from hostql.vtables.database import Database

ROOT = Path(__file__).parent.parent


def generator(name: str = "generate") -> object:
    spec = importlib.util.spec_from_file_location(name, ROOT / f"docs/{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pages_of_tables_are_current() -> None:
    wanted = generator().pages()  # type: ignore[attr-defined]
    present = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs/tables").glob("*.md")}
    assert present == wanted, "run `make docs`"


def test_the_page_of_functions_is_current() -> None:
    page = (ROOT / "docs/functions.md").read_text(encoding="utf-8")
    assert page == generator().functions_page(), "run `make docs`"  # type: ignore[attr-defined]


def test_the_page_of_options_is_current() -> None:
    page = (ROOT / "docs/options.md").read_text(encoding="utf-8")
    assert page == generator().options_page(), "run `make docs`"  # type: ignore[attr-defined]


def test_the_configuration_of_the_documentation_works(private_path: Path) -> None:
    from hostql.daemon.check import check

    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    file = private_path / "hostql.conf"
    file.write_text(text)
    file.chmod(0o600)
    config, faults = check(str(file))
    assert [query.name for query in config.queries()] == ["listening", "users", "started", "pack_web_config"]
    assert [str(fault) for fault in faults] == []


def test_every_section_is_in_the_page_of_the_configuration() -> None:
    from hostql.daemon.config.build import SECTIONS

    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert not {name for name in SECTIONS if f"`{name}`" not in page}


def test_links_lead_somewhere() -> None:
    broken = {
        f"{page.relative_to(ROOT)}: {target}"
        for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    }
    assert not broken


TRANSCRIPT = generator("transcript")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command, shown", TRANSCRIPT.commands(README))  # type: ignore[attr-defined]
def test_the_transcript_of_the_readme_is_real(command: str, shown: str) -> None:
    """To the letter, but for what depends on the host: there the names of the columns."""
    printed = TRANSCRIPT.printed(command)  # type: ignore[attr-defined]
    if "listening_ports" in command or "ago(" in command:
        printed, shown = (text.partition("\n")[0].split() for text in (printed, shown))
    assert printed == shown, "run docs/transcript.py"


def test_every_page_is_reached_from_the_index() -> None:
    index = (ROOT / "docs/README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert not {page for page in pages if f"]({page})" not in index}


def queries_of_the_readme() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    return [query.strip() for block in blocks for query in block.split("\n\n")]


@pytest.mark.parametrize("sql", queries_of_the_readme())
def test_queries_of_the_readme_work(db: Database, sql: str) -> None:
    assert [len(list(result)) >= 0 for result in db.run(sql)] == [True]


SHELL = generator("shell")
TOUR = (ROOT / "docs/shell.md").read_text(encoding="utf-8")


def test_every_command_setting_and_key_is_in_the_page_of_the_shell() -> None:
    assert SHELL.with_lists(TOUR) == TOUR, "run `make docs`"  # type: ignore[attr-defined]
    missing = [f"**`{command.usage}`**" for command in COMMANDS.values() if f"**`{command.usage}`**" not in TOUR]
    missing += [f"| `{name}` |" for name in SETTINGS if f"| `{name}` |" not in TOUR]
    assert not missing


@pytest.mark.skipif(shutil.which("cat") is None, reason="the tour uses cat")
def test_the_tour_of_the_shell_can_be_played_again() -> None:
    """What is printed under each input has the same words in its first line, whatever the host's values are."""
    pytest.importorskip("pexpect")
    pytest.importorskip("pyte")

    def outline(page: str) -> list[list[str]]:
        beginnings = [
            [line.split(" │ ")[0].strip() for line in output.split("\n")[:2] if line]
            for block in SHELL.BLOCK.findall(page)  # type: ignore[attr-defined]
            for output in block.split("\nhostql> ")
        ]
        return [[re.sub(r"[\d.:]+", "0", line) for line in lines] for lines in beginnings]

    with socket.create_server(("127.0.0.1", 0)) as listening:
        free = listening.getsockname()[1]
    assert outline(SHELL.played(TOUR, free)) == outline(TOUR), "run `make docs`"  # type: ignore[attr-defined]
