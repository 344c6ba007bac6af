"""Containers, worked out without a runtime's socket."""
