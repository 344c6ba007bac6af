"""Run all benchmarks, or those named: `python -m hostql.benchmarks [NAME ...]`."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main(wanted: list[str]) -> int:
    """Run each benchmark; one that cannot run here says why and the rest go on."""
    names = sorted(path.stem[len("bench_") :] for path in Path(__file__).parent.glob("bench_*.py"))
    unknown = set(wanted) - set(names)
    if unknown:
        print(f"no benchmark {', '.join(sorted(unknown))}; there are: {', '.join(names)}", file=sys.stderr)
        return 2
    for name in wanted or names:
        print(f"\n== {name}", flush=True)
        try:
            import_module(f"{__package__}.bench_{name}").main()
        except (OSError, RuntimeError) as error:
            print(f"not measured: {error}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
