# SPDX-License-Identifier: GPL-2.0
"""What the reference asks of a controller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..tasks import Task
    from ..tree import Cred, Group
    from ..world import World


@dataclass(frozen=True)
class File:
    """A file: its mode, whether roots and other groups have it, how the agent shows it (see dump.c), what to write."""

    mode: int
    in_root: bool = True
    in_others: bool = True
    kind: str = "text"
    # What is written to it mostly; nothing that keeps those who do the operations from running.
    texts: tuple[str, ...] = ()
    # Only where the file system of cpusets is mounted.
    mounted: bool = False


class Controller:
    """Nothing is limited, and there are no files. Whatever refuses raises Refused, and has changed nothing."""

    name = ""
    files: dict[str, File] = {}

    def files_of(self, group: Group) -> dict[str, int]:
        return {name: f.mode for name, f in self.files.items()
                if (f.in_others if group.parent else f.in_root)}

    def state(self, world: World, parent: Group | None) -> Any:
        """What is kept for a new group, or for the root of a hierarchy."""

    def read(self, world: World, group: Group, name: str) -> str:
        """What a file of kind "text" holds."""
        raise NotImplementedError

    def write(self, world: World, group: Group, name: str, text: str) -> None:
        """@text has no blanks around it."""
        raise NotImplementedError

    def can_move(self, world: World, task: Task, group: Group, writer: Cred) -> None:
        """May the task come to the group?"""

    def moved(self, world: World, task: Task, group: Group) -> None:
        """The task has come to the group."""

    def can_bear(self, world: World, group: Group) -> None:
        """May a task be born in the group?"""

    def born(self, world: World, group: Group) -> None:
        """A task was born in the group."""
