"""`crontab` in a root of their own, and against this host's own cron folders."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hostql.tests.conftest import as_nobody, notes, query
from hostql.tests.host import IS_ROOT
from hostql.vtables.database import Database
from hostql.vtables.sources.host import Host

SYSTEM = """\
SHELL=/bin/sh
PATH = /usr/bin:/bin
MAILTO=""
# m h dom mon dow user command
17 *\t* * *\troot    cd / && run-parts --report /etc/cron.hourly
*/5 0-3,22 1,15 jan-mar mon root echo "100%" > /dev/null # kept
@reboot root /usr/local/bin/at-boot --now
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "etc/crontab": SYSTEM,
        "etc/cron.d/job": "0 4 * * * daemon /bin/nightly\nnot a job\n",
        "etc/cron.d/.placeholder": "1 1 * * * root no\n",
        "var/spool/cron/crontabs/ann": "@daily /home/ann/daily\n  30 6 * * 1-5   /home/ann/work\n",
        "var/spool/cron/bob": "0 0 * * * /home/bob/rhel\n",
    }
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    return tmp_path


def test_jobs_of_all_files(root: Path, open_root: Callable[..., Database]) -> None:
    rows = query(open_root(), "SELECT * FROM crontab")
    assert [tuple(row.values()) for row in rows] == [
        ("", "17", "*", "*", "*", "*", "root    cd / && run-parts --report /etc/cron.hourly", "/etc/crontab"),
        ("", "*/5", "0-3,22", "1,15", "jan-mar", "mon", 'root echo "100%" > /dev/null # kept', "/etc/crontab"),
        ("@reboot", "", "", "", "", "", "root /usr/local/bin/at-boot --now", "/etc/crontab"),
        ("", "0", "4", "*", "*", "*", "daemon /bin/nightly", "/etc/cron.d/job"),
        ("", "0", "0", "*", "*", "*", "/home/bob/rhel", "/var/spool/cron/bob"),
        ("@daily", "", "", "", "", "", "/home/ann/daily", "/var/spool/cron/crontabs/ann"),
        ("", "30", "6", "*", "*", "1-5", "/home/ann/work", "/var/spool/cron/crontabs/ann"),
    ]


def test_a_line_that_is_no_job_is_noted(root: Path, open_root: Callable[..., Database]) -> None:
    (note,) = notes(open_root(), "SELECT * FROM crontab")
    assert "/etc/cron.d/job makes no sense" in note


def test_crontabs_that_may_not_be_read_are_noted(root: Path) -> None:
    (root / "var/spool/cron/crontabs").chmod(0o700)
    for folder in root.parents:
        if str(folder).startswith("/tmp/"):
            folder.chmod(0o755)
    root.chmod(0o755)

    def ask() -> tuple[int, list[str]]:
        with Database(host=Host(str(root))) as database:
            sql = "SELECT * FROM crontab"
            return len(query(database, sql)), notes(database, sql)

    count, said = as_nobody(ask)
    assert count == 5
    assert any("not readable" in note for note in said)


DEBIAN, RHEL, SUSE = "ID=debian\n", 'ID="rhel"\nID_LIKE="fedora"\n', 'ID="opensuse-leap"\nID_LIKE="suse opensuse"\n'
PASSWD = "root:x:0:0::/root:/bin/sh\nann:x:{uid}:1000::/home/ann:/bin/sh\n"


@pytest.fixture
def lay(tmp_path: Path) -> Callable[..., None]:
    """lay(distribution, {path: text}, mode) -> files of root's, in a root of that distribution."""
    if not IS_ROOT:
        pytest.skip("needs root, whose files cron runs")

    def write(distribution: str, files: dict[str, str], mode: int = 0o644) -> None:
        base = {"etc/os-release": distribution, "etc/passwd": PASSWD.format(uid=1000)}
        for path, text in {**base, **files}.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_bytes(text.encode())
            (tmp_path / path).chmod(mode if path in files else 0o644)

    return write


def run_by_cron(database: Database) -> tuple[list[str], list[str]]:
    """(the last word of each command, what the notes say after the name of the table)."""
    commands = [row["command"].split()[-1] for row in query(database, "SELECT command FROM crontab")]
    return commands, [note[len("crontab: ") :] for note in notes(database, "SELECT * FROM crontab")]


def job(word: str, user: str = "root ") -> str:
    return f"* * * * * {user}{word}\n"


NAMES = ["job", "job_1-a", "Job9", "-j", "_j", "job.dpkg-old", "job.sh", "job~", "job+", "j.rpmsave", "j.rpmnew", "#j#"]


