# SPDX-License-Identifier: GPL-2.0
"""Moving tasks."""

from __future__ import annotations

from errno import EACCES, EINVAL, ESRCH
from typing import TYPE_CHECKING

from .controllers import CONTROLLERS
from .tasks import Task
from .text import number
from .tree import WRITE, Cred, Group, Hierarchy, Refused, need

if TYPE_CHECKING:
    from .world import World

PID_MAX = 2**31 - 1


class Moves:
    """Writes to tasks and procs."""

    def __init__(self, world: World):
        self.world = world

    def by_id(self, writer: Task, text: str) -> Task | None:
        """The task that has the id written as @text: "{t3}" stands for one, 0 for the writer."""
        if text.startswith("{"):
            return self.world.tasks.all.get(text[1:-1])
        return writer if number(text, PID_MAX) == 0 else None

    def write(self, writer: Task, group: Group, name: str, text: str, opener: Cred) -> None:
        # Bound to its CPU, or kthreadd. All of them are in the roots for good.
        if text in ("{bound}", "2"):
            raise Refused(*([] if group.parent else [0]), EINVAL if opener.uid == 0 else EACCES)
        task = self.by_id(writer, text)
        need(task is not None, ESRCH)
        threads = self.world.tasks.threads(task) if name == "procs" else [task] if not task.zombie else []
        need(bool(threads), ESRCH, *([] if self._may_move([task], opener) else [EACCES]))
        hier = self.world.tree.hierarchy_of(group)
        moving = [t for t in threads if t.group(hier) is not group]
        if not moving:
            # Nothing happens, whoever asks for it.
            raise Refused(0, *([] if self._may_move(threads, opener) else [EACCES]))
        need(self._may_move(moving, opener), EACCES)
        self._may_leave(moving, hier, opener)
        for controller in hier.controllers:
            for thread in moving:
                CONTROLLERS[controller].can_move(self.world, thread, group, writer.cred)
        for thread in moving:
            self._move(thread, group)
        for controller in hier.controllers:
            for thread in moving:
                CONTROLLERS[controller].moved(self.world, thread, group)

    def may_start(self, parent: Task, group: Group) -> None:
        """May a child of this one be born in the group?"""
        hier = self.world.tree.hierarchy_of(group)
        need(self._may_move([parent], parent.cred), EACCES)
        if parent.group(hier) is group:
            return
        self._may_leave([parent], hier, parent.cred)
        for controller in hier.controllers:
            CONTROLLERS[controller].can_move(self.world, parent, group, parent.cred)

    def carry(self, child: Task, group: Group) -> None:
        """A newborn is there, and not where its parent is."""
        self._move(child, group)
        for controller in self.world.tree.hierarchy_of(group).controllers:
            CONTROLLERS[controller].moved(self.world, child, group)

    def _may_move(self, threads: list[Task], opener: Cred) -> bool:
        """Judged by who has opened the file."""
        return opener.uid == 0 or all(opener.uid in (t.cred.real, t.cred.saved) for t in threads)

    def _may_leave(self, moving: list[Task], hier: Hierarchy, opener: Cred) -> None:
        for thread in moving if opener.uid else []:
            source = thread.group(hier)
            need(source.parent is None or source.files["tasks"].allows(opener, WRITE), EACCES)

    def _move(self, task: Task, group: Group) -> None:
        hier = self.world.tree.hierarchy_of(group)
        task.group(hier).members.discard(task)
        if group.parent:
            task.groups[hier] = group
            group.members.add(task)
        else:
            task.groups.pop(hier, None)

    def leave(self, task: Task) -> None:
        """It ends."""
        for group in task.groups.values():
            group.members.discard(task)
        task.charged = task.groups
        task.groups = {}
