#!/usr/bin/env python3
"""Checks of the repository's text that compilers and linters do not make.

Prints one line a fault, `file:line: what is wrong, and the remedy`, and exits
with 1 if there is one. Files over 300 lines are listed, and no fault yet.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINES_UNEASY = 300
LINES_MAX = 500

CODE = {".cpp", ".hpp", ".inc", ".py", ".cmake", ".sh", ".js"}
KNOWS_ACTORS = {"actors", "tools", "tests", "bench"}
TEXT_ELSEWHERE = {".md", ".toml", ".txt", ".json", ".html", ".css", ".in"}

INCLUDE_CAF = re.compile(r"#\s*include\s*[<\"]caf/")
LATER = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
FENCE = re.compile(r"^(```|~~~).*?^\1\s*$", re.MULTILINE | re.DOTALL)

faults = []


def fault(path, line, message):
    faults.append(f"{path.relative_to(ROOT)}:{line}: {message}")


def repository_files():
    """Tracked and new files; in a copy without git, everything but build/."""
    listing = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "--cached", "--others",
         "--exclude-standard", "-z"], capture_output=True, check=False)
    if listing.returncode == 0:
        names = listing.stdout.decode().split("\0")
        paths = [ROOT / name for name in names if name]
    else:
        paths = [path for path in ROOT.rglob("*")
                 if path.relative_to(ROOT).parts[0] not in ("build", ".git")]
    return sorted(path for path in paths if path.is_file())


def is_script(path):
    with path.open("rb") as file:
        return path.suffix == "" and file.read(2) == b"#!"


def check_code(path, lines):
    folder = path.relative_to(ROOT).parts[0]
    if len(lines) > LINES_MAX:
        fault(path, len(lines), f"over {LINES_MAX} lines: split it")
    for number, line in enumerate(lines, 1):
        if INCLUDE_CAF.search(line) and folder not in KNOWS_ACTORS:
            fault(path, number, f"{folder}/ includes CAF: only "
                  f"{', '.join(sorted(KNOWS_ACTORS))} know that actors exist")
        if LATER.search(line):
            fault(path, number, "leaves work for later: do it, or file it "
                  "where work is tracked")
    if path.suffix == ".hpp":
        if not lines or not lines[0].startswith("//"):
            fault(path, 1, "open the header with a comment that says what it "
                  "is for")
        if "#pragma once" not in lines:
            fault(path, 1, "`#pragma once` is missing")
        for number, line in enumerate(lines, 1):
            if line.startswith("using namespace"):
                fault(path, number, "a header opens no namespace for those "
                      "who include it: name what you use")


def check_whitespace(path, text):
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            fault(path, number, "trailing whitespace: remove it")
    if text and not text.endswith("\n"):
        fault(path, text.count("\n") + 1, "end the file with a newline")


def links_of(text):
    """(line, target) of every relative link outside code blocks."""
    blank = FENCE.sub(lambda block: "\n" * block.group().count("\n"), text)
    for match in LINK.finditer(blank):
        target = match.group(1)
        if not re.match(r"[a-z]+:|#", target):
            yield blank.count("\n", 0, match.start()) + 1, target


def check_documents(documents):
    """Links resolve, and every page under docs/ can be reached by links from
    the README or the index of docs/."""
    linked = {}
    for path, text in documents.items():
        linked[path] = set()
        for line, target in links_of(text):
            destination = (path.parent / target.split("#")[0]).resolve()
            if not destination.exists():
                fault(path, line, f"broken link to {target}")
            if destination.is_dir():
                destination = destination / "README.md"
            linked[path].add(destination)

    starts = [ROOT / "README.md", ROOT / "docs/README.md",
              ROOT / "docs/index.md"]
    starts = [path for path in starts if path in documents]
    reached, open_pages = set(starts), list(starts)
    while open_pages:
        for page in linked.get(open_pages.pop(), set()) - reached:
            reached.add(page)
            open_pages.append(page)
    if starts:
        for path in documents:
            if ROOT / "docs" in path.parents and path not in reached:
                fault(path, 1, "no page that README.md leads to links here: "
                      "link it or delete it")


def main():
    uneasy, documents = [], {}
    for path in repository_files():
        is_code = path.suffix in CODE or path.name == "CMakeLists.txt" \
            or is_script(path)
        if not is_code and path.suffix not in TEXT_ELSEWHERE:
            continue
        text = path.read_text(encoding="utf-8")
        check_whitespace(path, text)
        if is_code:
            lines = text.splitlines()
            check_code(path, lines)
            if LINES_UNEASY < len(lines) <= LINES_MAX:
                uneasy.append((len(lines), path))
        if path.suffix == ".md":
            documents[path] = text
    check_documents(documents)

    for length, path in sorted(uneasy, reverse=True):
        print(f"note: {path.relative_to(ROOT)} has {length} lines; is it "
              "still one idea?")
    print("\n".join(faults + [f"{len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
