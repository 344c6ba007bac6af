"""The SQL engine: tables of the live host as one SQLite database.

    from hostql.vtables.database import Database

Public: Database, Result (database.py), Table, Column (table.py), Scan (scan.py), the errors (errors.py).
"""
