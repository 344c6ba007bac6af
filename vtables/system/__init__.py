"""The host as a whole: identity, time, load, memory."""
