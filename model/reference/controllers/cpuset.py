# SPDX-License-Identifier: GPL-2.0
"""The rules of cpusets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from errno import EACCES, EBUSY, EINVAL, ENOSPC, EPERM
from typing import TYPE_CHECKING

from ..text import bits_of, flag, list_of
from ..tree import OLD_NAMES, Cred, Group, Refused, need
from .base import Controller, File

if TYPE_CHECKING:
    from ..tasks import Task
    from ..world import World

FLAGS = ("cpu_exclusive", "mem_exclusive", "mem_hardwall", "sched_load_balance", "memory_migrate",
         "memory_spread_page", "memory_spread_slab", "memory_pressure_enabled")
# Those that a new group has from the one above.
INHERITED = ("memory_spread_page", "memory_spread_slab")
RELAX = range(-1, 3)
CLONE = OLD_NAMES["cgroup.clone_children"]


@dataclass(frozen=True)
class Set:
    """What is configured; in a root @cpus and @mems say nothing."""

    cpus: int = 0
    mems: int = 0
    flags: frozenset[str] = frozenset({"sched_load_balance"})
    relax: int = -1


class Cpuset(Controller):
    name = "cpuset"
    files = {
        "cpus": File(0o644), "mems": File(0o644), "effective_cpus": File(0o444), "effective_mems": File(0o444),
        **{name: File(0o644) for name in FLAGS[:-1]}, "sched_relax_domain_level": File(0o644),
        "memory_pressure": File(0o444, kind="hidden"), FLAGS[-1]: File(0o644, in_others=False),
        CLONE: File(0o644, mounted=True)}

    def state(self, world: World, parent: Group | None) -> Set:
        if not parent:
            return Set(flags=frozenset({"sched_load_balance", "cpu_exclusive", "mem_exclusive"}))
        above: Set = parent.states[self.name]
        new = Set(flags=frozenset({"sched_load_balance", *(f for f in INHERITED if f in above.flags)}))
        siblings = [c.states[self.name] for c in parent.children.values()]
        if CLONE in above.flags and not any(f in s.flags for s in siblings for f in FLAGS[:2]):
            cpus, mems = (above.cpus, above.mems) if parent.parent else (world.machine.cpus, world.machine.mems)
            new = replace(new, cpus=cpus, mems=mems)
        return replace(new, flags=new.flags | {CLONE}) if CLONE in above.flags else new

    def cpus(self, world: World, group: Group | None) -> int:
        """Those that tasks have: of the nearest group that has some on line."""
        online = world.machine.cpus
        if not group or not group.parent:
            return online
        own = group.states[self.name].cpus
        return own & online or (self.cpus(world, group.parent) if own else 0)

    def mems(self, world: World, group: Group | None) -> int:
        online = world.machine.mems
        if not group or not group.parent:
            return online
        own = group.states[self.name].mems
        return own & online or (self.mems(world, group.parent) if own else 0)

    def read(self, world: World, group: Group, name: str) -> str:
        own: Set = group.states[self.name]
        if name in (*FLAGS, CLONE):
            return f"{int(name in own.flags)}\n"
        if name == "sched_relax_domain_level":
            return f"{own.relax}\n"
        if name in ("cpus", "mems") and group.parent:
            return list_of(getattr(own, name)) + "\n"
        return list_of((self.cpus if name.endswith("cpus") else self.mems)(world, group)) + "\n"

    def write(self, world: World, group: Group, name: str, text: str) -> None:
        own: Set = group.states[self.name]
        if name in ("cpus", "mems"):
            need(group.parent is not None, EACCES)
            bits = bits_of(text)
            need(not bits & ~(getattr(world.machine, name) | getattr(own, name)), EINVAL)
            changed = replace(own, **{name: bits})
        elif name in (*FLAGS, CLONE):
            changed = replace(own, flags=own.flags | {name} if flag(text) else own.flags - {name})
        else:
            need(text in [str(level) for level in RELAX], EINVAL)
            changed = replace(own, relax=int(text))
        if changed != own:
            self._validate(group, changed)
        group.states[self.name] = changed

    def _within(self, inner: Set, outer: Set, outer_is_root: bool) -> bool:
        fits = outer_is_root or not (inner.cpus & ~outer.cpus or inner.mems & ~outer.mems)
        return fits and all(f in outer.flags for f in FLAGS[:2] if f in inner.flags)

    def _validate(self, group: Group, new: Set) -> None:
        """In the order of cgroup v1: children, parent, tasks, siblings."""
        root = group.parent is None
        need(all(self._within(c.states[self.name], new, root) for c in group.children.values()), EBUSY)
        if root:
            return
        above = group.parent
        need(self._within(new, above.states[self.name], above.parent is None), EACCES)
        old: Set = group.states[self.name]
        need(not group.members or not (old.cpus and not new.cpus or old.mems and not new.mems), ENOSPC)
        for other in above.children.values():
            if other is not group and self._clash(new, other.states[self.name]):
                raise Refused(EINVAL)

    def _clash(self, one: Set, two: Set) -> bool:
        exclusive = one.flags | two.flags
        return bool("cpu_exclusive" in exclusive and one.cpus & two.cpus or
                    "mem_exclusive" in exclusive and one.mems & two.mems)

    def can_move(self, world: World, task: Task, group: Group, writer: Cred) -> None:
        need(bool(self.cpus(world, group) and self.mems(world, group)), ENOSPC)
        need(writer.capable or task.cred.permitted <= writer.permitted, EPERM)

    def group_of(self, world: World, task: Task) -> Group | None:
        """None: in the root, or there is none."""
        hier = world.bound(self.name)
        return task.groups.get(hier) if hier else None

    def moved(self, world: World, task: Task, group: Group) -> None:
        if not group.parent:
            # If all that it has asked for are off line, it has the others.
            machine = world.machine
            task.has = (task.asked if task.asked & machine.cpus else ~task.asked) & machine.all_cpus

    def task_cpus(self, world: World, task: Task) -> int:
        """Cpus_allowed of its status."""
        group = self.group_of(world, task)
        if not group:
            return task.has or world.machine.all_cpus
        cpus = self.cpus(world, group)
        return task.asked & cpus or cpus

    def task_mems(self, world: World, task: Task) -> int:
        return self.mems(world, self.group_of(world, task))

    def ask(self, world: World, task: Task, bits: int) -> None:
        """sched_setaffinity(2)"""
        group = self.group_of(world, task)
        need(bool(bits & self.cpus(world, group)), EINVAL)
        task.asked = bits
        if not group:
            task.has = bits & world.machine.all_cpus

    def cpu_gone(self, world: World) -> None:
        """In a root, who has none left forgets what he asked for."""
        for task in world.tasks.alive():
            if not self.group_of(world, task) and task.has and not task.has & world.machine.cpus:
                task.has = task.asked = 0
