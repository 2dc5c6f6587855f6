"""Counterexample 25 with real processes: two nodes that live, and reach the
supervisor, stay cut off from each other. The run goes on without one of them,
its output is that of a run left alone, and the node is used again once it was
started again. Exits with 77 where a process gets no network of its own.

    cut_off_test.py BUILD
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True  # sources stay as they are
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

from node_processes import (Cluster, Namespaces, begin_own_network, same_files,
                            say)

TUPLES = 160_000
RATE = 20_000  # tuples a second
LIMIT = 30  # seconds for whatever a run is to do next
ONE, OTHER = 1, 2  # the nodes that are cut off: of two, the later one is lost


def submit(cluster, output, rate):
    return cluster.submit(
        "everything", "--set", f"count={TUPLES}", f"rate={rate}",
        f"output={output}", "--count-cuts", "25", "--parallelism", "3")


def await_log(node, text):
    deadline = time.monotonic() + LIMIT
    while time.monotonic() < deadline:
        if text in node.log().read_text(encoding="utf-8"):
            return
        time.sleep(0.05)
    sys.exit(f"{node.name} has not said '{text}'")


def check(cluster, folder, what, cuts):
    """`cuts` are from a node to another, and to which port or all."""
    say(what)
    supervisor, _, lost = cluster.nodes
    output = folder / what.replace(" ", "-")
    run = submit(cluster, output, RATE)
    cluster.await_health(run, LIMIT)
    for cut in cuts:
        cluster.network.cut(*cut)
    await_log(supervisor, f"{run} goes on without node {lost.name}")
    if not cluster.await_health(run, LIMIT):
        sys.exit(f"{what}: the run was over before it was disturbed")
    for cut in cuts:
        cluster.network.mend(*cut)
    lost.kill()
    lost.start()
    cluster.await_nodes()
    await_log(supervisor, f"{run} may use node {lost.name}")
    cluster.await_end(run, 2 * LIMIT)
    if not same_files(folder / "alone", output):
        sys.exit(f"{what}: the output is not that of a run left alone: "
                 + subprocess.run(["diff", "-rq", folder / "alone", output],
                                  capture_output=True, text=True,
                                  check=False).stdout)


def main():
    if not begin_own_network():
        print("skipped: this system gives no network of its own to a process")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="braid-cut-off-") as name:
        folder = Path(name)
        cluster = Cluster(Path(sys.argv[1]), folder, 3,
                          ["checkpoints.interval=200ms"], Namespaces(3))
        data = cluster.nodes[OTHER].ports["data"]
        try:
            cluster.start()
            cluster.await_end(submit(cluster, folder / "alone", 0), 2 * LIMIT)
            check(cluster, folder, "both ways", [(ONE, OTHER), (OTHER, ONE)])
            check(cluster, folder, "one way", [(ONE, OTHER)])
            # Heartbeats arrive all the time.
            check(cluster, folder, "data alone", [(ONE, OTHER, data)])
        except BaseException:
            for node in cluster.nodes:
                say(f"{node.name}:\n{node.log().read_text(encoding='utf-8')}")
            raise
        finally:
            cluster.stop()


if __name__ == "__main__":
    main()
