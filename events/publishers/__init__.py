"""The ways events are got from the kernel, one module or folder each."""
