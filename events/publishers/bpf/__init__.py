"""Events by BPF programs: C sources in `programs/`, compiled ahead of time, loaded without libbpf."""
