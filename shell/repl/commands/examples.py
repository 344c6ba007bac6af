"""What `.help COMMAND` and the documentation show below a command's one line: how it is used, in examples."""

from __future__ import annotations

EXAMPLES: dict[str, str] = {
    ".help": """\
.help            all commands
.help watch      one of them
.help processes  a table
.help ago        a function""",
    ".tables": """\
.tables          all tables by subject
.tables sock     those with sock in their name""",
    ".describe": ".describe processes",
    ".schema": """\
.schema              all tables
.schema process%     those that begin with process""",
    ".functions": """\
.functions           all
.functions version   those with version in their name""",
    ".all": ".all mounts          SELECT * FROM mounts",
    ".explain": """\
.explain SELECT name FROM processes WHERE pid = 1
Each table that was read: how, how often, how many rows, how long.
Alone: the last statement.""",
    ".watch": """\
.watch                              the last statement, every 2 seconds
.watch 5 SELECT name, user_time FROM processes ORDER BY 2 DESC LIMIT 10
.watch 2 by pid SELECT pid, name, threads FROM processes
+ marks rows that came, - those that went; values that changed stand out.
`by` says which column a row is known by. q or Ctrl-C quits, space pauses.""",
    ".tail": """\
.tail process_events
.tail process_events where cmdline like '%curl%'
Ctrl-C returns to the prompt.""",
    ".last": """\
.mode json
.last            the rows of before as JSON; the host is not asked again""",
    ".edit": ".edit            the last statement in $VISUAL or $EDITOR; leaving it runs it",
    ".read": ".read incident.sql   stops at the first error, and says the line",
    ".save": """\
.save listeners              keeps the last statement
.save proc SELECT * FROM processes WHERE name LIKE :name
:NAME is a parameter that .run fills.""",
    ".saved": """\
.saved           all, with their parameters
.saved proc      the text of one""",
    ".forget": ".forget proc",
    ".run": """\
.run listeners
.run proc ssh%           fills the parameters in their order
.run proc name=ssh%      or by name""",
    ".param": """\
.param who root          then: SELECT * FROM users WHERE username = :who;
.param                   all
.param who -             removes one""",
    ".history": """\
.history 50          the last 50
.history sockets     those that hold the word
The table hostql_history has them too, with times and errors.""",
    ".mode": """\
.mode            the format of now
.mode json
.mode auto       a table, or one value a line where a row would not fit""",
    ".chart": """\
.chart SELECT name, resident_size FROM processes ORDER BY 2 DESC LIMIT 10
.chart hist resident_size processes
bar: one bar a row; line: values in their order; hist: how often they occur.
Alone: the last statement.""",
    ".output": """\
.output rows.csv     every result from now on, in the format of the ending
.output              back to the terminal""",
    ".once": ".once rows.json      the next result alone",
    ".pipe": ".pipe grep -c ssh    the next result alone",
    ".timer": ".timer off",
    ".notes": """\
.notes           what was missing from the last result
.notes off       do not say it after each""",
    ".types": ".types",
    ".attach": """\
.attach baseline.db old      then: SELECT * FROM old.packages;
.attach                      what is attached
The file is only read, but with --writable.""",
    ".detach": ".detach old",
    ".import": """\
.import known.csv        makes the temporary table known
.import hosts.json h     makes h""",
    ".export": """\
.export ports.csv SELECT * FROM listening_ports
.export rows.parquet     the last result
The ending decides: .csv .tsv .json .ndjson .md .html .parquet""",
    ".connect": ".connect",
    ".config": """\
.config              all settings
.config pager        one
.config pager off    change it for this session
.config save         keep what differs from the defaults""",
    ".limits": """\
.limits timeout 5
.limits memory 200M
.limits rows 10000
.limits off""",
    ".theme": ".theme light",
    ".keys": """\
.keys            the keys that matter
.keys vi""",
    ".show": ".show",
    ".summary": ".summary",
    ".features": ".features",
    ".shell": ".shell date",
    ".clear": ".clear",
    ".quit": ".quit",
    ".exit": ".exit",
}
