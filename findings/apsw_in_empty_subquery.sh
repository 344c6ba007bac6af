#!/usr/bin/env bash
# A virtual table that takes all values of an IN at once fails where a subquery gives none.
#
# APSW 3.54.1.0 (SQLite 3.54.1), Python 3.11. xBestIndex asks for `x IN (...)` as one set
# (IndexInfo.set_aConstraintUsage_in, which is sqlite3_vtab_in). With values, and with a NULL alone, Filter is called.
# With `x IN (SELECT 1 WHERE 0)` Filter is never reached and the statement raises SQLError with the text '<NULL>';
# an empty result was expected, as APSW 3.53.4.0 gives it. Likely on real hosts: WHERE pid IN (SELECT ... nothing ...).
. "$(dirname "$0")/common"

cat >"$place/table.py" <<'PYTHON'
import apsw


class Table:
    def BestIndexObject(self, info):
        for i in range(info.nConstraint):
            info.set_aConstraintUsage_argvIndex(i, 1)
            if info.get_aConstraintUsage_in(i):
                info.set_aConstraintUsage_in(i, True)
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
        return self.i >= 3

    def Next(self):
        self.i += 1

    def Column(self, number):
        return self.i

    def Rowid(self):
        return self.i

    def Close(self):
        pass


class Module:
    def Connect(self, *args):
        return "CREATE TABLE t(x)", Table()

    Create = Connect


db = apsw.Connection(":memory:")
db.create_module("t", Module(), use_bestindex_object=True, eponymous=True)
for values in "1, 2", "NULL, NULL", "SELECT 1 WHERE 0":
    try:
        print(values, db.execute(f"SELECT x FROM t WHERE x IN ({values})").fetchall())
    except apsw.Error as error:
        print(values, type(error).__name__, error)
PYTHON

python_with apsw==3.53.4.0
before=$("$python" "$place/table.py")
python_with apsw==3.54.1.0
expect "$before
$("$python" "$place/table.py")" "1, 2 [(1,), (2,)]
NULL, NULL []
SELECT 1 WHERE 0 []
1, 2 [(1,), (2,)]
NULL, NULL []
SELECT 1 WHERE 0 SQLError <NULL>"
