"""Processes: what runs, and what each process holds."""
