"""Tests, one folder a room; tests/live needs root and a real kernel."""
