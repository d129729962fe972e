"""The benches in short: they run, hold their invariants, and print what they measured. Never how fast."""

from __future__ import annotations

import json
import subprocess
import sys


def test_the_station_bench_runs_its_line_and_prints_its_figures():
    short = ["--parts", "150", "--parts-per-s", "60", "--durability", "power", "--json"]
    process = subprocess.run(
        [sys.executable, "-m", "inspection", "bench", "station", *short],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    print(process.stdout)
    result = json.loads(process.stdout.splitlines()[-1])
    assert (result["parts"], result["durability"]) == (150, "power")
    assert set(result) == {
        "durability", "parts", "late", "parts_per_s", "chain_ms", "rss_mb_start", "rss_mb_end", "fsync_ms",
    }  # fmt: skip
    assert set(result["chain_ms"]) == set(result["fsync_ms"]) == {"p50", "p99"}
