"""Readers of kernel and system interfaces: parsing apart from reading, no SQL.

Every parser is a pure function from bytes to records; the root of the host is injectable (host.Host)."""
