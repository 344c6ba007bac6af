"""What is suggested where: a table of texts in which `|` is the cursor.

Each case: the text; what the suggestions begin with; what is among them; what is not. Items are separated by '; '.
"""

from __future__ import annotations

import pytest
from hostql.shell.repl.completion import suggest

from .vocabulary import words

WORDS = words()

START = [
    ("|", "select; with", "", "from"),
    ("sel|", "select", "", "where"),
    ("SEL|", "SELECT", "", "select"),
    ("wi|", "with", "", ""),
    ("exp|", "explain query plan", "", ""),
    ("proc|", "processes", "process_open_files", "select"),
    ("select 1; |", "select", "", "pid"),
    ("select 1; sel|", "select", "", ""),
    ("explain |", "query plan; select", "", "pid"),
    ("explain query plan |", "select; with", "", ""),
    ("select 1 union |", "all; select", "values", "where"),
    ("select 1 union all |", "select", "", ""),
    ("with |", "recursive", "", "select"),
    ("select * from processes where pid in (|", "select", "pid", "where"),
]

TABLES = [
    ("select * from |", '"old processes"; kept', "processes; users; baseline.; json_each(", "pid; where"),
    ("select * from pro|", "processes", "process_open_files", "users"),
    ("select * from PRO|", "processes", "", ""),
    ("select * from pos|", "process_open_sockets", "", "processes"),
    ("select * from sock|", "process_open_sockets", "", ""),
    ("select * from lp|", "listening_ports", "", ""),
    ("select * from users, lis|", "listening_ports", "", ""),
    ("select * from processes join us|", "users", "user_groups", ""),
    ("select 'it''s from x'; select * from use|", "users", "", ""),
    ("select pid from (select * from us|", "users", "", ""),
    ("select * from | where pid = 1", "", "processes", "pid"),
    ("select * from pro| where pid = 1", "processes", "", ""),
    ("select * from (|", "select", "processes", "pid"),
    ("with t as (select 1) select * from |", "t", "processes", ""),
    ("with t as (select * from |", "t", "processes", ""),
    ("with recursive tree as (select 1 union all select * from tr|", "tree", "", ""),
    ("select * from baseline.|", '"old processes"', "", "processes"),
    ('select * from "ol|', '"old processes"', "", ""),
    ("select * from json|", "json_each(; json_tree(", "", ""),
    ("insert into |", "", 'kept; baseline."old processes"', "processes"),
    ("delete from |", "", "kept", "processes"),
    ("update |", "", "kept", "processes"),
    ("drop table |", "", "kept", "processes"),
]

JOINS = [
    ("select * from process_open_sockets s join |", "", "processes; listening_ports", "pid"),
    ("select * from deb_packages d join |", "deb_package_files", "processes", ""),
    ("select * from groups g join |", "user_groups", "users", ""),
    ("select * from processes p join process_open_sockets s on |", "p.pid = s.pid", "p.pid; fd", "p.path = s.path"),
    ("select * from processes join users on |", "processes.uid = users.uid", "processes.gid = users.gid", ""),
    ("select * from processes p join hash h on |", "p.path = h.path; p.cwd = h.directory", "", ""),
    ("select * from users u join file f on |", "u.directory = f.directory; u.uid = f.uid", "", ""),
    ("select * from processes c join processes p on |", "", "c.parent = p.pid; c.pid = p.parent", ""),
    ("select * from containers c join processes p on |", "", "c.id = p.container_id; c.pid = p.pid", "c.id = p.pid"),
    ("select * from deb_packages d join deb_package_files f on |", "d.name = f.package", "", "d.name = f.path"),
    ("select * from processes p join users u on p|", "p.uid = u.uid", "pid", ""),
    ("select * from processes p join users u on p.|", "pid; name", "uid", "username; p.uid = u.uid"),
    ("select * from processes p join users u on p.uid = u.|", "uid; gid", "username", "pid"),
    ("select * from processes p join users u on p.uid = u.uid |", "and; or", "where; join; left join; order by", ""),
    (
        "select * from processes p join users u on p.uid = u.uid and |",
        "pid",
        "username; p.euid = u.uid",
        "p.uid = u.uid",
    ),
    ("select * from processes p join users u |", "using (uid)", "on; where", "pid; as"),
    ("select * from processes join users using (|", "uid; gid", "", "pid; username"),
    ("select * from processes join users using (uid, |", "gid", "", "uid"),
    ("select * from processes join users using (uid) |", "join; left join; where", "group by", "on"),
    ("select * from processes p left |", "join", "", "where"),
    ("select * from processes p natural |", "join", "", ""),
    ('select * from processes p join baseline."old processes" o on |', "p.pid = o.pid", "", ""),
    ("with t(pid) as (select 1) select * from processes p join t on |", "p.pid = t.pid", "", ""),
]

