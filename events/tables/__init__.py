"""The event tables, one file each; their rows are native rows of the buffer."""
