# SPDX-License-Identifier: GPL-2.0
"""What is to be seen, in the words of the agent: see model/guest/dump.c."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .controllers import CONTROLLERS, KNOWN
from .tasks import Task
from .text import list_of

if TYPE_CHECKING:
    from .tree import Entry, Group, Hierarchy
    from .world import World

ESCAPES = {c: f"\\x{c:02x}" for c in range(256) if c < 0x20 or c > 0x7e or c == 0x5c}
# Files that the agent does not show as they are.
KINDS = {"tasks": "ids", "procs": "ids", "groups": "table", "kill": "hidden", "namespaces": "hidden", "errors": "hidden",
         **{name: f.kind for c in KNOWN.values() for name, f in c.files.items() if f.kind != "text"}}


def escaped(text: str) -> str:
    return text.translate(ESCAPES)


def _ids(tasks: set[str]) -> str:
    """As the agent sorts them."""
    numbers = sorted(int(t[1:]) for t in tasks if t != "kthread")
    return "".join(f"t{n} " for n in numbers) + ("kthread " if "kthread" in tasks else "")


def _members(world: World, group: Group) -> set[Task]:
    if group.parent:
        return group.members
    hier = world.tree.hierarchy_of(group)
    return {t for t in world.tasks.alive() if hier not in t.groups}


def _subsystems(world: World) -> str:
    lines = ["#subsys_name\thierarchy\tnum_groups\tenabled"]
    for name in CONTROLLERS:
        hier = world.bound(name)
        groups = sum(1 for _ in hier.root.below()) if hier else 0
        lines.append(f"{name}\t{hier.name if hier else '-'}\t{groups}\t1")
    return "\n".join(lines) + "\n"


def contents(world: World, group: Group | None, name: str) -> str | None:
    """Text of a file, None if it is not told."""
    if group is None:
        return _subsystems(world) if name == "subsystems" else None
    if name in KINDS:
        return None
    return _text(world, group, name)


def _row(group: Group) -> str:
    """Of a table: the end of the path, and what does not belong to a controller."""
    name = f"/{group.name if group.parent else ''}".replace("\\", "\\134").replace(" ", "\\040")
    return f"{name}\t{len(group.members) if group.parent else '-'}\t{int(group.populated)}\n"


def _text(world: World, group: Group, name: str) -> str:
    kind = KINDS.get(name)
    if kind == "ids":
        tasks = _members(world, group)
        return _ids({t.name if name == "tasks" else t.process.name for t in tasks})
    if kind == "table":
        return "#path\ttasks\tpopulated\n" + "".join(map(_row, group.below()))
    if kind:
        return kind
    if name == "events":
        frozen = f"frozen {int(group.frozen)}\n" if group.parent else ""
        return f"populated {int(group.populated)}\n{frozen}"
    if name == "freeze":
        return f"{group.freeze}\n"
    if name == "notify_on_release":
        return f"{group.notify}\n"
    hier = world.tree.hierarchy_of(group)
    if name == "subsystems":
        return " ".join(hier.controllers) + "\n"
    if name == "release_agent":
        return hier.agent + "\n"
    controller = next(c for c in hier.controllers if name in CONTROLLERS[c].files)
    return CONTROLLERS[controller].read(world, group, name)


def _entry(entry: Entry) -> str:
    return f"{entry.mode:o} {entry.uid} {entry.gid}"


def _groups(world: World, group: Group, path: str, seen: dict[str, str]) -> None:
    seen[f"d {path}"] = f"{_entry(group.entry)} {2 + len(group.children)}"
    for name, entry in group.files.items():
        if name.startswith("\0"):
            continue
        seen[f"f {path}/{name}"] = f"{_entry(entry)} {escaped(_text(world, group, name))}"
    for name, child in group.children.items():
        _groups(world, child, f"{path}/{escaped(name)}", seen)


def _line(task: Task, hier: Hierarchy) -> str:
    return f"{hier.name}:{','.join(hier.controllers)}:{task.group(hier).path}\n"


def _task(world: World, task: Task) -> str:
    cpuset = CONTROLLERS["cpuset"]
    hier = world.bound("cpuset")
    path = task.group(hier).path if hier else "/"
    cpus = cpuset.task_cpus(world, task)
    groups = "".join(_line(task, h) for h in world.tree.hierarchies.values())
    return escaped(f"{list_of(cpus)} {cpus & world.machine.cpus:x} {list_of(cpuset.task_mems(world, task))} "
                   f"{path}\n{groups}")


def seen_in(world: World) -> dict[str, str]:
    """All of it."""
    seen: dict[str, str] = {}
    tree = world.tree
    seen["d "] = f"{_entry(tree.entry)} {2 + len(tree.hierarchies)}"
    seen["f /subsystems"] = f"{_entry(tree.files['subsystems'])} {escaped(_subsystems(world))}"
    seen["f /errors"] = f"{_entry(tree.files['errors'])} hidden"
    for name, hier in tree.hierarchies.items():
        _groups(world, hier.root, f"/{escaped(name)}", seen)
    for task in world.tasks.all.values():
        key = task.name if task.kthread else task.name[1:]
        seen[f"t {key}"] = "zombie " if task.zombie else _task(world, task)
    return seen
