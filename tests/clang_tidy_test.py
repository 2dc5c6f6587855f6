#!/usr/bin/env python3
"""Tries cmake/run_clang_tidy.py on small sources.

clang_tidy_test.py CLANG_TIDY COMPILER
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLANG_TIDY, COMPILER = sys.argv[1:]

CLEAN = "namespace { int twice(int x) { return 2 * x; } }\n" \
    "int %s(int x) { return twice(x); }\n"
FAULTY = "int %s(int unused) { return 1; }\n"


def look(folder, names, clang_tidy=CLANG_TIDY):
    """Status and output of one batch. The folder's name is one that .clang-tidy
    looks at when it is included."""
    return subprocess.run(
        [sys.executable, ROOT / "cmake/run_clang_tidy.py", clang_tidy, COMPILER,
         ROOT / ".clang-tidy", folder, "batch",
         *[folder / f"{name}.cpp" for name in names]],
        capture_output=True, text=True, check=False)


def expect(what, is_so, seen):
    if not is_so:
        sys.exit(f"not so: {what}\n{seen.stdout}{seen.stderr}")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "tools"
        folder.mkdir()
        (folder / "compile_flags.txt").write_text("-std=c++20\n")
        for name in "one", "two":
            (folder / f"{name}.cpp").write_text(CLEAN % name)
        (folder / "three.cpp").write_text(FAULTY % "three")

        seen = look(folder, ["one", "two"])
        expect("what cannot be compiled as one is looked at alone",
               seen.returncode == 0, seen)
        seen = look(folder, ["one", "two"], "false")
        expect("what is unchanged is not looked at again",
               seen.returncode == 0, seen)
        (folder / "two.cpp").write_text(CLEAN % "second")
        seen = look(folder, ["one", "two"], "false")
        expect("what has changed is looked at", seen.returncode == 1, seen)
        seen = look(folder, ["one", "two", "three"])
        expect("a fault is found beside sources that do not fit together",
               seen.returncode == 1 and "three.cpp:1" in seen.stdout, seen)
        (folder / "two.cpp").write_text("int two() { return 2; }\n")
        seen = look(folder, ["one", "two", "three"])
        expect("a fault is found in a source of many",
               seen.returncode == 1 and "three.cpp:1" in seen.stdout, seen)
        seen = look(folder, ["one", "two", "three"])
        expect("a fault is found again", seen.returncode == 1, seen)


main()
