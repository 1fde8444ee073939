# SPDX-License-Identifier: GPL-2.0
"""Controllers that count."""

from __future__ import annotations

from dataclasses import dataclass
from errno import EAGAIN, EINVAL, ERANGE
from typing import TYPE_CHECKING

from ..text import flag, number
from ..tree import Group, Refused, need
from .base import Controller, File

if TYPE_CHECKING:
    from ..world import World

COUNTS = ("0", "1", "3", "10", "4194304", "4194305", "max")


class Cpuacct(Controller):
    """The usage of a group is never less than that of those below it."""

    name = "cpuacct"
    files = {"cpuacct.usage": File(0o444, kind="number"), "cpuacct.load": File(0o444, kind="hidden"),
             "cpuacct.stat": File(0o444, kind="hidden")}


@dataclass
class Count:
    """Births in a group and below it."""

    count: int = 0
    max: int = 2**63 - 1


class Births(Controller):
    """The example of the controller guide."""

    name = "births"
    files = {"births.count": File(0o444, in_root=False), "births.max": File(0o644, in_root=False, texts=COUNTS)}

    def state(self, world: World, parent: Group | None) -> Count:
        return Count()

    def read(self, world: World, group: Group, name: str) -> str:
        state = group.states[self.name]
        return f"{state.count if name == 'births.count' else state.max}\n"

    def write(self, world: World, group: Group, name: str, text: str) -> None:
        group.states[self.name].max = number(text, 2**63 - 1)

    def _states(self, group: Group) -> list[Count]:
        return [g.states[self.name] for g in group.line()]

    def can_bear(self, world: World, group: Group) -> None:
        need(all(s.count < s.max for s in self._states(group)), EAGAIN)

    def born(self, world: World, group: Group) -> None:
        for state in self._states(group):
            state.count += 1


@dataclass
class Limit:
    """Of pids: its text, and how many births it or one above it has stopped."""

    max: str = "max"
    events: int = 0


class Pids(Controller):
    """Tasks count until they are reaped, in what is above a group that was removed, too."""

    name = "pids"
    files = {"pids.max": File(0o644, in_root=False, texts=COUNTS), "pids.current": File(0o444, in_root=False),
             "pids.peak": File(0o444, in_root=False, kind="hidden"), "pids.events": File(0o444, in_root=False)}

    def state(self, world: World, parent: Group | None) -> Limit:
        return Limit()

    def current(self, world: World, group: Group) -> int:
        hier = world.tree.hierarchy_of(group)
        places = (t.charged.get(hier) if t.zombie else t.groups.get(hier) for t in world.tasks.all.values())
        return sum(1 for place in places if place and group in place.line())

    def read(self, world: World, group: Group, name: str) -> str:
        state = group.states[self.name]
        if name == "pids.current":
            return f"{self.current(world, group)}\n"
        return f"{state.max}\n" if name == "pids.max" else f"max {state.events}\n"

    def write(self, world: World, group: Group, name: str, text: str) -> None:
        group.states[self.name].max = text if text == "max" else str(number(text, 4194304))

    def can_bear(self, world: World, group: Group) -> None:
        limits = [(self.current(world, g), g.states[self.name].max) for g in group.line()]
        if any(most != "max" and count >= int(most) for count, most in limits):
            group.states[self.name].events += 1
            raise Refused(EAGAIN)


@dataclass
class Share:
    """Of cpu."""

    weight: int = 100
    idle: int = 0
    max: str = "max"
    period: int = 100000


class Cpu(Controller):
    """Who gets how much is not asked here, only what is set."""

    name = "cpu"
    files = {
        "cpu.weight": File(0o644, in_root=False, texts=("1", "100", "10000", "0", "10001", "-5", "default")),
        "cpu.idle": File(0o644, in_root=False, texts=("0", "1", "1", "2")),
        "cpu.max": File(0o644, in_root=False, texts=(
            "max", "100000 100000", "200000", "max 1000000", "max 1000001", "999", "max 500", "17592186044416", "half")),
        "cpu.stat": File(0o444, in_root=False, kind="hidden")}

    def state(self, world: World, parent: Group | None) -> Share:
        return Share()

    def read(self, world: World, group: Group, name: str) -> str:
        own: Share = group.states[self.name]
        if name == "cpu.max":
            return f"{own.max} {own.period}\n"
        return f"{own.idle if name == 'cpu.idle' else 1 if own.idle else own.weight}\n"

    def write(self, world: World, group: Group, name: str, text: str) -> None:
        own: Share = group.states[self.name]
        if name == "cpu.max":
            quota, *period = text.split()[:3] or [""]
            need(len(period) < 2, EINVAL)
            length = number(period[0], 1000000) if period else own.period
            need(length >= 1000, EINVAL)
            need(quota == "max" or number(quota, 17592186044415) >= 1000, EINVAL)
            own.max, own.period = quota, length
        elif name == "cpu.idle":
            own.idle, own.weight = flag(text), 100 if own.idle else own.weight
        else:
            weight = number(text, 2**64)
            wrong = ([EINVAL] if own.idle else []) + ([] if 1 <= weight <= 10000 else [ERANGE])
            need(not wrong, *wrong)
            own.weight = weight


class Debug(Controller):
    """Its charge is the number of tasks, as far as callbacks tell."""

    def __init__(self, name: str):
        self.name = name
        self.files = {f"{name}.fail": File(0o644, in_others=False, kind="hidden"),
                      f"{name}.charge": File(0o444, in_root=False),
                      f"{name}.zombies": File(0o444, in_root=False, kind="hidden"), f"{name}.calls": File(0o444, kind="hidden"),
                      f"{name}.trace": File(0o644, in_others=False, kind="hidden"),
                      f"{name}.counts": File(0o444, in_others=False, kind="hidden")}

    def read(self, world: World, group: Group, name: str) -> str:
        return f"{len(group.members)}\n"

    def write(self, world: World, group: Group, name: str, text: str) -> None:
        # Nothing is to fail, or to be remembered.
        need(not text or name == f"{self.name}.trace", EINVAL)
