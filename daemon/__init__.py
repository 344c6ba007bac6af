"""The agent: queries on a schedule, their results compared, logged and supervised."""
