"""Installed software."""
