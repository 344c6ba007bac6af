"""The terminal face of hostql: command line, one-shot queries, the prompt, output formats."""
