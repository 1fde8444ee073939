#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Measures groups against cgroups and against a kernel with neither.

usage: run.py [PART]...    (none: all)

  instructions  each operation in guest instructions, and memory; one virtual CPU
  size          bytes of the kernel, also when it is built for size
  locks         locks taken by an operation, on kernels that count them
  latency       how late a real-time task wakes up, on kernels that are preemptible
  load          operations a second on 1, 2 and 4 virtual CPUs, by the clock
  cpu           operations in groups of the controller cpu, on kernels whose scheduler
                knows groups; the floor is one that does not

Environment: BACKENDS=NAME[,NAME...] measures only these.

Leaves in build/bench/: results.tsv with all numbers, table.txt, growth.png.
What was measured before stays in results.tsv until it is measured again.
"""

import os
import statistics
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
OUT = TOP / "build/bench"
LOG = TOP / "build/log/bench"

# The kernel that each backend runs on.
KERNELS = {"none": "bench-none", "v1": "bench-cgroups", "v2": "bench-cgroups",
           "favordynmods": "bench-cgroups", "rc": "bench-rc"}
PARTS = ("instructions", "size", "locks", "load", "cpu", "latency")
LOAD_CPUS, LOAD_ROUNDS, LOAD_MS = (1, 2, 4), 7, 2000

# QEMU 7.2 can still run the breakpoint by which a static key was patched when
# another virtual CPU has taken it away. Such a guest is dead, and started again.
BOOTS = 5

# One virtual CPU, and a clock that goes on by one an instruction and jumps when
# the CPU is idle: nothing of the host shows.
ICOUNT = ["--smp", "1", "--cpu", "qemu64", "--accel", "tcg,thread=single"]
ICOUNT_QEMU = ["-icount", "shift=0,sleep=off", "-rtc", "base=2026-01-01,clock=vm"]

# What counts is the median: an operation into which no tick of the clock falls.
# Where each operation is another one, it is the mean.
MEANS = ("mkdir siblings",)

FIELDS = ("backend", "part", "row", "x", "median", "mean", "samples", "reason")


def say(text):
    print(text, flush=True)


def die(text):
    sys.exit(f"error: {text}")


def boot(name, kernel, command, options, qemu=()):
    """What a guest prints; its end without a verdict is an error."""
    LOG.mkdir(parents=True, exist_ok=True)
    files = {what: LOG / f"{name}.{what}" for what in ("console", "results", "verdict")}
    for path in files.values():
        path.write_bytes(b"")
    where = [arg for what, path in files.items() for arg in (f"--{what}", str(path))]
    append = f"harness=bench harness.bench={','.join(command)} norandmaps loglevel=5"
    for left in reversed(range(BOOTS)):
        status = subprocess.run([TOP / "qemu/boot", "--kernel", kernel, *where, "--append", append, *options, "--", *qemu],
                                check=False).returncode
        if not status and files["verdict"].read_text(errors="replace").strip() == "pass":
            return [line.split("\t") for line in files["results"].read_text().splitlines()]
        if not left or "Oops: int3:" not in files["console"].read_text(errors="replace"):
            die(f"the guest of {name} failed: see build/log/bench/{name}.console")
        say(f"    {name} died of a static key under this QEMU: once more")


class Results:
    """All numbers, by backend, part, row and x."""

    def __init__(self):
        self.path = OUT / "results.tsv"
        self.lines = {}
        if self.path.exists():
            for line in self.path.read_text().splitlines()[1:]:
                fields = line.split("\t")
                self.lines[tuple(fields[:4])] = fields[4:]

    def put(self, backend, part, lines):
        for key in [k for k in self.lines if k[:2] == (backend, part)]:
            del self.lines[key]
        for row, x, *numbers in lines:
            self.lines[backend, part, row, x] = numbers
        OUT.mkdir(parents=True, exist_ok=True)
        self.path.write_text("\n".join("\t".join(f) for f in [FIELDS] + [[*k, *v] for k, v in self.lines.items()])
                             + "\n")

    def get(self, backend, row, x):
        """The number that counts, or None."""
        for (b, _, r, y), (median, mean, *_) in self.lines.items():
            if (b, r, y) == (backend, row, x):
                number = mean if row in MEANS else median
                return None if number == "-" else float(number)
        return None

    def rows(self):
        return list(dict.fromkeys(key[1:] for key in self.lines))

    def reasons(self):
        return sorted({(b, r, v[3]) for (b, _, r, _), v in self.lines.items() if v[0] == "-"})


def instructions(results, backends):
    for backend in backends:
        say(f"==> {backend}: instructions")
        results.put(backend, "instructions",
                    boot(f"{backend}-instructions", KERNELS[backend], (backend, "instructions"), ICOUNT, ICOUNT_QEMU))


def cpu_kernel(backend):
    return KERNELS[backend] + ("" if backend == "none" else "-cpu")


def cpu(results, backends):
    for backend in backends:
        if backend != "favordynmods":
            say(f"==> {backend}: cpu")
            results.put(backend, "cpu", boot(f"{backend}-cpu", cpu_kernel(backend), (backend, "cpu"), ICOUNT, ICOUNT_QEMU))


def locks(results, backends):
    for backend in backends:
        say(f"==> {backend}: locks")
        results.put(backend, "locks",
                    boot(f"{backend}-locks", f"{KERNELS[backend]}-locks", (backend, "locks"), ICOUNT, ICOUNT_QEMU))


def latency(results, backends):
    for backend in backends:
        say(f"==> {backend}: latency")
        results.put(backend, "latency",
                    boot(f"{backend}-latency", f"{KERNELS[backend]}-preempt", (backend, "latency"), ICOUNT, ICOUNT_QEMU))


def load(results, backends):
    """In turn, so that what else the host does hits all alike; the median counts."""
    rates = {backend: {} for backend in backends}
    for number in range(LOAD_ROUNDS):
        for cpus in LOAD_CPUS:
            for backend in backends:
                say(f"==> {backend}: load on {cpus} virtual CPUs, round {number + 1} of {LOAD_ROUNDS}")
                for row, x, median, *_, reason in boot(f"{backend}-load", KERNELS[backend],
                                                       (backend, "load", str(LOAD_MS)), ["--smp", str(cpus)]):
                    rates[backend].setdefault((row, x), []).append((median, reason))
    for backend, rows in rates.items():
        lines = []
        for (row, x), values in rows.items():
            rate = [float(v) for v, _ in values if v != "-"]
            middle = f"{statistics.median(rate):.0f}" if rate else "-"
            mean = f"{statistics.mean(rate):.0f}" if rate else "-"
            lines.append((row, x, middle, mean, str(len(rate)), values[0][1]))
        results.put(backend, "load", lines)


def object_size(*paths):
    """text + data + bss of object files, in bytes."""
    out = subprocess.run(["size", *map(str, paths)], check=True, capture_output=True, text=True).stdout
    return sum(int(line.split()[3]) for line in out.splitlines()[1:])


def objects(backend, tree):
    """{part: its object files} of what provides groups."""
    if backend != "rc":
        # That of cpuacct is part of an object of the scheduler.
        pids = tree / "kernel/cgroup/pids.o"
        return {"core+proc+cpuset+cpuacct": [p for p in (tree / "kernel/cgroup").glob("*.o") if p != pids],
                "pids": [pids]}
    parts = {"core": [p for p in (tree / "kernel/rc").glob("*.o")
                      if not p.name.startswith(("cpu", "pids"))],
             "proc": list((tree / "fs/proc").glob("rc*.o")),
             "cpuset": list((tree / "kernel/rc").glob("cpuset*.o")),
             "cpuacct": list((tree / "kernel/rc").glob("cpuacct*.o"))}
    together = {"+".join(parts): [p for paths in parts.values() for p in paths]}
    return parts | together | {"pids": [tree / "kernel/rc/pids.o"]}


def size(results, backends):
    for backend in backends:
        tree = TOP / "build/out" / KERNELS[backend]
        lines = [("size vmlinux", object_size(tree / "vmlinux"))]
        if backend != "none":
            for how, there in (("size", tree), ("size tiny", tree.with_name(tree.name + "-tiny"))):
                lines += [(f"{how} {name}", object_size(*paths)) for name, paths in objects(backend, there).items()]
        results.put(backend, "size", [(row, "0", str(n), str(n), "1", "") for row, n in lines])


def limits():
    """{(row, x): limit} of bench/limits."""
    lines = [line.split() for line in (TOP / "bench/limits").read_text().splitlines()]
    return {(" ".join(words[:-2]), words[-2]): words[-1] for words in lines if words and words[0] != "#"}


def judged(results, row, x, limit):
    """The limit as a number, and whether it is kept; None where it cannot be told."""
    number, floor = results.get("rc", row, x), results.get("none", row, x)
    if limit.startswith("floor"):
        if floor is None:
            return None, None
        limit = floor + float(limit.removeprefix("floor") or 0)
    elif limit == "peers":
        peers = [n for b in ("v1", "v2") if (n := results.get(b, row, x)) is not None]
        if not peers:
            return None, None
        limit = min(peers)
    elif limit.startswith("plain"):
        plain = results.get("rc", f"{row.split()[0]} plain", x)
        if plain is None:
            return None, None
        limit = plain + float(limit.removeprefix("plain") or 0)
    elif limit == "half":
        peers = [n for b in ("v1", "v2") if (n := results.get(b, row, x)) is not None]
        if floor is None or not peers:
            return None, None
        limit = floor + (min(peers) - floor) / 2
    return float(limit), None if number is None else number <= float(limit)


def table(results):
    """All rows in columns; the last two are the limit for rc, and what came of it."""
    known, lines = limits(), [["row", "x", *KERNELS, "limit", ""]]
    kept = broken = 0
    for _, row, x in results.rows():
        # One class of locks: for who wants to know, in results.tsv.
        if row.startswith("lock "):
            continue
        cells = [results.get(backend, row, x) for backend in KERNELS]
        limit, fine = judged(results, row, x, known[row, x]) if (row, x) in known else (None, None)
        kept, broken = kept + (fine is True), broken + (fine is False)
        lines.append([row, x if x != "0" else "", *("-" if c is None else f"{c:,.0f}" for c in cells),
                      "" if limit is None else f"{limit:,.0f}", {True: "ok", False: "OVER", None: ""}[fine]])
    widths = [max(map(len, column)) for column in zip(*lines)]
    text = [" ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths))).rstrip()
            for line in lines]
    text.append("")
    text += [f"{backend}: {row}: {reason}" for backend, row, reason in results.reasons() if backend != "none"]
    text.append(f"{kept} limits kept, {broken} not")
    return "\n".join(text) + "\n"


def plot(results):
    """growth.png: each row that depends on something, over that."""
    data = OUT / "plot"
    data.mkdir(parents=True, exist_ok=True)
    for row in {row for _, row, _ in results.rows()}:
        for backend in KERNELS:
            points = [(int(x), n) for _, r, x in results.rows()
                      if r == row and (n := results.get(backend, row, x)) is not None]
            if len(points) > 1:
                name = f"{row.replace(' ', '-').replace('+', '-')}.{backend}"
                (data / name).write_text("".join(f"{x} {n:.0f}\n" for x, n in sorted(points)))
    subprocess.run(["gnuplot", TOP / "bench/growth.gp"], cwd=data, check=True)


def main():
    parts = sys.argv[1:] or PARTS
    backends = list(KERNELS)
    if os.environ.get("BACKENDS"):
        backends = os.environ["BACKENDS"].split(",")
    for word in [*(p for p in parts if p not in PARTS), *(b for b in backends if b not in KERNELS)]:
        die(f"no such part or backend: {word}")
    results = Results()
    for part in parts:
        {"instructions": instructions, "size": size, "locks": locks, "load": load, "cpu": cpu,
         "latency": latency}[part](results, backends)
    text = table(results)
    (OUT / "table.txt").write_text(text)
    say(text)
    plot(results)
    say(f"All numbers are in {results.path.relative_to(TOP)}, the plot is build/bench/growth.png")


if __name__ == "__main__":
    main()
