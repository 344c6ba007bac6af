"""The tables of the agent."""