@pytest.mark.parametrize(
    "distribution, expected",
    [
        (DEBIAN, ["-j", "Job9", "_j", "job", "job_1-a"]),
        (RHEL, ["-j", "Job9", "_j", "job", "job+", "job.dpkg-old", "job.sh", "job_1-a"]),
    ],
)
def test_files_of_cron_d_are_run_by_their_names(
    open_root: Callable[..., Database], lay: Callable[..., None], distribution: str, expected: list[str]
) -> None:
    lay(distribution, {f"etc/cron.d/{name}": job(name) for name in [*NAMES, ".hidden"]})
    commands, said = run_by_cron(open_root())
    assert commands == expected
    assert {note.split()[4].rstrip(":") for note in said} == {f"/etc/cron.d/{name}" for name in {*NAMES} - {*expected}}


@pytest.mark.parametrize("file, user", [("etc/cron.d/x", "root "), ("var/spool/cron/crontabs/ann", "")])
@pytest.mark.parametrize(
    "text, debian, cronie",
    [
        (f"{job('a')}{job('b').strip()}", [], ["a"]),
        (f"{job('a')}# no line end", ["a"], ["a"]),
        (f"{job('a')}  ", ["a"], ["a"]),
        (f"{job('a')}junk\n{job('b')}", [], ["a", "b"]),
        (f"{job('a')}60 * * * * root b\n{job('c')}", [], ["a", "c"]),
        (f"{job('a')}@noon root b\n", [], ["a"]),
        (f"{job('a')}* * * nov-feb * root b\n", ["a"], ["a"]),
        (f"{job('a')}10-5 * * * * root b\n* 1-0,3 * * * root c\n", ["a", "c"], ["a", "c"]),
        (f"{job('a')}-1 * * * * root b\n", [], ["a", "b"]),
        (f"{job('a')}1-5.x * * * * root b\n", ["a", "b"], ["a"]),
        (f"{job('a')}A = 'b c' \n=x\n#A=b\\\n{job('d')}", ["a", "d"], ["a", "d"]),
    ],
)
def test_lines_that_are_not_run(
    open_root: Callable[..., Database],
    lay: Callable[..., None],
    file: str,
    user: str,
    text: str,
    debian: list[str],
    cronie: list[str],
) -> None:
    """What cron 3.0pl1-197 and cronie 1.7.2 run of such files."""
    lay(DEBIAN, {file: text.replace("root ", user)}, 0o600)
    commands, said = run_by_cron(open_root())
    assert commands == debian
    assert bool(said) is (debian != [line.split()[-1] for line in text.splitlines() if "* *" in line or "@" in line])
    lay(RHEL, {file.replace("crontabs/", ""): text.replace("root ", user)}, 0o600)
    if "crontabs" in file:
        (Path(str(open_root().host.root)) / file).unlink()
    assert run_by_cron(open_root())[0] == cronie


@pytest.mark.parametrize("distribution, expected", [(DEBIAN, []), (RHEL, ["b"])])
def test_a_job_of_an_unknown_user(
    open_root: Callable[..., Database], lay: Callable[..., None], distribution: str, expected: list[str]
) -> None:
    lay(distribution, {"etc/crontab": f"{job('a', 'eve ')}{job('b')}"})
    commands, said = run_by_cron(open_root())
    assert commands == expected and said


@pytest.mark.parametrize(
    "mode, owner, debian, cronie",
    [
        (0o644, 0, "", ""),
        (0o600, 0, "", ""),
        (0o755, 0, "", "it can be executed"),
        (0o664, 0, "it can be written by gid 0", "it can be written by gid 0"),
        (0o646, 0, "it can be written by everybody", "it can be written by everybody"),
        (0o644, 1000, "it is owned by uid 1000", "it is owned by uid 1000"),
    ],
)
def test_system_files_that_cron_refuses(
    tmp_path: Path, open_root: Callable[..., Database], lay: Callable[..., None], mode, owner, debian, cronie
) -> None:
    for distribution, why in ((DEBIAN, debian), (RHEL, cronie)):
        lay(distribution, {"etc/cron.d/x": job("a"), "etc/crontab": job("b")}, mode)
        for name in ("cron.d/x", "crontab"):
            os.chown(tmp_path / "etc" / name, owner, 0)
        commands, said = run_by_cron(open_root())
        assert commands == ([] if why else ["b", "a"])
        expected = [f"cron does not run /etc/{name}: {why}" for name in ("crontab", "cron.d/x")]
        assert said == (expected if why else [])