COLUMNS = [
    ("select p.| from processes p", "pid; name", "cmdline", "username; count(; select; pid_with_namespace"),
    ("select p.| from processes as p", "pid; name", "", ""),
    ("select p.na| from processes p", "name", "", "nice"),
    ("select na| from processes", "name", "", "username"),
    ("select | from processes", "pid; name", "*; distinct; count(", "username; from"),
    ("select distinct | from processes", "pid", "", "distinct"),
    ("select pid, | from users", "uid", "username", ""),
    ("select processes.| from processes", "pid", "", ""),
    ("select P.| FROM Processes P", "pid", "", ""),
    ("select | from processes p, users u", "pid; name", "username; p.uid; u.uid; p.", "uid"),
    ("select * from processes where cmd|", "cmdline", "", ""),
    ("select * from processes where pid = 1 and na|", "name", "", ""),
    ("select * from processes where (pid = 1 or na|", "name", "", ""),
    ("select * from processes where not |", "exists (; pid", "name", "where"),
    ("select pid + | from processes", "pid", "", "from"),
    ("select a.pid, b.| from processes a join users b using (uid)", "uid", "username", "pid"),
    ("select * from users; select u| from processes", "uid", "user(", "username"),
    ("select pid_w| from users", "pid_with_namespace", "", ""),
    ("select t.| from (select pid, name as called from processes) t", "pid; called", "", "name"),
    ("select | from (select * from users where uid = 0)", "uid; gid; uid_signed", "", ""),
    ("select x| from (select pid x1, count(*) x2, name x3 from processes)", "x1; x2; x3", "", ""),
    ("with t as (select pid, name n from processes) select t.| from t", "pid; n", "", "name"),
    ("with t(a, b) as (select pid, name from processes) select | from t", "a; b", "", "pid"),
    ("with t as (select * from users) select x.| from t x", "uid", "username", ""),
    ("with a as (select pid p from processes), b as (select p q from a) select | from b", "q", "", "p; pid"),
    ("with recursive c(x) as (select 1 union all select |x from c) select * from c", "x", "", ""),
    (
        "select * from processes p where exists (select 1 from users u where u.uid = p.|)",
        "pid; name",
        "uid",
        "username",
    ),
    ("select * from processes p where exists (select 1 from users where |)", "uid", "p.uid; cmdline", ""),
    ("select (select name from processes where pid = s.|) from process_open_sockets s", "pid; fd", "", "name"),
    ("select * from (select | from users) join processes", "uid", "", "cmdline"),
    ("select na| from processes; select * from users", "name", "", "username"),
    ("select p.na|me from processes p", "name", "", ""),
    ("select * from processes p where p.pid in (select pid from users where uid = p.|", "pid", "", ""),
    ("select k.| from temp.kept k", "path; note", "", ""),
    ('select o.| from baseline."old processes" o', 'pid; "seen at"', "", ""),
    ('select "na| from processes', "name", "", "count("),
    ("select value.| from processes", "", "", "pid"),
    ("select count(| from processes", "*; pid", "distinct", "from"),
    ("select upper(na| from processes", "name", "", ""),
    ("select e.| from json_each('[]') e", "key; value", "", ""),
    ("select * from processes group by | having 1", "pid", "", ""),
    ("select pid -- which p.\n, na| from processes", "name", "", ""),
    ("select p.pid, -- p.\n p.na| from processes p", "name", "", ""),
    ("select ps.| from process_open_sockets ps -- join users u", "pid; fd", "", ""),
]

