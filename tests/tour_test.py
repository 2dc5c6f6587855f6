#!/usr/bin/env python3
"""Checks that the manual shows the code that the tests compile and run.

A block of code in docs/*.md behind a comment `<!-- FILE [NAME] -->` must be what
stands in FILE between two lines `// [NAME]`. With --update it is put there.
"""

import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"(<!-- (?P<file>\S+) \[(?P<name>[^\]]+)\] -->\n```cpp\n)(?P<code>.*?)(```)",
    re.DOTALL)


def snippet(path, name):
    """What stands between the markers, without the indentation."""
    lines = (ROOT / path).read_text().splitlines()
    marks = [i for i, line in enumerate(lines) if line.strip() == f"// [{name}]"]
    if len(marks) != 2:
        sys.exit(f"{path}: wants two lines '// [{name}]', has {len(marks)}")
    body = "\n".join(lines[marks[0] + 1:marks[1]])
    return textwrap.dedent(body).strip("\n") + "\n"


def main():
    update = sys.argv[1:] == ["--update"]
    faults = 0
    shown = set()
    for page in sorted((ROOT / "docs").glob("*.md")):
        text = page.read_text()

        def current(match):
            shown.add(match["file"])
            return match[1] + snippet(match["file"], match["name"]) + match[5]

        wanted = BLOCK.sub(current, text)
        if wanted == text:
            continue
        if update:
            page.write_text(wanted)
        else:
            print(f"{page.relative_to(ROOT)}: code differs from docs/tour/; "
                  "run tests/tour_test.py --update")
            faults += 1
    for path in sorted((ROOT / "docs/tour").glob("*.cpp")):
        name = str(path.relative_to(ROOT))
        if name not in shown:
            print(f"{name}: no page of docs/ shows it")
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
