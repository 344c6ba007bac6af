"""How much a worker may take, from the smallest host to the largest, and in a control group."""

from __future__ import annotations

from pathlib import Path

from hostql.watchdog.allowance import GIB, LEVELS, MIB, NONE, allowance, cpu, memory, ram


def test_more_memory_gives_more_and_each_step_less():
    sizes = [256 * MIB, 512 * MIB, *(GIB << n for n in range(12))]
    for level in LEVELS:
        given = [memory(size, LEVELS[level][0]) for size in sizes]
        assert given == sorted(given)
        shares = [allowed / size for allowed, size in zip(given, sizes)]
        assert all(later <= earlier + 1e-6 for earlier, later in zip(shares, shares[1:]))
        assert given[-1] == 2 * GIB * LEVELS[level][0] and given[0] >= 64 * MIB


def test_the_documented_table():
    sizes = (512 * MIB, GIB, 4 * GIB, 16 * GIB, 64 * GIB, 2048 * GIB)
    assert [round(memory(size) / MIB) for size in sizes] == [77, 154, 307, 553, 1044, 2048]
    assert [round(memory(size, 0.5) / MIB) for size in sizes] == [64, 77, 154, 276, 522, 1024]


def test_one_thread_can_break_the_limit_of_any_host():
    assert all(cpu(cores, level) < 1 for cores in (1, 2, 10, 64, 1024) for level in LEVELS)


def test_single_limits_count_instead_and_no_level_is_no_limit():
    found = allowance(0, memory_mib=100, percent=50, latency=3)
    assert (found.memory, found.cpu, found.latency) == (100 * MIB, 0.5, 3)
    none = allowance(NONE)
    assert (none.memory, none.cpu) == (0, 0)


def host(root: Path, mib: int, **files: str) -> str:
    (root / "proc/self").mkdir(parents=True, exist_ok=True)
    (root / "proc/meminfo").write_text(f"MemTotal: {mib << 10} kB\nMemFree: 1 kB\n")
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return f"{root}/"


def test_the_control_groups_limit_counts_where_it_is_smaller(tmp_path: Path):
    assert ram(host(tmp_path, 4096)) == 4096 * MIB
    (tmp_path / "proc/self/cgroup").write_text("0::/a\n")
    group = tmp_path / "sys/fs/cgroup/a"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    assert ram(f"{tmp_path}/") == 4096 * MIB
    (group / "memory.max").write_text(f"{512 * MIB}\n")
    assert ram(f"{tmp_path}/") == 512 * MIB
    # Memory is plugged in, and the limit goes.
    (group / "memory.max").unlink()
    assert ram(host(tmp_path, 8192)) == 8192 * MIB


def test_version_one_too(tmp_path: Path):
    root = host(tmp_path, 4096)
    (tmp_path / "proc/self/cgroup").write_text("4:memory:/b\n3:cpu:/\n")
    group = tmp_path / "sys/fs/cgroup/memory/b"
    group.mkdir(parents=True)
    (group / "memory.limit_in_bytes").write_text(f"{256 * MIB}\n")
    assert ram(root) == 256 * MIB