UNKNOWN_TABLES = [
    ("select |", "*", "count(; pid; distinct; case when", "where"),
    ("select na|", "name", "", ""),
    ("select usern|", "username", "", ""),
    ("select p.na|", "name", "", "username"),
    ("select u.user|", "username", "", "pid"),
    ("select pos.rem|", "remote_address; remote_port", "", ""),
    ("select hum|", "human_size(; human_time(", "", ""),
    ("select processes.na|", "name", "", ""),
]

WHERE = [
    ("select * from file where |", "path; directory", "uid; size", "where"),
    ("select * from hash where |", "path; directory", "md5", ""),
    ("select * from file where directory = '/etc' and |", "path", "size", ""),
    ("select * from file f where f.|", "path; directory", "", ""),
    ("select * from hash |", "where", "join", ""),
    ("select * from hash where path = '/etc/passwd' |", "and; or", "", ""),
    ("select * from processes |", "join; left join; where", "group by; order by; limit; as", "on; pid"),
    ("select * from processes p |", "join; left join; where", "", "as"),
    ("select * from processes w|", "where", "", ""),
    ("SELECT * FROM processes w|", "WHERE", "", "where"),
    ("SELECT * FROM processes |", "JOIN; LEFT JOIN; WHERE", "", "where"),
    ("select * from processes where pid |", "=; in (; like", "is null; between; and", "pid"),
    ("select * from processes where pid = 1 |", "and; or; group by; order by; limit", "", "where; ="),
    ("select * from processes where pid = 1 an|", "and", "", ""),
    ("select * from processes where name not |", "in (; like; between", "", "pid"),
    ("select * from processes where name is |", "null; not null", "", ""),
    ("select * from processes where name is not |", "null", "", ""),
    ("select * from processes where pid between 1 |", "and", "", "or"),
    ("select * from processes where pid between 1 and 2 |", "and; or", "", "="),
    ("select * from processes where upper(name) |", "=; in (; like", "", ""),
    ("select * from processes where upper(name) = 'A' and p.pid |", "=; in (; like", "", ""),
    ("select * from processes where (pid = 1 |", "and; or", "", "group by"),
    ("select * from processes where pid in (1, 2) |", "and; or; group by", "", "in ("),
    ("select pid |from processes", "from; as", "", ""),
    ("select pid f|", "from", "", ""),
    ("select count(*) |", "from; as", "over (; filter (where", ""),
    ("select pid as |", "", "", "from; pid"),
    ("select pid as p |", "from", "", ""),
]

VALUES = [
    ("select * from processes where state = |", "'R'; 'S'; 'D'", "'Z'; pid", ""),
    ("select * from processes p where p.state = '|", "'R'; 'S'", "", "pid"),
    ("select * from processes where state in (|", "'R'; 'S'", "select", ""),
    ("select * from processes where state in ('R', |", "'S'; 'D'", "", "'R'"),
    ("select * from processes where state not in ('R', '|", "'S'", "", "'R'; pid"),
    ("select * from process_open_sockets where state = 'LIS|", "'LISTEN'", "", "'CLOSED'"),
    ("select * from process_open_sockets where state like 'est|", "'ESTABLISHED'", "", ""),
    ("select * from process_open_sockets where state = 'LIS|'", "'LISTEN", "", "'LISTEN'"),
    ("select * from process_open_sockets where state <> |", "'ESTABLISHED'", "", ""),
    ("select * from process_open_sockets where family = |", "2; 10; 1", "", ""),
    ("select * from processes where on_disk = |", "1; 0", "", ""),
    ("select * from processes where on_disk is |", "null; not null", "1; 0", ""),
    ("select * from file where path = '/etc/x' and type = |", "'regular'; 'directory'", "", ""),
    ("select * from file where path = '/e|", "'/etc/; '/etc/passwd'", "", "'/usr/"),
    ("select * from file where path = '/etc/p|'", "'/etc/passwd", "", "'/etc/passwd'"),
    ("select * from processes where name = |", "'nginx'; 'it''s'", ":name", ""),
    ("select * from processes where name = 'ng|", "'nginx'", "", ""),
    ("select * from listening_ports l join processes p using (pid) where p.name = |", "'nginx'", "", ""),
    ("with t as (select state s from processes) select * from t where s = |", "'R'; 'S'", "", ""),
    ("select * from processes where name = :|", ":name", "", "pid"),
    ("select * from processes where pid = :pid and parent = :p|", ":pid", "", ""),
    ("select * from processes where name = @na|", "@name", "", ""),
]

