#!/usr/bin/env bash
# A virtual table that looks up `text IN (SELECT integer)` value by value gets wrong rows.
#
# SQLite 3.46.1 and 3.54.1 (APSW 3.46.1.0 and 3.54.1.0). xBestIndex consumes the constraint (argvIndex set, omit not
# set, so SQLite checks each row again), and does not ask for all values at once. The check after xFilter then uses
# the column's affinity alone and not the subquery's: '01' = 1 is lost for an INTEGER subquery, and '1' = 1 is found
# for a subquery without a type. An ordinary table with the same rows, and the same virtual table that leaves the
# constraint to SQLite, give the right ones. A table module must not take such a constraint on a text column.
. "$(dirname "$0")/common"

cat >"$place/table.py" <<'PYTHON'
import apsw

ROWS = [(1, "1"), (2, "01"), (3, "10"), (4, "abc")]


class Table:
    consume = True

    def BestIndexObject(self, info):
        for i in range(info.nConstraint):
            if Table.consume and info.get_aConstraint_usable(i):
                info.set_aConstraintUsage_argvIndex(i, 1)
        return True

    def Open(self):
        return Cursor()

    def Disconnect(self):
        pass

    Destroy = Disconnect


class Cursor:
    def Filter(self, number, name, args):
        self.i = 0

    def Eof(self):
        return self.i >= len(ROWS)

    def Next(self):
        self.i += 1

    def Column(self, number):
        return ROWS[self.i][number] if number >= 0 else self.i

    def Rowid(self):
        return self.i

    def Close(self):
        pass


class Module:
    def Connect(self, *args):
        return "CREATE TABLE t(id INTEGER, code TEXT)", Table()

    Create = Connect


db = apsw.Connection(":memory:", statementcachesize=0)
db.create_module("virtual", Module(), use_bestindex_object=True, eponymous=True)
db.execute("CREATE TABLE ordinary(id INTEGER, code TEXT)")
db.executemany("INSERT INTO ordinary VALUES (?, ?)", ROWS)
db.execute("CREATE TABLE s(number INTEGER, untyped); INSERT INTO s VALUES (1, 1)")
for column in "number", "untyped":
    for consume, table in (True, "ordinary"), (False, "virtual"), (True, "virtual"):
        Table.consume = consume
        rows = db.execute(f"SELECT id FROM {table} WHERE code IN (SELECT {column} FROM s)").fetchall()
        print(column, table, "consumed" if consume and table == "virtual" else "left to SQLite", [id for id, in rows])
PYTHON

right="number ordinary left to SQLite [1, 2]
number virtual left to SQLite [1, 2]
number virtual consumed [1]
untyped ordinary left to SQLite []
untyped virtual left to SQLite []
untyped virtual consumed [1]"
python_with apsw==3.46.1.0
old=$("$python" "$place/table.py")
python_with apsw==3.54.1.0
expect "$old
$("$python" "$place/table.py")" "$right
$right"
