"""What the agent is told: files in osquery's format become a `Config`."""
