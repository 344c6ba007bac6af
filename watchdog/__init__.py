"""Limits and the guard that enforces them; knows no SQL."""