@pytest.mark.parametrize(
    "mode, owner, debian, cronie",
    [
        (0o600, 1000, "", ""),
        (0o600, 0, "", ""),
        (0o600, 5, "it is owned by uid 5", "it is owned by uid 5"),
        (0o644, 1000, "it has the mode 0644, not 0600", ""),
        (0o400, 1000, "it has the mode 0400, not 0600", ""),
        (0o660, 1000, "it has the mode 0660, not 0600", "it can be written by gid 0"),
    ],
)
def test_users_files_that_cron_refuses(
    tmp_path: Path, open_root: Callable[..., Database], lay: Callable[..., None], mode, owner, debian, cronie
) -> None:
    for distribution, why, folder in ((DEBIAN, debian, "crontabs"), (SUSE, cronie, "tabs")):
        file = f"var/spool/cron/{folder}/ann"
        lay(distribution, {file: job("a", "")}, mode)
        os.chown(tmp_path / file, owner, 0)
        commands, said = run_by_cron(open_root())
        assert commands == ([] if why else ["a"])
        assert said == ([f"cron does not run /{file}: {why}"] if why else [])
        (tmp_path / file).unlink()


def test_a_link_in_the_spool(tmp_path: Path, open_root: Callable[..., Database], lay: Callable[..., None]) -> None:
    for distribution, folder, expected in ((DEBIAN, "crontabs/", []), (RHEL, "", ["a"])):
        lay(distribution, {f"var/spool/cron/{folder}target": job("a", "")}, 0o600)
        (tmp_path / f"var/spool/cron/{folder}target").rename(tmp_path / "etc/target")
        (tmp_path / f"var/spool/cron/{folder}root").symlink_to("/etc/target")
        assert run_by_cron(open_root())[0] == expected


@pytest.mark.parametrize(
    "distribution, read", [(DEBIAN, "crontabs/ann"), (SUSE, "tabs/ann"), (RHEL, "ann"), ("ID=arch\n", "ann")]
)
def test_each_distribution_has_its_own_spool(
    open_root: Callable[..., Database], lay: Callable[..., None], distribution: str, read: str
) -> None:
    files = {f"var/spool/cron/{name}": job(name, "") for name in ("ann", "tabs/ann", "crontabs/ann")}
    lay(distribution, files, 0o600)
    commands, said = run_by_cron(open_root())
    assert commands == [read]
    assert len([note for note in said if "reads no crontabs in" in note]) == 2


def test_a_file_of_an_unknown_user(open_root: Callable[..., Database], lay: Callable[..., None]) -> None:
    lay(DEBIAN, {"var/spool/cron/crontabs/eve": job("a", "")}, 0o600)
    assert run_by_cron(open_root()) == ([], ["cron does not run /var/spool/cron/crontabs/eve: there is no such user"])


@pytest.mark.parametrize(
    "programs, expected",
    [
        (["usr/sbin/cron"], ["job"]),
        (["usr/bin/cronnext", "usr/sbin/crond"], ["job", "job.sh"]),
        (["usr/sbin/crond"], ["job", "job.sh"]),
        (["usr/bin/true"], ["job", "job.sh"]),
    ],
)
def test_the_kind_of_cron_is_known_by_its_programs(
    open_root: Callable[..., Database], lay: Callable[..., None], programs: list[str], expected: list[str]
) -> None:
    lay("ID=other\n", {**dict.fromkeys(programs, ""), "etc/cron.d/job": job("job"), "etc/cron.d/job.sh": job("job.sh")})
    commands, said = run_by_cron(open_root())
    assert commands == expected
    assert any("no cron is installed" in note for note in said) is (programs == ["usr/bin/true"])


def test_jobs_of_anacron(open_root: Callable[..., Database], lay: Callable[..., None]) -> None:
    text = "SHELL=/bin/sh\n# x \\\n1 0 hidden true\n1 5 cron.daily nice \\\nrun-parts d\n@monthly 15 m x y # z\njunk\n"
    lay(RHEL, {"etc/anacrontab": text})
    rows = query(open_root(), "SELECT event, minute, command, path FROM crontab")
    assert [tuple(row.values()) for row in rows] == [
        ("1 days", "", "nice run-parts d", "/etc/anacrontab"),
        ("@monthly", "", "x y # z", "/etc/anacrontab"),
    ]
    assert run_by_cron(open_root())[1] == ["a line of /etc/anacrontab makes no sense"]


FIELDS = "* */5 5/10 */0 */99 60 10-5 1,2,3-5 1,,2 ,1 1, 7 00 001 1-5/2,7 1/ ? *-5 1-2-3 1.5 x *~5 1~5 -5 5- 0-59/7"


