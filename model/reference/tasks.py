# SPDX-License-Identifier: GPL-2.0
"""Tasks and processes, by the numbers that the agent gives them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .tree import Cred, Group, Hierarchy

KTHREAD = "kthread"

ROOT = Cred(0, 0, 0, 0, 2, 2)
UNCAPPED = Cred(0, 0, 0, 0, 1, 1)
ALICE = Cred(1000, 1000, 1000, 1000)
BOB = Cred(1001, 1001, 1001, 1001)


@dataclass(eq=False)
class Task:
    """A thread. @groups has those that are no roots."""

    name: str
    leader: Task | None
    cred: Cred
    groups: dict[Hierarchy, Group] = field(default_factory=dict)
    zombie: bool = False
    # Where a zombie was.
    charged: dict[Hierarchy, Group] = field(default_factory=dict)
    # CPUs that were asked for, as bits; 0: it never asked.
    asked: int = 0
    # What it has in the root of cpuset, if that is not what it asked for.
    has: int = 0
    kthread: bool = False

    @property
    def process(self) -> Task:
        return self.leader or self

    def group(self, hier: Hierarchy) -> Group:
        return self.groups.get(hier, hier.root)


class Tasks:
    """Those that there are."""

    def __init__(self) -> None:
        self.all: dict[str, Task] = {}
        for nr, cred in enumerate((ROOT, UNCAPPED, ALICE, BOB)):
            self.all[f"t{nr}"] = Task(f"t{nr}", None, cred)
        self.all[KTHREAD] = Task(KTHREAD, None, ROOT, kthread=True)

    def alive(self) -> list[Task]:
        return [t for t in self.all.values() if not t.zombie]

    def threads(self, task: Task) -> list[Task]:
        """Those of its process that live."""
        process = task.process
        return [t for t in self.all.values() if t.process is process and not t.zombie]

    def add(self, name: str, parent: Task, thread: bool) -> Task:
        task = Task(name, parent.process if thread else None, parent.cred, dict(parent.groups),
                    asked=parent.asked, has=parent.has)
        self.all[name] = task
        return task
