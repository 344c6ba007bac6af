"""Networking: sockets, interfaces, routes, names and filters."""
