# SPDX-License-Identifier: GPL-2.0
"""Plays operations to the agent in a guest and compares what comes of them with the reference."""

from __future__ import annotations

import socket
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

from .controllers import KNOWN, choose
from .generate import Generator
from .show import KINDS, escaped, seen_in
from .shorten import shorten
from .world import Result, World

# Operations under way: what the reference says to one depends on none of the guest's replies.
WINDOW = 24
# How long what hotplug leaves to work items may take, in seconds.
SETTLE = 20
SHOWN = 12
WIDTH = 200
# Of operations that are left: the rest is in a file.
LONG = 60


class GuestDied(Exception):
    """The port was closed."""


def cut(lines: list[str]) -> list[str]:
    return [line if len(line) <= WIDTH else f"{line[:WIDTH]}... ({len(line)})" for line in lines]


@dataclass
class Disagreement:
    """The number of the operation, from 0, itself, and what is wrong."""

    nr: int
    line: str
    wrong: list[str]

    def __str__(self) -> str:
        return "\n".join(cut([f"operation {self.nr + 1}: {self.line}", *(f"  {w}" for w in self.wrong[:SHOWN])]))


class Port:
    """The agent, at the other end of a socket of QEMU's; @seen is what it shows."""

    def __init__(self, path: Path):
        until = time.monotonic() + 60
        while True:
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)
        self.file = self.socket.makefile("r", encoding="latin-1", newline="\n")
        self.seen: dict[str, str] = {}
        self.send("hello")
        while (line := self.line()) != "=0\thello\n":
            if not line:
                raise GuestDied
        for name, kind in KINDS.items():
            self.send(f"kind {name} {kind}")

    def controllers(self) -> list[str]:
        """Those of the kernel."""
        self.send("reset")
        self.reply()
        self.send("0 read /subsystems")
        _, *lines = self.reply()[1].split("\\x0a")
        return [line.split("\\x09")[0] for line in lines if line]

    def line(self) -> str:
        try:
            return self.file.readline()
        except OSError as error:
            raise GuestDied from error

    def send(self, line: str) -> None:
        try:
            self.socket.sendall(line.encode("latin-1") + b"\n")
        except OSError as error:
            raise GuestDied from error

    def reply(self) -> tuple[int, str]:
        """An errno and what was read."""
        while True:
            line = self.line()
            if not line.endswith("\n"):
                raise GuestDied
            sign, (key, _, value) = line[0], line[1:-1].partition("\t")
            if sign == "=":
                return int(key), value
            if sign == "+":
                self.seen[key] = value
            else:
                del self.seen[key]


@dataclass
class Expected:
    """What the reference says to an operation."""

    nr: int
    line: str
    result: Result
    seen: dict[str, str]

    def compare(self, errno: int, text: str, seen: dict[str, str]) -> Disagreement | None:
        wrong = []
        if errno not in self.result.errnos:
            wrong.append(f"errno {errno}, expected {' or '.join(map(str, sorted(self.result.errnos)))}")
        elif not errno and self.result.text is not None and text != escaped(self.result.text):
            wrong.append(f"read '{text}', expected '{escaped(self.result.text)}'")
        if seen != self.seen:
            keys = [k for k in {**seen, **self.seen} if seen.get(k) != self.seen.get(k)]
            wrong += [f"{k}: '{seen.get(k)}', expected '{self.seen.get(k)}'" for k in sorted(keys)]
        return Disagreement(self.nr, self.line, wrong) if wrong else None


class Player:
    """Plays sequences, each from the beginning of the world."""

    def __init__(self, port: Port):
        self.port = port
        self.played: list[str] = []

    def play(self, world: World, lines: Iterator[str], progress: Callable[[int], None] = lambda nr: None
             ) -> Disagreement | None:
        self.played = []
        sent: deque[Expected] = deque([Expected(-1, "reset", Result(), seen_in(world))])
        self.port.send("reset")
        for nr, line in enumerate(lines):
            self.played.append(line)
            settles = line.startswith(("- cpu", "- node"))
            while len(sent) > (0 if settles else WINDOW):
                if wrong := self._receive(sent):
                    return wrong
            sent.append(Expected(nr, line, world.do(line), seen_in(world)))
            self.port.send(line)
            if settles and (wrong := self._settled(sent.popleft())):
                return wrong
            progress(nr + 1)
        while sent:
            if wrong := self._receive(sent):
                return wrong
        return None

    def _receive(self, sent: deque[Expected]) -> Disagreement | None:
        expected = sent.popleft()
        wrong = expected.compare(*self.port.reply(), self.port.seen)
        if wrong:
            # What is under way was for nothing.
            for _ in sent:
                self.port.reply()
            sent.clear()
        return wrong

    def _settled(self, expected: Expected) -> Disagreement | None:
        """What a CPU or a node leaves behind comes a moment later."""
        until = time.monotonic() + SETTLE
        errno, text = self.port.reply()
        while (wrong := expected.compare(errno, text, self.port.seen)) and time.monotonic() < until:
            if errno not in expected.result.errnos:
                break
            self.port.send("again")
            self.port.reply()
        return wrong


def drawn(seed: int, count: int, world: World) -> Iterator[str]:
    generator = Generator(seed, world)
    return (generator.next() for _ in range(count))


@dataclass
class Outcome:
    """@nr operations went well; @wrong says what did not, and @short is the shortest way to it that was found."""

    nr: int
    wrong: str = ""
    short: list[str] = field(default_factory=list)
    died: bool = False


def run(path: Path, seed: int, count: int, replay: list[str], say: Callable[[str], None]) -> Outcome:
    """Plays @replay, or else @count operations of @seed."""
    try:
        port = Port(path)
        names = port.controllers()
    except GuestDied:
        return Outcome(0, "the guest died before the first operation")
    if unknown := [n for n in names if n not in KNOWN]:
        port.send("end")
        return Outcome(0, f"model/reference/controllers has no class for {', '.join(unknown)}")
    choose(names)
    player = Player(port)
    started = time.monotonic()

    def progress(nr: int) -> None:
        if nr % 10000 == 0:
            say(f"model: {nr} operations, {60 * nr / (time.monotonic() - started):.0f} a minute")

    try:
        world = World()
        wrong = player.play(world, iter(replay) if replay else drawn(seed, count, world), progress)
        if not wrong:
            port.send("end")
            return Outcome(len(player.played))
        say(f"model: {wrong}\nmodel: looking for a shorter way to that")
        nr, text = wrong.nr, str(wrong)
        lines = player.played[:nr + 1]

        def same(lines: list[str]) -> bool:
            other = player.play(World(), iter(lines))
            if other and other.line == "reset":
                say(f"model: of the operations before something is left: {other}")
            return other is not None and other.line == wrong.line

        short = shorten(lines, same)
        again = player.play(World(), iter(short))
        port.send("end")
        if not short:
            return Outcome(nr, f"{text}\nthe same operations did not lead there again", lines)
        return Outcome(nr, f"{text}\nin short, {len(short)} operations:\n" + "\n".join(cut(short[-LONG:])) + f"\n{again}", short)
    except GuestDied:
        last = "\n".join(cut(player.played[-WINDOW - 1:]))
        return Outcome(max(0, len(player.played) - WINDOW), f"the guest died in one of these operations:\n{last}",
                       player.played, died=True)
