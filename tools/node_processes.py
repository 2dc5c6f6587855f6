"""A cluster of node processes on this machine, for tools that try one hard:
torture, endurance and the tests of nodes that are cut off from each other.

On loopback all nodes have one address. In namespaces of their own they have one
each, and the network between any two of them can be cut and mended.
"""

import ctypes
import filecmp
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MEETING_LIMIT = 15  # seconds until nodes that were started have met


class Failed(Exception):
    """The cluster did what it must not; the text says what."""


def say(text):
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def require_build(build):
    if not (build / "bin/braid-node").exists():
        print(f"error: {build}/bin/braid-node is not there; build it first: "
              "tools/quickstart", file=sys.stderr)
        sys.exit(2)


# -- where nodes listen -------------------------------------------------------

class Loopback:
    """All nodes at one address; nobody can be cut off."""

    can_cut = False
    settings = ()

    def host(self, number):
        return "127.0.0.1"

    def inside(self, number):
        """What stands before a command that is to run where a node does."""
        return []

    def close(self):
        pass


def begin_own_network():
    """Starts this program again in a network of its own, where it may do as it
    likes; false if the system does not let it. To be called first of all."""
    if os.environ.get("BRAID_OWN_NETWORK") == str(os.getpid()):
        return True
    needed = ("ip", "unshare", "nsenter")
    if not all(shutil.which(name) for name in needed):
        return False
    own = ["unshare", "--map-root-user", "--net"]
    probe = own + ["ip", "link", "add", "hub", "type", "bridge"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        return False
    os.environ["BRAID_OWN_NETWORK"] = str(os.getpid())  # it stays the same
    os.execvp(own[0], own + [sys.executable, *sys.argv])


class Namespaces:
    """A network namespace for each node, joined by a bridge in this process's
    own. Whoever is cut off gets no answer, as if a cable were pulled."""

    can_cut = True
    settings = ("security.insecure=true",)

    def __init__(self, nodes):
        self.holders = []  # processes that keep a namespace open
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", "hub", "type", "bridge")
        run("ip", "address", "add", "10.77.0.254/24", "dev", "hub")
        run("ip", "link", "set", "hub", "up")
        for number in range(nodes):
            self.add(number)

    def add(self, number):
        # It ends with this process, as its standard input then does.
        holder = subprocess.Popen(["unshare", "--net", "cat"],
                                  stdin=subprocess.PIPE)
        self.holders.append(holder)
        own = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{holder.pid}/ns/net") == own:
            time.sleep(0.01)
        run("ip", "link", "add", f"node{number}", "type", "veth", "peer",
            "name", "eth0", "netns", str(holder.pid))
        run("ip", "link", "set", f"node{number}", "master", "hub", "up")
        inside = self.inside(number)
        run(*inside, "ip", "link", "set", "lo", "up")
        run(*inside, "ip", "address", "add", f"{self.host(number)}/24", "dev",
            "eth0")
        run(*inside, "ip", "link", "set", "eth0", "up")

    def host(self, number):
        return f"10.77.0.{number + 1}"

    def inside(self, number):
        return ["nsenter", "--net", "--target", str(self.holders[number].pid)]

    def cut(self, one, other, port=None):
        """What `one` sends to `other`, or to one of its ports alone, is lost
        from now on."""
        run(*self.inside(one), "ip", "rule", "add", *self.rule(other, port))

    def mend(self, one, other, port=None):
        run(*self.inside(one), "ip", "rule", "del", *self.rule(other, port))

    def rule(self, other, port):
        result = ["to", self.host(other)]
        if port:
            result += ["ipproto", "tcp", "dport", str(port)]
        return result + ["blackhole"]

    def close(self):
        for holder in self.holders:
            holder.stdin.close()
            holder.wait()


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)}: {done.stderr.strip()}")


