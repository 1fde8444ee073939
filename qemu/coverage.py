#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""How much of the kernel code in linux/ the tests reach, counted by gcov.

usage: coverage.py    lists what the last tests of the debug kernel did not reach:
                      lines that never ran, conditions that only went one way

The kernel is built with CONFIG_GCOV_KERNEL, and each guest sends its counters
(.gcda) at its end; gcov reads them with the notes (.gcno) that the compiler left
beside the objects. build/log/coverage/ holds the sources, each line with how
often it ran, as gcov itself writes them: "#####" is never, "-" no code, "*" in
part. An "if" that only went one way also gets the "*": "return -ENOMEM;" below
it may well be a "-", for the compiler needs no code of its own to return a constant.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
BUILD = TOP / "build"
LOG = BUILD / "log/coverage"
CONDITION = re.compile(r"\bif \(")
# Percent of all lines that a full run has to reach.
ENOUGH = 90


def sources(objects):
    """Our code in the kernel, but for tests of it and for what its configuration leaves out."""
    found = sorted(p.relative_to(TOP / "linux") for p in (TOP / "linux").rglob("*.c")
                   if not p.name.endswith("_test.c"))
    return [str(p) for p in found if p.with_suffix(".o").name in linked(objects / p.parent)]


@cache
def linked(directory):
    """What the linker is given of a directory. An object of another configuration can still lie there."""
    archive = subprocess.run(["ar", "t", directory / "built-in.a"], capture_output=True, text=True, check=True)
    return {Path(line).name for line in archive.stdout.splitlines()}


class Coverage:
    """What the guests of one kernel have reached together."""

    def __init__(self, kernel):
        self.objects = BUILD / "out" / kernel
        self.lines = {}
        self.partly = {}
        self.branches = {}
        self.missing = []
        shutil.rmtree(LOG, ignore_errors=True)

    def add(self, guest, counters):
        """Takes a guest's counters, {path: content of a .gcda}."""
        for source in sources(self.objects):
            name = source.removesuffix(".c")
            data = next((d for p, d in counters.items() if p.endswith(f"/{name}.gcda")), None)
            notes = self.objects / f"{name}.gcno"
            if data is None or not notes.exists():
                self.missing.append(f"the guest {guest} sent no counters of {source}" if data is None
                                    else f"{notes.relative_to(TOP)} is not there")
                continue
            # gcov wants both in one place.
            place = LOG / "counters" / guest / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.with_suffix(".gcda").write_bytes(data)
            shutil.copy(notes, place.with_suffix(".gcno"))
            gcov = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities",
                                   place.with_suffix(".gcno")],
                                  cwd=self.objects, capture_output=True, text=True, check=False)
            if gcov.returncode or gcov.stderr:
                self.missing.append(gcov.stderr.strip() or f"gcov failed on {source}")
                continue
            for file in json.loads(gcov.stdout)["files"]:
                self.count(source, file)

    def count(self, source, file):
        path = (self.objects / file["file"]).resolve()
        if not path.is_relative_to(BUILD / "linux"):
            return
        name = str(path.relative_to(BUILD / "linux"))
        if not (TOP / "linux" / name).exists():
            return
        lines, partly = self.lines.setdefault(name, Counter()), self.partly.setdefault(name, {})
        for line in file["lines"]:
            number = line["line_number"]
            lines[number] += line["count"]
            # One guest, or one copy of an inline function, that ran all of it will do.
            partly[number] = partly.get(number, True) and line["unexecuted_block"]
            if name == source:
                place = name, number, line.get("function_name")
                counts = [b["count"] for b in line["branches"]]
                self.branches[place] = [a + b for a, b in zip(counts, self.branches.get(place, [0] * len(counts)))]

    def write(self):
        """Writes the annotated sources."""
        one_way = {place[:2] for place, counts in self.branches.items() if 0 in counts}
        for name, lines in self.lines.items():
            out = LOG / f"{name}.gcov"
            out.parent.mkdir(parents=True, exist_ok=True)
            text = (BUILD / "linux" / name).read_text(encoding="utf-8").splitlines()
            with open(out, "w", encoding="utf-8") as file:
                for number, code in enumerate(text, 1):
                    count = "-"
                    if number in lines:
                        count = str(lines[number] or "#####")
                        if lines[number] and (self.partly[name][number] or
                                              (name, number) in one_way and CONDITION.search(code)):
                            count += "*"
                    file.write(f"{count:>12}:{number:5}:{code}\n")

    def table(self):
        """The lines of a table, and the total in percent."""
        rows = [(name, sum(n > 0 for n in lines.values()), len(lines))
                for name, lines in sorted(self.lines.items())]
        rows.append(("total", sum(r[1] for r in rows), sum(r[2] for r in rows)))
        width = max(len(r[0]) for r in rows)
        percent = [100 * hit / (of or 1) for _, hit, of in rows]
        return [f"{name:{width}} {hit:5} of {of:5} lines {share:6.1f} %"
                for (name, hit, of), share in zip(rows, percent)], percent[-1]


    def result(self):
        """The result of a full run."""
        percent = self.table()[1]
        if percent < ENOUGH:
            self.missing.append(f"{percent:.1f} % of all lines, but {ENOUGH} % are asked for")
        return ("failed" if self.missing else "passed", "coverage", "\n".join(self.missing))


def main():
    # Into a pager or head.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    found = sorted(LOG.rglob("*.gcov"))
    if not found:
        print("error: build/log/coverage/ holds nothing: run 'make check DEBUG=1'", file=sys.stderr)
        sys.exit(1)
    for path in found:
        name = path.relative_to(LOG).with_suffix("")
        for count, number, code in re.findall(r"^ *(\S+): *(\d+):(.*)$", path.read_text(encoding="utf-8"), re.M):
            if count == "#####" or count.endswith("*") and CONDITION.search(code):
                print(f"{name}:{number}: {'never' if count == '#####' else 'one way'}: {code.strip()}")


if __name__ == "__main__":
    main()
