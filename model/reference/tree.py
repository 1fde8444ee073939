# SPDX-License-Identifier: GPL-2.0
"""Directories, files, and who may do what with them, as in any file system."""

from __future__ import annotations

from dataclasses import dataclass, field
from errno import EACCES, EEXIST, ENAMETOOLONG, ENOENT, ENOTDIR
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tasks import Task

READ, WRITE, SEARCH = 4, 2, 1
NAME_MAX = 255
# What files are called in the file system of cpusets, and there alone; here, they begin with a NUL.
OLD_PROCS = "\0procs"
OLD_NAMES = {"cgroup.procs": OLD_PROCS, "cgroup.clone_children": "\0clone_children"}
MAX_DEPTH = 32
TOP_FILES = ("subsystems", "errors")


class Refused(Exception):
    """An operation fails with one of these errnos: more than one where it has more than one mistake."""

    def __init__(self, *errnos: int):
        super().__init__(*errnos)
        self.errnos = frozenset(errnos)


def need(condition: bool, *errnos: int) -> None:
    if not condition:
        raise Refused(*errnos)


@dataclass(frozen=True)
class Cred:
    """A user. Of capabilities there are none (0), all but CAP_SYS_ADMIN (1), or all (2)."""

    # The effective ids, which are those that files go by.
    uid: int
    gid: int
    real: int
    saved: int
    permitted: int = 0
    effective: int = 0

    @property
    def capable(self) -> bool:
        return self.effective > 0

    @property
    def admin(self) -> bool:
        return self.effective > 1

    def may_signal(self, other: Cred) -> bool:
        return self.capable or bool({self.uid, self.real} & {other.real, other.saved})

    def setresuid(self, real: int, uid: int, saved: int) -> Cred:
        """As capabilities(7) has it."""
        permitted, effective = self.permitted, self.effective
        if 0 in (self.real, self.uid, self.saved) and 0 not in (real, uid, saved):
            permitted = effective = 0
        if self.uid == 0 and uid != 0:
            effective = 0
        elif self.uid != 0 and uid == 0:
            effective = permitted
        return Cred(uid, self.gid, real, saved, permitted, effective)


@dataclass
class Entry:
    """Mode and owner of a directory or file."""

    mode: int
    uid: int
    gid: int

    def allows(self, cred: Cred, want: int) -> bool:
        if cred.capable:
            return True
        shift = 6 if cred.uid == self.uid else 3 if cred.gid == self.gid else 0
        return (self.mode >> shift) & want == want

    def chmod(self, cred: Cred, mode: int, eperm: int) -> None:
        need(cred.capable or cred.uid == self.uid, eperm)
        self.mode = mode

    def chown(self, cred: Cred, uid: int, gid: int, eperm: int) -> None:
        mine = cred.uid == self.uid == uid and gid in (cred.gid, self.gid)
        need(cred.capable or mine, eperm)
        self.uid, self.gid = uid, gid


@dataclass(eq=False)
class Group:
    """A directory: a group, or for a hierarchy its root."""

    name: str
    parent: Group | None
    entry: Entry
    files: dict[str, Entry] = field(default_factory=dict)
    children: dict[str, Group] = field(default_factory=dict)
    members: set[Task] = field(default_factory=set)
    notify: int = 0
    freeze: int = 0
    dead: bool = False
    # What controllers keep, by their names.
    states: dict = field(default_factory=dict)
    # How often it has become populated or empty.
    changes: int = 0

    @property
    def depth(self) -> int:
        return self.parent.depth + 1 if self.parent else 0

    @property
    def path(self) -> str:
        """As in /proc/PID/rc."""
        if not self.parent:
            return "/"
        above = self.parent.path
        return f"{above}/{self.name}" if above != "/" else f"/{self.name}"

    @property
    def root(self) -> Group:
        return self.parent.root if self.parent else self

    @property
    def populated(self) -> bool:
        return not self.parent or bool(self.members) or any(c.populated for c in self.children.values())

    @property
    def frozen(self) -> bool:
        """To be, which it is when all have stopped."""
        return any(g.freeze for g in self.line())

    @property
    def events(self) -> tuple[bool, bool]:
        return self.populated, self.frozen

    def line(self):
        """This group and those above it, without the root."""
        group = self
        while group.parent:
            yield group
            group = group.parent

    def below(self):
        """This group and all below it, parents first."""
        yield self
        for child in self.children.values():
            yield from child.below()


