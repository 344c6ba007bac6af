"""Exclusion profiles: which events nobody wants, decided as early as that can be done exactly."""