def free_ports(count):
    """Ports that are free, below those that the system gives to connections:
    one of these could take a node's port while the node is down."""
    result = []
    while len(result) < count:
        port = random.SystemRandom().randrange(12_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in result:
            result.append(port)
    return result


# -- nodes --------------------------------------------------------------------

def end_with_parent():
    """In a new process: it ends when the one that made it does."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Node:
    """A node process with an address of its own, which outlives it."""

    def __init__(self, cluster, number):
        self.cluster = cluster
        self.number = number
        self.name = "supervisor" if number == 0 else f"worker-{number}"
        self.process = None
        self.stopped = False
        self.ports = {}

    def address(self, door):
        return f"{self.cluster.network.host(self.number)}:{self.ports[door]}"

    def log(self):
        return self.cluster.folder / f"{self.name}.log"

    def start(self):
        command = self.cluster.network.inside(self.number)
        command.append(self.cluster.binary("braid-node"))
        for setting in self.cluster.settings_of(self):
            command += ["--set", setting]
        with open(self.log(), "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                preexec_fn=end_with_parent)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def resident_bytes(self):
        """Of its process; 0 if it does not run."""
        try:
            with open(f"/proc/{self.process.pid}/statm",
                      encoding="ascii") as file:
                pages = int(file.read().split()[1])
        except (OSError, AttributeError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE")


class Cluster:
    """`settings` are for all nodes, in the words of `braid-node --set`."""

    def __init__(self, build, folder, nodes, settings, network=None):
        self.build = build
        self.folder = folder
        self.settings = settings
        self.network = network or Loopback()
        self.not_met = 0  # nodes that had to be started once more
        self.nodes = [Node(self, i) for i in range(nodes)]
        ports = free_ports(3 * nodes)
        for node in self.nodes:
            node.ports = {door: ports.pop()
                          for door in ("control", "data", "http")}

    def binary(self, name):
        return str(self.build / "bin" / name)

    def settings_of(self, node):
        addresses = ",".join(
            f'"{other.address("control")}"' for other in self.nodes)
        plugin = self.build / "lib/test_plugins/test_topologies.so"
        result = [f"{door}.listen={node.address(door)}" for door in node.ports]
        return result + [
            f"node.name={node.name}",
            f"node.supervisor={'true' if node is self.nodes[0] else 'false'}",
            f"cluster.nodes=[{addresses}]",
            f'plugins.topologies=["{plugin}"]',
            f"journal.folder={self.folder / 'journal'}", "journal.wait=5s",
            "cluster.heartbeat=100ms", "cluster.lost_after=1s",
            *self.network.settings, *self.settings]

    def ask(self, *arguments):
        command = [self.binary("braidctl"), "--node",
                   f"http://{self.nodes[0].address('http')}",
                   *arguments, "--output", "json"]
        done = subprocess.run(command, capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode != 0:
            raise Failed(f"braidctl {arguments[0]}: {done.stderr.strip()}")
        return json.loads(done.stdout)

    def post(self, path, content):
        """Asks over HTTP, from where the supervising node is."""
        command = self.network.inside(0) + [
            "curl", "--silent", "--max-time", "30", "--json",
            json.dumps(content),
            f"http://{self.nodes[0].address('http')}{path}"]
        done = subprocess.run(command, capture_output=True, text=True,
                              check=False)
        if done.returncode != 0:
            raise Failed(f"POST {path}: curl ends with {done.returncode}")
        answer = json.loads(done.stdout)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def start(self):
        for node in self.nodes:
            node.start()
        self.await_nodes()

    def names_up(self):
        try:
            return {node["name"] for node in self.ask("nodes")["nodes"]
                    if node["state"] == "up"}
        except Failed:
            return set()  # the supervisor is not up yet

    def await_nodes(self):
        """A node that does not find the others is started once more, and
        counted: that must not happen."""
        for _ in range(3):
            deadline = time.monotonic() + MEETING_LIMIT
            while time.monotonic() < deadline:
                missing = {node.name for node in self.nodes} - self.names_up()
                if not missing:
                    return
                time.sleep(0.05)
            for node in self.nodes[1:]:
                if node.name in missing:
                    say(f"{node.name} has not met the supervisor: once more")
                    self.not_met += 1
                    node.kill()
                    node.start()
        raise Failed(f"nodes have not met: {', '.join(sorted(missing))}")

    def submit(self, topology, *arguments):
        return self.ask("submit", topology, *arguments)["name"]

    def status(self, name):
        return self.ask("status", name)

    def await_end(self, name, limit):
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            status = self.status(name)
            if status["over"]:
                if status["state"] != "complete":
                    raise Failed(f"{name} is {status['state']}: "
                                 f"{status['reason']}")
                return
            time.sleep(0.1)
        raise Failed(f"{name} has not ended in time")

    def await_health(self, name, limit):
        """All is backed up again: two more epochs have become stable. False if
        the run is over."""
        deadline = time.monotonic() + limit
        seen = set()
        while len(seen) < 3:
            status = self.status(name)
            if status["over"]:
                return False
            seen.add(status["stable_epoch"])
            if time.monotonic() > deadline:
                raise Failed(f"{name} has not gone on within {limit} s: "
                             f"{json.dumps(status)}")
            time.sleep(0.05)
        return True

    def stop(self):
        for node in self.nodes:
            if node.process and node.stopped:
                node.signal(signal.SIGCONT)
            node.kill()
        self.network.close()


# -- output -------------------------------------------------------------------

def files_in(folder):
    """By their paths inside the folder."""
    return sorted(str(path.relative_to(folder))
                  for path in folder.rglob("*") if path.is_file())


def same_files(one, other):
    names = files_in(one)
    if not names or names != files_in(other):
        return False
    _, wrong, failed = filecmp.cmpfiles(one, other, names, shallow=False)
    return not wrong and not failed