ORDERING = [
    ("select name, pid as number from processes order by |", "name; number; pid", "cmdline", "select"),
    ("select name, count(*) as n from processes group by |", "name; pid", "uid", "n"),
    ("select count(*) n from users group by gid order by |", "n", "gid", "count(*)"),
    ("select name from processes group by name having |", "count(; sum(", "name", ""),
    ("select name from processes group |", "by", "", "pid"),
    ("select name from processes order |", "by", "", ""),
    ("select name from processes order by name |", "desc; asc", "limit; nulls last", "where"),
    ("select name from processes order by name desc |", "", "limit", "desc; asc"),
    ("select name from processes group by name |", "having; order by; limit", "", "where"),
    ("select name from processes limit |", "10; 20", "", "name"),
    ("select name from processes limit 10 |", "offset", "", "where"),
    ("select pid x from processes union select uid from users order by |", "x", "", ""),
]

EXPRESSIONS = [
    ("select case |", "", "when; pid", "from"),
    ("select case when pid = 1 |", "then", "and", "else"),
    ("select case when pid = 1 then |", "", "pid; null", "then"),
    ("select case when pid = 1 then 2 |", "when; else; end", "", ""),
    ("select case when pid = 1 then 2 else 3 |", "end", "", "when"),
    ("select cast(pid as |", "integer; text; real", "", "pid"),
    ("select row_number() over (|", "partition by; order by", "", ""),
    ("select sh| from users", "shell; sha1(; sha256(", "", ""),
    ("select now| from users", "", "", "count("),
    ("select datet|", "datetime(", "", ""),
    ("select rand|", "random()", "", "random("),
    ("select p.*| from groups p", "p.gid, p.gid_signed, p.groupname, p.source", "", ""),
    ("select *| from groups", "gid, gid_signed, groupname, source", "", ""),
    ("select 2 *| from groups", "gid", "", "gid, gid_signed, groupname"),
    ("select count(*| from groups", "", "", "gid"),
]

WRITING = [
    ("create |", "temp table; temp view", "", "select"),
    ("create temp table x |", "as select", "", ""),
    ("create temp table x as select | from users", "uid", "", ""),
    ("insert into kept (|", "path; note", "", "pid"),
    ("insert into kept |", "select; values (", "", ""),
    ("update kept |", "set", "", ""),
    ("update kept set |", "path; note", "", "pid"),
    ("update kept set path = 'x' where |", "path; note", "", ""),
    ("attach '/e|", "'/etc/", "", ""),
    ("values |", "(", "", "select; pid"),
    ("detach |", "baseline", "", "temp; processes"),
    ("pragma |", "table_info(", "", "select"),
]

