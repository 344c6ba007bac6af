"""Events: what happens on the host, captured as it happens (publishers, exclusion profiles, buffer, event tables)."""
