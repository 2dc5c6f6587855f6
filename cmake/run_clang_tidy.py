#!/usr/bin/env python3
"""Looks at a batch of sources with clang-tidy.

run_clang_tidy.py CLANG_TIDY COMPILER CONFIG FOLDER NAME SOURCE...

FOLDER has compile_flags.txt, and gets NAME.cpp, which includes the sources, and
NAME.stamp. Nearly all of clang-tidy's time goes to what sources include, and
most of that is the same for all of them: as one file a dozen cost as much as
one or two. Where they cannot be compiled as one, because two give something in
their unnamed namespaces the same name, both halves are looked at alone.

The stamp says what was found clean: the content of the sources and of all of
ours that they include. If that is unchanged, nothing is looked at.
"""

import hashlib
import subprocess
import sys
from pathlib import Path

clang_tidy, compiler, config, folder, name, *sources = sys.argv[1:]
folder = Path(folder)
flags = folder / "compile_flags.txt"
stamp = folder / f"{name}.stamp"


def as_one(parts, batch):
    """The file `batch`.cpp, which includes `parts`."""
    file = folder / f"{batch}.cpp"
    file.write_text("".join(
        f'#include "{part}" // NOLINT(bugprone-suspicious-include)\n'
        for part in parts))
    return file


def digest_of(file):
    """Of all that decides what clang-tidy says of `file`."""
    rule = subprocess.run(
        [compiler, *flags.read_text().splitlines(), "-MM", file],
        capture_output=True, check=True, text=True).stdout
    used = rule.split(":", 1)[1].replace("\\\n", " ").split()
    digest = hashlib.sha256()
    for path in [*used, flags, config, __file__]:
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def look_at(parts, batch):
    """Whether nothing was found in `parts`; prints what was."""
    seen = subprocess.run(
        [clang_tidy, "--quiet", f"--config-file={config}", "-p", folder,
         parts[0] if len(parts) == 1 else as_one(parts, batch)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        check=False)
    if seen.returncode != 0 and "clang-diagnostic-error" in seen.stdout \
            and len(parts) > 1:
        half = len(parts) // 2
        clean = [look_at(parts[:half], batch + "a"),
                 look_at(parts[half:], batch + "b")]
        return all(clean)
    print(seen.stdout, end="")
    return seen.returncode == 0


digest = digest_of(as_one(sources, name))
if not stamp.exists() or stamp.read_text() != digest:
    if not look_at(sources, name):
        sys.exit(1)
stamp.write_text(digest)
