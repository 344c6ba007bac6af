"""Side-by-side measurements, printed as ratios within one run: machines differ and are noisy, ratios hold.

Each bench_*.py has a `main()` that prints its figures; `make bench` runs them all, `make bench ONLY=files` one.
"""
