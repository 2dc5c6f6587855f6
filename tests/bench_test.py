"""Sees that the short forms of the benchmarks of recovery, of checkpoints' cost
and of hand-overs run, and print what `docs/benchmarks.md` says. What they measure is not
judged here: other tests run beside them.

    bench_test.py BRAID_BENCH
"""

import json
import subprocess
import sys

WANTED = {
    "word_count_1000_a_second_every_1_s": "s",
    "word_count_most_a_second_every_1_s": "s",
    "word_count_500_parallel_every_1_s": "s",
    "state_of_128_MiB": "s",
    "small_state_throughput_with_checkpoints": "of that without",
    "large_state_latency_99th_with_checkpoints": "times that without",
    "100_mb_latency_99th_in_hand_over": "ms",
    "100_mb_stop_and_restart_gap": "ms",
}


def main():
    command = [sys.argv[1], "--only", "recovery", "--only", "overhead",
               "--only", "hand_over", "--quick", "--runs", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280,
                          check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} gave {done.returncode}: {done.stderr}")
    figures = json.loads(done.stdout)
    for name, unit in WANTED.items():
        figure = figures.get(name)
        if figure is None:
            sys.exit(f"no figure {name}, but {', '.join(figures)}")
        if figure["unit"] != unit or not figure["value"] > 0:
            sys.exit(f"{name} is {figure}, not some {unit}")
        if not {"target", "met"} <= figure.keys():
            sys.exit(f"{name} has no target: {figure}")
    if "published" not in figures["word_count_1000_a_second_every_1_s"]:
        sys.exit("what others published is not beside the word count")


if __name__ == "__main__":
    main()
