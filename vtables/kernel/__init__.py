"""The kernel: version, modules, parameters."""