COMMANDS = [
    (".|", ".describe; .watch", ".quit", "select"),
    (".de|", ".describe", ".detach", ".watch"),
    (".describe lis|", "listening_ports", "", "pid"),
    (".describe |", "containers", "users", ""),
    (".watch 2 select p.na| from processes p", "name", "", ""),
    (".watch select * from us|", "users", "", ""),
    (".watch |", "select", "", ""),
    (".explain select * from processes where |", "pid", "", ""),
    (".chart bar select * from use|", "users", "", ""),
    (".export out.csv select na| from processes", "name", "", ""),
    (".export /e|", "/etc/; /etc/passwd", "", "/usr/"),
    (".save x select * from gro|", "groups", "", ""),
    (".read /us|", "/usr/", "", "/etc/"),
    (".run li|", "listeners", "", ""),
    (".mode j|", "json", "", "csv"),
    (".mode |", "table; json; csv", "", ""),
    (".timer |", "on; off", "", "mode"),
    (".config |", "mode; timer", "", "json"),
    (".config mode |", "table; json", "", "timer"),
    (".theme l|", "light", "", ""),
    (".param n|", "name", "", ""),
    (".functions human|", "human_size; human_time", "", ""),
    (".detach |", "baseline", "", "temp"),
    (".help wa|", ".watch", "", ""),
    (".help lis|", "listening_ports", "", ""),
    ("describe lis|", "listening_ports", "", "pid"),
    ("desc us|", "users", "", ""),
    (r"\d us|", "users", "", ""),
    ("show ta|", "tables", "", ""),
    ("show columns from us|", "users", "", ""),
    ("hel|", "help", "", ""),
    ("desc|", "describe", "", ""),
]

CASES = [
    *(START + TABLES + JOINS + COLUMNS + UNKNOWN_TABLES + WHERE),
    *(VALUES + ORDERING + EXPRESSIONS + WRITING + COMMANDS),
]

NOTHING = [
    "select 'pro|",
    "select 1 -- pro|",
    "select 1 /* pro|",
    "select x.na| from processes p",
    "select 12|",
    "select * from processes where pid = 12|",
    "select * from processes as |",
    "select 'done'|",
    "with t as (select 1), |",
    "with t(|",
    ".quit |",
    ".nosuch |",
    ".param name |",
]


def suggested(text: str) -> list[str]:
    before, _, after = text.partition("|")
    return [suggestion.text for suggestion in suggest(before, after, WORDS)[1]]


def listed(items: str) -> list[str]:
    return [item for item in items.split("; ") if item]


@pytest.mark.parametrize("text, first, among, absent", CASES, ids=[case[0] for case in CASES])
def test_what_is_suggested(text: str, first: str, among: str, absent: str):
    found = suggested(text)
    assert found[: len(listed(first))] == listed(first)
    assert not set(listed(among)) - set(found)
    assert not set(listed(absent)) & set(found)


@pytest.mark.parametrize("text", NOTHING)
def test_nothing_is_suggested(text: str):
    assert suggested(text) == []


def test_what_is_replaced():
    assert suggest("select p.na", "", WORDS)[0] == 2
    assert suggest("select * from processes where name = 'ng", "", WORDS)[0] == 3
    assert suggest("select p.*", " from users p", WORDS)[0] == 3
    assert suggest(".de", "", WORDS)[0] == 3


def test_beside_each_its_type_what_it_needs_and_what_it_is():
    found = {s.text: s for s in suggest("select * from file where ", "", WORDS)[1]}
    assert found["path"].shown == "path*"
    assert found["path"].about == "TEXT     required  Path"
    assert found["size"].about == "BIGINT   Size, in bytes"
    assert found["human_size("].about.startswith("human_size(bytes)  ")
    tables = {s.text: s.about for s in suggest("select * from ", "", WORDS)[1]}
    assert tables["hash"].startswith("needs path or directory  Digests")
    states = {s.text: s.about for s in suggest("select * from processes where state = ", "", WORDS)[1]}
    assert states["'Z'"] == "zombie"


def test_the_table_is_named_where_several_are_in_scope():
    found = {s.text: s.about for s in suggest("select ", " from processes p join users u", WORDS)[1]}
    assert found["username"].endswith("· users")
    found = {s.text: s.about for s in suggest("select usern", "", WORDS)[1]}
    assert "shadow" in found["username"] and "users" in found["username"]


def test_the_typed_characters_are_marked():
    first = suggest("select * from pos", "", WORDS)[1][0]
    assert [first.shown[at] for at in first.positions] == ["p", "o", "s"]


def test_what_was_used_lately_comes_first_among_equals():
    assert suggest("select * from process_o", "", WORDS)[1][0].text == "process_open_files"
    lately = words(recent={"process_open_sockets": 1})
    assert suggest("select * from process_o", "", lately)[1][0].text == "process_open_sockets"
