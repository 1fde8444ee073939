# SPDX-License-Identifier: GPL-2.0
"""The reference: what the user guide promises of each operation.

World.do() takes the operations of the agent (see model/guest), one line each, and
says with which errno they end, and what was read; show.py says what is to be seen
after that.  Written from the guide, and where it leaves the order of two errors
open, both are right.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from errno import (EACCES, EBADF, EBUSY, ECHILD, EEXIST, EINVAL, EISDIR, ENODEV, ENOENT, ENOSPC, ENOTDIR, ENOTEMPTY, EPERM,
                   ESRCH)

from .controllers import CONTROLLERS
from .corefiles import UNREADABLE, CoreFiles
from .machine import Machine
from .moves import Moves
from .show import contents
from .tasks import ROOT, Task, Tasks
from .tree import MAX_DEPTH, OLD_PROCS, READ, SEARCH, WRITE, Cred, Entry, Group, Hierarchy, Place, Refused, Tree, control, need

MAX_HIERARCHIES = 8
OK = frozenset({0})


@dataclass
class Handle:
    """An open file."""

    group: Group | None
    name: str
    opener: Cred
    writable: bool
    # What was opened: another file can have its name since.
    entry: Entry
    # Of an events file: how often that had changed at the last look.
    changes: int = 0


@dataclass
class Result:
    """What an operation comes to: one of these errnos, and what was read (None: whatever)."""

    errnos: frozenset[int] = OK
    text: str | None = None


@dataclass
class World:
    """Everything."""

    tree: Tree = field(default_factory=Tree)
    tasks: Tasks = field(default_factory=Tasks)
    machine: Machine = field(default_factory=Machine)
    handles: dict[int, Handle] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.moves = Moves(self)
        self.core = CoreFiles(self)

    def bound(self, controller: str) -> Hierarchy | None:
        return next((h for h in self.tree.hierarchies.values() if controller in h.controllers), None)

    def do(self, line: str) -> Result:
        before = self._populated()
        result = self._do(line)
        for group, state in before.items():
            group.changes += group.events != state
        return result

    def _populated(self) -> dict[Group, tuple[bool, bool]]:
        return {g: g.events for h in self.tree.hierarchies.values() for g in h.root.below()}

    def _do(self, line: str) -> Result:
        actor, verb, *words = line.split(" ")
        words = [self._decode(w) for w in words]
        if actor == "-":
            return self._agent(verb, words)
        task = self.tasks.all.get(f"t{actor}")
        if task is None or task.zombie:
            return Result(frozenset({ECHILD}))
        try:
            text = getattr(self, f"do_{verb}")(task, *words)
        except Refused as refused:
            return Result(refused.errnos)
        return Result(OK, text)

    def _decode(self, word: str) -> str:
        """%41 is a byte; names of tasks stay as they are."""
        return re.sub(r"%([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), word.replace("%{", "{"))

    # Operations of the agent itself

    def _agent(self, verb: str, words: list[str]) -> Result:
        numbers = [int(w) for w in words]
        try:
            getattr(self, f"agent_{verb}")(*numbers)
        except Refused as refused:
            return Result(refused.errnos)
        return Result()

    def agent_kill(self, nr: int) -> None:
        task = self.tasks.all.get(f"t{nr}")
        need(task is not None, ESRCH)
        for thread in [t for t in self.tasks.all.values() if t.process is task.process]:
            self._end(thread)

    def agent_reap(self, nr: int) -> None:
        task = self.tasks.all.get(f"t{nr}")
        need(task is not None and task.zombie and not self.tasks.threads(task), ECHILD)
        del self.tasks.all[task.name]

    def agent_cpu(self, nr: int, on: int) -> None:
        self.machine.cpus = self.machine.cpus | 1 << nr if on else self.machine.cpus & ~(1 << nr)
        CONTROLLERS["cpuset"].cpu_gone(self)

    def agent_node(self, nr: int, on: int) -> None:
        self.machine.mems = self.machine.mems | 1 << nr if on else self.machine.mems & ~(1 << nr)

    def agent_mount(self) -> None:
        """mount -t cpuset; it makes the hierarchy if there is none."""
        need(self.tree.mounted is None, EBUSY)
        if self.bound("cpuset") is None:
            self._new_hierarchy(ROOT, "cpuset", 0o755, ["cpuset"]).agent = "/sbin/cpuset_release_agent"
        self.tree.mounted = self.bound("cpuset")

    def agent_umount(self) -> None:
        need(self.tree.mounted is not None, EINVAL)
        self.tree.mounted = None

    def _end(self, task: Task) -> None:
        """A leader stays as a zombie until it is waited for."""
        if task.zombie:
            return
        self.moves.leave(task)
        task.zombie = True
        if task.leader:
            del self.tasks.all[task.name]

    # Tasks

    def do_fork(self, parent: Task, nr: str, thread: bool = False, into: Group | None = None) -> None:
        need(f"t{nr}" not in self.tasks.all, EEXIST)
        hier = self.tree.hierarchy_of(into) if into else None
        groups = [(CONTROLLERS[c], into if h is hier else parent.group(h))
                  for h in self.tree.hierarchies.values() for c in h.controllers]
        groups.sort(key=lambda pair: list(CONTROLLERS.values()).index(pair[0]))
        for controller, group in groups:
            controller.can_bear(self, group)
        for controller, group in groups:
            controller.born(self, group)
        child = self.tasks.add(f"t{nr}", parent, thread)
        for group in child.groups.values():
            group.members.add(child)
        if into and child.group(hier) is not into:
            self.moves.carry(child, into)

    def do_start(self, parent: Task, path: str, nr: str) -> None:
        """clone3(2) with a descriptor of a group: the child is judged as if its parent put it there."""
        cred = parent.cred
        need(f"t{nr}" not in self.tasks.all, EEXIST)
        place = self.tree.existing(cred, path)
        need(place.is_dir, ENOTDIR)
        need(self.tree.entry_of(place).allows(cred, READ), EACCES)
        need(place.group is not None, EBADF)
        need(place.group.entry.allows(cred, SEARCH), EACCES)
        need(place.group.files["procs"].allows(cred, WRITE), EACCES)
        self.moves.may_start(parent, place.group)
        self.do_fork(parent, nr, into=place.group)

    def do_thread(self, parent: Task, nr: str) -> None:
        self.do_fork(parent, nr, thread=True)

    def do_exit(self, task: Task) -> None:
        self._end(task)

    def do_unshare(self, task: Task) -> None:
        """A task's groups stay; it takes a capability."""
        need(task.cred.admin, EPERM)

    def do_setuid(self, task: Task, real: str, uid: str, saved: str) -> None:
        ids = int(real), int(uid), int(saved)
        need(task.cred.capable or all(i in (task.cred.real, task.cred.uid, task.cred.saved) for i in ids), EPERM)
        task.cred = task.cred.setresuid(*ids)

    def do_affinity(self, task: Task, target: str, mask: str) -> None:
        other = self.moves.by_id(task, target)
        need(other is not None, ESRCH)
        need(task.cred.capable or task.cred.uid in (other.cred.uid, other.cred.real), EPERM)
        need(task.cred.capable or other.cred.permitted <= task.cred.permitted, EPERM)
        CONTROLLERS["cpuset"].ask(self, other, int(mask, 16))

    # Directories

    def _files(self, cred: Cred, names: dict[str, int]) -> dict[str, Entry]:
        return {name: Entry(mode, cred.uid, cred.gid) for name, mode in names.items()}

    def _new_group(self, cred: Cred, name: str, parent: Group | None, mode: int, controllers: list[str]) -> Group:
        group = Group(name, parent, Entry(mode & 0o755, cred.uid, cred.gid))
        group.notify = parent.notify if parent else 0
        group.files = self._files(cred, self.core.files_of(group))
        for controller in controllers:
            group.states[controller] = CONTROLLERS[controller].state(self, parent)
            group.files |= self._files(cred, CONTROLLERS[controller].files_of(group))
        return group

    def do_mkdir(self, task: Task, path: str, mode: str) -> None:
        place = self.tree.find(task.cred, path)
        self.tree.new_name(task.cred, place)
        name = place.name
        if place.dir is None:
            need(task.cred.admin, EPERM)
            need(not self._bad_hierarchy(name), EINVAL)
            controllers = self.controllers(name.split(",")) if all(n in CONTROLLERS for n in name.split(",")) else []
            self._new_hierarchy(task.cred, name, int(mode, 8), controllers)
            return
        need(not control(name), EINVAL)
        need(place.dir.depth < MAX_DEPTH, ENOSPC)
        hier = self.tree.hierarchy_of(place.dir)
        place.dir.children[name] = self._new_group(task.cred, name, place.dir, int(mode, 8), hier.controllers)

    def _new_hierarchy(self, cred: Cred, name: str, mode: int, controllers: list[str]) -> Hierarchy:
        need(all(self.bound(c) is None for c in controllers), EBUSY)
        need(len(self.tree.hierarchies) < MAX_HIERARCHIES, ENOSPC)
        need(name not in self.tree.hierarchies, EEXIST)
        hier = Hierarchy(name, self._new_group(cred, name, None, mode, controllers), controllers)
        self.tree.hierarchies[name] = hier
        return hier

    def controllers(self, names: list[str]) -> list[str]:
        """In the order of their ids."""
        return [c for c in CONTROLLERS if c in names]

    def _bad_hierarchy(self, name: str) -> bool:
        return control(name) or any(c in ": " for c in name)

    def do_rmdir(self, task: Task, path: str) -> None:
        place = self.tree.existing(task.cred, path)
        self.tree.may_change(task.cred, place.dir)
        need(place.group is not None, ENOTDIR)
        group = place.group
        need(place.dir is not None or task.cred.admin, EPERM)
        need(not group.children and not group.members, EBUSY)
        group.dead = True
        if place.dir is None:
            del self.tree.hierarchies[place.name]
        else:
            del place.dir.children[place.name]

    def do_rename(self, task: Task, path: str, to: str) -> None:
        cred = task.cred
        parts, to_parts = path.strip("/").split("/"), to.strip("/").split("/")
        old, new = self._both(cred, path, to)
        need(old.exists, ENOENT)
        need(not (len(to_parts) > len(parts) and to_parts[:len(parts)] == parts), EINVAL)
        need(not (len(to_parts) < len(parts) and parts[:len(to_parts)] == to_parts), ENOTEMPTY)
        if parts == to_parts:
            return
        self.tree.may_change(cred, old.dir)
        self.tree.may_change(cred, new.dir)
        if old.group:
            need(new.file is None, ENOTDIR)
        else:
            need(new.group is None, EISDIR)
        across = old.dir is not new.dir
        if across and old.group:
            need(old.group.entry.allows(cred, WRITE), EACCES)
        self._rename_within(cred, old, new, across)

    def _both(self, cred: Cred, path: str, to: str) -> tuple[Place, Place]:
        """The directories of both are looked for before their names are."""
        for where in (path, to):
            above = where.strip("/").rpartition("/")[0]
            if above:
                need(self.tree.existing(cred, above).group is not None, ENOTDIR)
        old = self.tree.find(cred, path)
        need(old.exists, ENOENT)
        new = self.tree.find(cred, to)
        need(new.exists or not new.taken, EEXIST)
        return old, new

    def _rename_within(self, cred: Cred, old: Place, new: Place, across: bool) -> None:
        wrong = set()
        if old.group is None or across:
            wrong.add(EPERM)
        if old.dir is None and not cred.admin:
            wrong.add(EPERM)
        if new.taken:
            wrong.add(EEXIST)
        if control(new.name) or new.dir is None and self._bad_hierarchy(new.name):
            wrong.add(EINVAL)
        need(not wrong, *wrong)
        siblings = old.dir.children if old.dir else None
        if siblings is None:
            # The order of hierarchies is that of their birth.
            old.group.name = new.name
            self.tree.hierarchies = {h.root.name: h for h in self.tree.hierarchies.values()}
            self.tree.hierarchies[new.name].name = new.name
        else:
            # So is that of groups.
            old.group.name = new.name
            old.dir.children = {c.name: c for c in siblings.values()}

    # Any entry

    def do_chmod(self, task: Task, path: str, mode: str) -> None:
        place = self.tree.existing(task.cred, path)
        self.tree.entry_of(place).chmod(task.cred, int(mode, 8), EPERM)

    def do_chown(self, task: Task, path: str, uid: str, gid: str) -> None:
        place = self.tree.existing(task.cred, path)
        self.tree.entry_of(place).chown(task.cred, int(uid), int(gid), EPERM)

    def do_unlink(self, task: Task, path: str) -> None:
        place = self.tree.existing(task.cred, path)
        need(not place.top, EISDIR)
        self.tree.may_change(task.cred, place.dir)
        raise Refused(EISDIR if place.group else EPERM)

    def do_create(self, task: Task, path: str) -> None:
        place = self.tree.find(task.cred, path)
        raise Refused(EEXIST if place.taken else EACCES)

    # Files

    def kill(self, group: Group, opener: Cred) -> None:
        """All that the opener may signal, with their processes."""
        inside = [t for g in group.below() for t in g.members if not t.kthread]
        killed = [t for t in inside if opener.may_signal(t.cred)]
        need(bool(killed) or not inside, EACCES)
        for process in {t.process for t in killed}:
            for thread in self.tasks.threads(process):
                self._end(thread)

    def _open(self, cred: Cred, path: str, want: int) -> Handle:
        place = self.tree.existing(cred, path)
        need(not place.is_dir or want == READ, EISDIR)
        need(self.tree.entry_of(place).allows(cred, want), EACCES)
        need(not place.is_dir, EISDIR)
        # It does what procs does, with a mode and an owner of its own.
        name = "procs" if place.name == OLD_PROCS else place.name
        return Handle(place.dir, name, cred, bool(want & WRITE), place.file, place.dir.changes if place.dir else 0)

    def do_write(self, task: Task, path: str, text: str) -> None:
        self._write(task, self._open(task.cred, path, WRITE), text)

    def do_read(self, task: Task, path: str) -> str | None:
        handle = self._open(task.cred, path, READ)
        need(handle.name not in UNREADABLE, EINVAL)
        return contents(self, handle.group, handle.name)

    def do_open(self, task: Task, path: str, mode: str, nr: str) -> None:
        want = READ | WRITE if int(mode) else READ
        handle = self._open(task.cred, path, want)
        need(int(nr) not in self.handles, EEXIST)
        self.handles[int(nr)] = handle

    def do_put(self, task: Task, nr: str, text: str) -> None:
        handle = self._handle(nr)
        need(handle.writable, EBADF)
        self._write(task, handle, text)

    def do_get(self, task: Task, nr: str) -> str | None:
        handle = self._handle(nr)
        need(not self._gone(handle), ENODEV)
        handle.changes = handle.group.changes if handle.group else 0
        return contents(self, handle.group, handle.name)

    def do_poll(self, task: Task, nr: str) -> str | None:
        """Is there news in events?"""
        handle = self._handle(nr)
        if handle.name != "events":
            return None
        return "news" if handle.group.dead or handle.group.changes != handle.changes else ""

    def do_close(self, task: Task, nr: str) -> None:
        self._handle(nr)
        del self.handles[int(nr)]

    def _handle(self, nr: str) -> Handle:
        need(int(nr) in self.handles, EBADF)
        return self.handles[int(nr)]

    def _gone(self, handle: Handle) -> bool:
        """The group, or the controller whose file it is."""
        return handle.group is not None and (
            handle.group.dead or not any(e is handle.entry for e in handle.group.files.values()))

    def _write(self, task: Task, handle: Handle, text: str) -> None:
        if self._gone(handle):
            raise Refused(*self._wrong_anyway(task, handle, text), ENODEV)
        self.core.write(task, handle.group, handle.name, text, handle.opener)

    def _wrong_anyway(self, task: Task, handle: Handle, text: str) -> frozenset[int]:
        """What a write to a group that is gone could have been told as well."""
        return self.core.text_errors(handle.name, text)