def test_fields_are_those_that_crontab_accepts(tmp_path: Path) -> None:
    """The crontab(1) of this host, of either kind, says of each whether it would install it."""
    from hostql.vtables.sources.crontabs import CRONIE, DEBIAN, parse_crontab

    if not shutil.which("crontab"):
        pytest.skip("needs crontab")
    cronie = bool(shutil.which("cronnext"))
    lines = [f"{field} * * * * x" for field in FIELDS.split()]
    lines += [f"* * * {word} * x" for word in ("jan", "JAN-Mar", "nov-feb", "january", "0", "12", "13")]
    lines += [f"* * * * {word} x" for word in ("sun", "sat-sun", "7", "8", "5-7", "mon,wed", "mon-5")]
    lines += ["@reboot x", "@Daily x", "@noon x", "A=b", "A = b # c", "A b=c", '"A B"=c', 'A="x y" z', "=x", "# x"]
    for line in lines:
        (tmp_path / "crontab").write_text(f"{line}\n")
        command = ["crontab", "-T" if cronie else "-n", str(tmp_path / "crontab")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if "usage" in done.stderr:
            pytest.skip("this crontab cannot check a file")
        ours = [*parse_crontab(f"{line}\n", CRONIE if cronie else DEBIAN)] != [None]
        assert ours is (done.returncode == 0), (line, done.stderr)


@pytest.mark.parametrize(
    "line, event, minute",
    [
        ("-@reboot x", "@reboot", ""),
        ("-* * * * * x", "", "*"),
        ("-5-10 * * * * x", "", "5-10"),
        # Of such a range cronie draws a number, and refuses the line when that is out of bounds.
        ("1~70 * * * * x", "", "1~70"),
        ("5 0~24 0~1 1~13 1~9 x", "", "5"),
        ("--@reboot x", None, None),
        ("--* * * * * x", None, None),
        ("- * * * * * x", None, None),
        ("- @reboot x", None, None),
        ("-# x", None, None),
        ("60~70 * * * * x", None, None),
        ("70~1 * * * * x", None, None),
    ],
)
def test_jobs_out_of_the_log_and_at_random_times_with_cronie(line: str, event: str | None, minute: str | None) -> None:
    """What crontab -T of cronie 1.7.2 accepts."""
    from hostql.vtables.sources.crontabs import ANY, CRONIE, DEBIAN, parse_crontab

    for grammar in (CRONIE, ANY):
        (found,) = parse_crontab(f"{line}\n", grammar)
        assert (found and (found.event, found.minute)) == (None if event is None else (event, minute))
    if line.startswith("-"):
        assert [*parse_crontab(f"{line}\n", DEBIAN)] == [None]


JOB = "* * * * * root echo a\n"


@pytest.mark.parametrize(
    "text, name, options, note",
    [
        (JOB, "a", "", ""),
        (JOB, "com.example-job", "EXTRA_OPTS='-L 2 -l'\n", ""),
        (JOB, "com.example-job", "# EXTRA_OPTS=-l\n", "it passes over files of such names"),
        (JOB, "a.b", "EXTRA_OPTS=-l\n", "it passes over files of such names"),
        (JOB + "* * * * * root\n", "a", "", "a line of it makes no sense"),
        (JOB + "* * * * * root " + "x" * 1001 + "\n", "a", "", "a command of it is longer than 1000"),
        (JOB + "# x\n" * 10_000, "a", "", "it has more than 10000 lines"),
    ],
)
def test_what_costs_a_file_its_jobs_with_cron_of_debian(
    tmp_path: Path, open_root: Callable[..., Database], text: str, name: str, options: str, note: str
) -> None:
    files = {f"etc/cron.d/{name}": text, "etc/default/cron": options, "etc/os-release": "ID=debian\n"}
    for path, content in {**files, "etc/passwd": "root:x:0:0::/root:/bin/sh\n", "usr/sbin/cron": ""}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
        (tmp_path / path).chmod(0o644)
    assert len(query(open_root(), "SELECT 1 FROM crontab")) == (not note)
    assert notes(open_root(), "SELECT * FROM crontab") == [
        f"crontab: cron does not run /etc/cron.d/{name}: {note}"
    ] * bool(note)


def test_hard_links_and_an_anacrontab_without_anacron(tmp_path: Path, open_root: Callable[..., Database]) -> None:
    for path, content in {"etc/cron.d/a": JOB, "etc/os-release": "ID=debian\n", "usr/sbin/cron": ""}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)
        (tmp_path / path).chmod(0o644)
    os.link(tmp_path / "etc/cron.d/a", tmp_path / "other")
    (tmp_path / "etc/anacrontab").write_text("1 5 daily x\n")
    found = " ".join(notes(open_root(), "SELECT * FROM crontab"))
    assert "anacron is not installed" in found
    assert "/etc/cron.d/a: it has 2 hard links" in found