@dataclass(eq=False)
class Hierarchy:
    """A tree of groups, and the controllers bound to it, in the order of their ids."""

    name: str
    root: Group
    controllers: list[str] = field(default_factory=list)
    agent: str = ""


@dataclass
class Place:
    """Where a path leads: @dir is where its last name is; @group or @file is what has it, if anything.

    Hierarchies are in the directory None.
    """

    dir: Group | None
    name: str
    group: Group | None = None
    file: Entry | None = None
    # /proc/rc itself, whose entry is @file.
    top: bool = False

    @property
    def is_dir(self) -> bool:
        return self.group is not None or self.top

    @property
    def exists(self) -> bool:
        return self.group is not None or self.file is not None

    @property
    def taken(self) -> bool:
        """By what is there, or by a file that only the file system of cpusets shows."""
        return self.exists or self.dir is not None and OLD_NAMES.get(self.name) in self.dir.files


class Tree:
    """All of /proc/rc."""

    def __init__(self) -> None:
        self.entry = Entry(0o755, 0, 0)
        self.files = {name: Entry(0o444, 0, 0) for name in TOP_FILES}
        self.hierarchies: dict[str, Hierarchy] = {}
        # What the file system of cpusets shows, where it is mounted: paths there begin with "@".
        self.mounted: Hierarchy | None = None

    def directory(self, group: Group | None) -> Entry:
        return group.entry if group else self.entry

    def _lookup(self, cred: Cred, at: Group | None, name: str) -> Place:
        need(self.directory(at).allows(cred, SEARCH), EACCES)
        need(len(name) <= NAME_MAX, ENAMETOOLONG)
        if at is None:
            hier = self.hierarchies.get(name)
            return Place(at, name, hier.root if hier else None, self.files.get(name))
        return Place(at, name, at.children.get(name), at.files.get(name))

    def find(self, cred: Cred, path: str) -> Place:
        """Where @path leads; everything but its last name has to be there."""
        at = self._mounted_root() if path.startswith("@") else None
        *above, name = path.strip("@/").split("/")
        if path.startswith("@") and name in OLD_NAMES:
            name = OLD_NAMES[name]
        for step in above:
            place = self._lookup(cred, at, step)
            need(place.exists, ENOENT)
            need(place.group is not None, ENOTDIR)
            at = place.group
        if not name and at is None:
            return Place(None, "", file=self.entry, top=True)
        return self._lookup(cred, at, name)

    def _mounted_root(self) -> Group:
        need(self.mounted is not None, ENOENT)
        if self.mounted not in self.hierarchies.values() or "cpuset" not in self.mounted.controllers:
            # The guide does not say what a mount shows whose hierarchy has gone.
            raise Refused(*range(1, 134))
        return self.mounted.root

    def existing(self, cred: Cred, path: str) -> Place:
        place = self.find(cred, path)
        need(place.exists, ENOENT)
        return place

    def entry_of(self, place: Place) -> Entry:
        return place.group.entry if place.group else place.file

    def may_change(self, cred: Cred, at: Group | None) -> None:
        """Making, removing and renaming what is in a directory."""
        need(self.directory(at).allows(cred, WRITE | SEARCH), EACCES)

    def new_name(self, cred: Cred, place: Place) -> None:
        """May something get this name?"""
        need(not place.taken, EEXIST)
        self.may_change(cred, place.dir)

    def hierarchy_of(self, group: Group) -> Hierarchy:
        root = group.root
        return next(h for h in self.hierarchies.values() if h.root is root)


def control(name: str) -> bool:
    return any(c < " " or c == "\x7f" for c in name)
