# SPDX-License-Identifier: GPL-2.0
"""The files that every hierarchy has."""

from __future__ import annotations

import re
from errno import EBUSY, EINVAL, ENOENT, EPERM
from typing import TYPE_CHECKING

from .controllers import CONTROLLERS
from .text import flag, number, value
from .tree import OLD_PROCS, Cred, Entry, Group, Refused, need

if TYPE_CHECKING:
    from .tasks import Task
    from .world import World

FILES = {"tasks": 0o644, "procs": 0o644, OLD_PROCS: 0o644, "events": 0o444, "notify_on_release": 0o644,
         "groups": 0o444, "namespaces": 0o444}
ROOT_FILES = {"subsystems": 0o644, "release_agent": 0o644}
LOWER_FILES = {"kill": 0o200, "freeze": 0o644}
ALL_FILES = {**FILES, **ROOT_FILES, **LOWER_FILES}
# Those that nobody reads.
UNREADABLE = ("kill",)


class CoreFiles:
    """Reading and writing them."""

    def __init__(self, world: World):
        self.world = world

    def files_of(self, group: Group) -> dict[str, int]:
        return {**FILES, **(LOWER_FILES if group.parent else ROOT_FILES)}

    def text_errors(self, name: str, text: str) -> frozenset[int]:
        """What is wrong with a text for a file, whatever state its group is in."""
        try:
            text = value(text)
            if name in ("tasks", "procs") and not text.startswith("{"):
                number(text, 2**31 - 1)
            elif name in ("notify_on_release", "freeze"):
                flag(text)
            elif name == "kill":
                need(text == "1", EINVAL)
            elif name not in ALL_FILES:
                # A controller's file: it may know.
                return frozenset({EINVAL})
        except Refused as refused:
            return refused.errnos
        return frozenset({EINVAL}) if name in ("events", "groups", "namespaces") else frozenset()

    def write(self, task: Task, group: Group | None, name: str, text: str, opener: Cred) -> None:
        controller = self._controller_of(group, name) if group else None
        modes = ALL_FILES if group else {}
        mode = CONTROLLERS[controller].files[name].mode if controller else modes.get(name, 0)
        wrong = set() if mode & 0o200 else {EINVAL}
        if name in ROOT_FILES and not opener.admin:
            wrong.add(EPERM)
        try:
            text = value(text)
        except Refused as refused:
            wrong |= refused.errnos
        need(not wrong, *wrong)
        if controller:
            CONTROLLERS[controller].write(self.world, group, name, text)
        elif name in ("tasks", "procs"):
            self.world.moves.write(task, group, name, text, opener)
        elif name == "notify_on_release":
            group.notify = flag(text)
        elif name == "freeze":
            group.freeze = flag(text)
        elif name == "kill":
            need(text == "1", EINVAL)
            self.world.kill(group, opener)
        elif name == "release_agent":
            self.world.tree.hierarchy_of(group).agent = text
        else:
            self._rebind(group, text)

    def _controller_of(self, group: Group, name: str) -> str | None:
        hier = self.world.tree.hierarchy_of(group)
        return next((c for c in hier.controllers if name in CONTROLLERS[c].files), None)

    def _rebind(self, root: Group, text: str) -> None:
        hier = self.world.tree.hierarchy_of(root)
        names = [n for n in re.split(r"[ ,\t\n\v\f\r]+", text) if n]
        wrong = set()
        if root.children:
            wrong.add(EBUSY)
        if any(n not in CONTROLLERS for n in names):
            wrong.add(ENOENT)
        if any(self.world.bound(n) not in (None, hier) for n in names):
            wrong.add(EBUSY)
        need(not wrong, *wrong)
        new = self.world.controllers(names)
        for controller in [c for c in hier.controllers if c not in new]:
            del root.states[controller]
            for name in CONTROLLERS[controller].files_of(root):
                del root.files[name]
        for controller in [c for c in new if c not in hier.controllers]:
            root.states[controller] = CONTROLLERS[controller].state(self.world, None)
            for name, mode in CONTROLLERS[controller].files_of(root).items():
                # Whoever it is that binds it, it is root's, as the hierarchy is.
                root.files[name] = Entry(mode, 0, 0)
        hier.controllers = new
