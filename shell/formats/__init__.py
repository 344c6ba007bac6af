"""Output formats: one file each, rows in, text out, streaming where the format allows."""
