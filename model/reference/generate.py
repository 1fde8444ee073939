# SPDX-License-Identifier: GPL-2.0
"""Random operations, most of which can succeed in the world as it is."""

from __future__ import annotations

import random
import re
from collections import deque
from typing import Callable, Iterable

from .controllers import CONTROLLERS
from .machine import CPUS, NODES, REMOVABLE
from .tasks import Task
from .text import list_of
from .tree import OLD_NAMES, WRITE, Group
from .world import World

NAMES = ("a", "b", "c", "d", "e")
ODD_NAMES = ("x y", "\xc3\xa0", "\xa0", "x:y", "x\ny", "\x7f", "\x01", "...", "n" * 255, "n" * 256, "tasks", "cpus",
             "subsystems", "%", "a,b", "\\040", *OLD_NAMES)
HIERARCHIES = ("jobs", "spare", "cpuset", "debug", "births,debug", "cpuacct", "cpuset,debug", "debug2,cpuacct", "pids", "cpu")
MODES = (0o755, 0o755, 0o775, 0o777, 0o700, 0o711, 0o555, 0o333, 0o000)
FILE_MODES = (0o644, 0o644, 0o664, 0o666, 0o600, 0o444, 0o222, 0o000)
OWNERS = (0, 1000, 1001)
FORKED = range(4, 14)
HANDLES = range(6)
MAX_GROUPS = 9
BAD_TEXTS = ("", "x", "-1", "12x", "0x1", "4294967297", "0\n0\n", "0\x000", "1 1", "\n", "z" * 5000)
NO_TASK = "4194303"
BAD_LISTS = ("x", "1-", "+1", "1-0", "0x3", "0,9999", "-1", "0-3:0/2", "0-3:3/2", "1:2", "99999999999999999999",
             "z" * 5000, "0\x00")
AGENTS = ("", "/none", "/x y", "/" + "p" * 4000, "/" + "p" * 5000, "/x\x00y")


def encoded(text: str) -> str:
    """Into a word of an operation."""
    return re.sub(r"[^A-Za-z0-9_.,:/@{}+-]", lambda m: f"%{ord(m[0]):02x}", text).replace("{", "%{")


def visible(files: Iterable[str]) -> list[str]:
    """Those that are not only in the file system of cpusets."""
    return [name for name in files if not name.startswith("\0")]


class Generator:
    """Draws one operation after the other; what they are depends on nothing but the seed."""

    def __init__(self, seed: int, world: World):
        self.rng = random.Random(seed)
        self.world = world
        # What has been decided already.
        self.planned: deque[str] = deque()
        self.kinds: list[tuple[int, Callable[[], str | None]]] = [
            (9, self.mkdir), (4, self.rmdir), (4, self.rename), (2, self.hierarchy), (2, self.end_hierarchy),
            (4, self.chmod), (4, self.chown), (20, self.move), (4, self.own_move), (20, self.cpuset), (5, self.flag), (5, self.other_file),
            (4, self.rebind), (6, self.read), (3, self.handle), (7, self.use_handle), (7, self.birth), (3, self.start), (6, self.death),
            (8, self.affinity), (3, self.kill), (2, self.freeze), (1, self.odd), (1, self.unshare)]

    def next(self) -> str:
        while True:
            if self.planned:
                return self.planned.popleft()
            if self.rng.random() < 0.008:
                return self.machine()
            if self.rng.random() < 0.02 and (line := self.mount()):
                return line
            if self.rng.random() < 0.003:
                self.tear_down()
                continue
            if self.rng.random() < 0.0004:
                self.chain()
                continue
            [kind] = self.rng.choices([k for _, k in self.kinds], [w for w, _ in self.kinds])
            line = kind()
            if line:
                return line

    # What there is

    def actor(self) -> Task:
        alive = [t for t in self.world.tasks.alive() if not t.kthread]
        nr = self.rng.choices(("t0", "t1", "t2", "t3", ""), (50, 8, 18, 8, 16))[0]
        return self.world.tasks.all[nr] if nr else self.rng.choice(alive)

    def line(self, verb: str, *words: object, actor: Task | None = None) -> str:
        task = actor or self.actor()
        return " ".join([task.name[1:], verb, *(encoded(str(w)) for w in words)])

    def groups(self, roots: bool = True) -> list[Group]:
        found = [g for h in self.world.tree.hierarchies.values() for g in h.root.below()]
        return [g for g in found if roots or g.parent]

    def path(self, group: Group) -> str:
        return f"/{group.root.name}{group.path if group.parent else ''}"

    def any_path(self, roots: bool = True) -> str:
        groups = self.groups(roots)
        if groups and self.rng.random() < 0.95:
            return self.path(self.rng.choice(groups))
        return f"/{self.rng.choice(HIERARCHIES)}/{self.name()}"

    def name(self) -> str:
        return self.rng.choice(NAMES if self.rng.random() < 0.93 else ODD_NAMES)

    # Directories

    def mkdir(self) -> str | None:
        if len(self.groups()) > MAX_GROUPS:
            return self.rmdir()
        mode = self.rng.choice((0o755, 0o755, 0o777, 0o700))
        return self.line("mkdir", f"{self.any_path()}/{self.name()}", f"{mode:o}")

    def rmdir(self) -> str:
        return self.line("rmdir", self.any_path(roots=self.rng.random() < 0.1))

    def rename(self) -> str:
        path = self.any_path(roots=self.rng.random() < 0.2)
        above = path.rpartition("/")[0]
        if self.rng.random() < 0.15:
            above = self.any_path()
        name = self.rng.choice(HIERARCHIES) if not above and self.rng.random() < 0.8 else self.name()
        return self.line("rename", path, f"{above}/{name}")

    def hierarchy(self) -> str | None:
        if len(self.world.tree.hierarchies) > 2 and self.rng.random() < 0.97:
            return None
        name = self.rng.choice(HIERARCHIES) if self.rng.random() < 0.95 else self.rng.choice(ODD_NAMES)
        return self.line("mkdir", f"/{name}", "755")

    def end_hierarchy(self) -> str | None:
        empty = [h for h in self.world.tree.hierarchies.values() if not h.root.children]
        if len(self.world.tree.hierarchies) < 3 and self.rng.random() < 0.7 or not empty:
            return None
        return self.line("rmdir", f"/{self.rng.choice(empty).name}")

    def chain(self) -> None:
        """As deep as can be, and one more."""
        groups = self.groups()
        if not groups:
            return
        path = self.path(self.rng.choice(groups))
        root = self.world.tasks.all["t0"]
        made = []
        for _ in range(33):
            path += "/z"
            made.append(path)
            self.planned.append(self.line("mkdir", path, "755", actor=root))
        self.planned += [self.line("rmdir", p, actor=root) for p in reversed(made)]

    def tear_down(self) -> None:
        """A hierarchy ends, whatever is in it, so that others have their turn."""
        if not self.world.tree.hierarchies:
            return
        hier = self.rng.choice(list(self.world.tree.hierarchies.values()))
        root = self.world.tasks.all["t0"]
        groups = [g for g in hier.root.below() if g.parent]
        inside = sorted(t.name for g in groups for t in g.members)
        self.planned += [self.line("write", f"/{hier.name}/tasks", "{%s}" % name, actor=root) for name in inside]
        self.planned += [self.line("rmdir", self.path(g), actor=root) for g in reversed(groups)]
        self.planned.append(self.line("rmdir", f"/{hier.name}", actor=root))

    # Modes and owners

    def _entry(self) -> tuple[str, bool]:
        """A path, and whether it is a directory."""
        groups = self.groups()
        if not groups or self.rng.random() < 0.03:
            return self.rng.choice((("/", True), ("/subsystems", False), ("/errors", False)))
        group = self.rng.choice(groups)
        if self.rng.random() < 0.4:
            return self.path(group), True
        names = [*visible(group.files), *("tasks", "procs") * 4]
        return f"{self.path(group)}/{self.rng.choice(names)}", False

    def chmod(self) -> str:
        path, directory = self._entry()
        return self.line("chmod", path, f"{self.rng.choice(MODES if directory else FILE_MODES):o}")

    def chown(self) -> str:
        owner = self.rng.choice(OWNERS)
        return self.line("chown", self._entry()[0], owner, owner if self.rng.random() < 0.7 else self.rng.choice(OWNERS))

    # Files

    def blanks(self, text: str) -> str:
        return text + "\n" if self.rng.random() < 0.7 else self.rng.choice((text, f" {text}\t", f"{text}\r\n"))

    def file_of(self, *names: str) -> str | None:
        """The path of such a file."""
        groups = [g for g in self.groups() if any(n in g.files for n in names)]
        if not groups:
            return None
        group = self.rng.choice(groups)
        return f"{self.path(group)}/{self.rng.choice([n for n in names if n in group.files])}"

    def text_write(self, path: str | None, text: str, actor: Task | None = None) -> str | None:
        return self.line("write", path, text, actor=actor) if path else None

    def some_task(self) -> str:
        choice = self.rng.random()
        if choice < 0.1:
            return "0"
        if choice < 0.13:
            return self.rng.choice(("{kthread}", "{bound}", "2", NO_TASK))
        if choice < 0.15:
            return self.rng.choice(BAD_TEXTS)
        return "{%s}" % self.rng.choice([t for t in self.world.tasks.all if t != "kthread"])

    def move(self) -> str | None:
        """Half of them to cpusets that can take tasks."""
        path = self.file_of("tasks", "procs")
        ready = [g for g in self.groups(roots=False) if "cpuset" in g.states and g.states["cpuset"].mems]
        if ready and self.rng.random() < 0.5:
            path = f"{self.path(self.rng.choice(ready))}/{self.rng.choice(('tasks', 'procs'))}"
        return self.text_write(path, self.blanks(self.some_task()))

    def own_move(self) -> str | None:
        """A user moves his task, or one that was his or will be, to where he may."""
        user = self.world.tasks.all[self.rng.choice(("t2", "t3"))]
        groups = [g for g in self.groups() if g.files["tasks"].allows(user.cred, WRITE)]
        ids = [t for t in self.world.tasks.alive() if user.cred.uid in (t.cred.real, t.cred.uid, t.cred.saved)]
        mixed = [t for t in ids if t.cred.real != t.cred.saved]
        if not groups:
            return None
        task = self.rng.choice(mixed if mixed and self.rng.random() < 0.7 else ids)
        return self.text_write(f"{self.path(self.rng.choice(groups))}/tasks", "{%s}" % task.name, actor=user)

    def bits(self, size: int) -> str:
        if self.rng.random() < 0.04:
            return self.rng.choice(BAD_LISTS)
        chosen = [n for n in range(size) if self.rng.random() < 0.6]
        if self.rng.random() < 0.2:
            first = self.rng.randrange(size)
            return self.rng.choice((f"{first}-{size - 1}", f"0-{first}", f"0-{size - 1}:1/2", ""))
        return ",".join(str(n) for n in chosen)

    def cpuset(self) -> str | None:
        """Mostly to those that have nothing to lose, or much to gain."""
        groups = [g for g in self.groups() if "cpuset" in g.states]
        if not groups:
            return None
        group = self.rng.choice(groups)
        cpus = self.rng.random() < 0.6
        text = self.bits(CPUS) if cpus else self.bits(NODES + 1)
        name = "cpus" if cpus else "mems"
        if self.rng.random() < 0.5 and group.parent:
            # All or most of what the group above has.
            above = getattr(group.parent.states["cpuset"], name) if group.parent.parent else getattr(
                self.world.machine, name)
            text = list_of(above & (self.rng.randrange(16) | self.rng.randrange(16)))
        # The kernel's own memory is never on that node: who forks there kills somebody for it.
        if not cpus and text in (f"{REMOVABLE}", f"{REMOVABLE}-{REMOVABLE}"):
            text = f"{REMOVABLE - 1}-{REMOVABLE}"
        actor = self.world.tasks.all["t0"] if self.rng.random() < 0.6 else None
        return self.line("write", f"{self.path(group)}/{name}", self.blanks(text), actor=actor)

    def flag(self) -> str | None:
        names = [n for n in visible(CONTROLLERS["cpuset"].files) if n not in ("cpus", "mems")]
        names += ["cpu_exclusive", "mem_exclusive"] * 3
        text = self.rng.choice(("0", "0", "1", "1", "1", "2", "-1", "99", "-2", ""))
        return self.text_write(self.file_of(*names), self.blanks(text))

    def other_file(self) -> str | None:
        files = {name: f for c in CONTROLLERS.values() if c.name != "cpuset" for name, f in c.files.items()}
        path = self.file_of("notify_on_release", "notify_on_release", "release_agent", "events", *files)
        name = path.rpartition("/")[2] if path else ""
        if name == "release_agent":
            return self.text_write(path, self.rng.choice(AGENTS))
        texts = files[name].texts if name in files else ()
        if texts and self.rng.random() < 0.8:
            return self.text_write(path, self.blanks(self.rng.choice(texts)))
        return self.text_write(path, self.blanks(self.rng.choice(("0", "1", "1", *BAD_TEXTS))))

    def rebind(self) -> str | None:
        names = [n for n in CONTROLLERS if self.rng.random() < 0.3]
        if self.rng.random() < 0.08:
            names.append("tape")
        return self.text_write(self.file_of("subsystems"), self.blanks(self.rng.choice((",", " ")).join(names)))

    def read(self) -> str | None:
        path, _ = self._entry()
        return self.line("read", path)

    def handle(self) -> str | None:
        groups = self.groups()
        free = [n for n in HANDLES if n not in self.world.handles]
        if not groups or not free:
            return None
        group = self.rng.choice(groups)
        names = [*(n for n in visible(group.files) if n not in ("kill", "freeze")), *("tasks", "procs") * 6, *("events",) * 8]
        return self.line("open", f"{self.path(group)}/{self.rng.choice(names)}", self.rng.choice((0, 1, 1)), free[0])

    def use_handle(self) -> str | None:
        if not self.world.handles:
            return None
        nr = self.rng.choice(list(self.world.handles))
        handle = self.world.handles[nr]
        if self.rng.random() < 0.15:
            return self.line("close", nr)
        if handle.name == "events" and self.rng.random() < 0.6:
            return self.line("poll", nr)
        if not handle.writable or self.rng.random() < 0.2:
            return self.line("get", nr)
        text = self.some_task() if handle.name in ("tasks", "procs") else self.rng.choice(("0", "1", "0-1", ""))
        return self.line("put", nr, text)

    def mount(self) -> str | None:
        """The file system of cpusets: it is mounted, or used in ways in which no other can be, or goes."""
        bound, mounted = self.world.bound("cpuset"), self.world.tree.mounted
        if not mounted:
            taken = not bound and "cpuset" in self.world.tree.hierarchies
            return None if taken or len(self.world.tree.hierarchies) > 3 else "- mount"
        if bound is not mounted or self.rng.random() < 0.1:
            return "- umount"
        group = self.rng.choice(list(bound.root.below()))
        path = "@" + ("" if not group.parent else group.path)
        choice = self.rng.random()
        if choice < 0.4:
            return self.line("write", f"{path}/cgroup.clone_children", self.blanks(self.rng.choice("0112")))
        if choice < 0.6:
            return self.line("write", f"{path}/cgroup.procs", self.blanks(self.some_task()))
        if choice < 0.8:
            return self.line("read", f"{path}/{self.rng.choice(('cgroup.clone_children', 'cpus', 'procs'))}")
        return self.line("mkdir", f"{path}/{self.name()}", "755")

    # Tasks

    def birth(self) -> str | None:
        free = [n for n in FORKED if f"t{n}" not in self.world.tasks.all]
        if not free:
            return self.death()
        others = [t for t in self.world.tasks.alive() if t.name not in ("t0", "t1", "t2", "t3", "kthread")]
        if others and self.rng.random() < 0.5:
            return self.line("thread", free[0], actor=self.rng.choice(others))
        if self.rng.random() < 0.25:
            self.planned.append(f"{free[0]} setuid {' '.join(str(self.rng.choice(OWNERS)) for _ in range(3))}")
        inside = [t for t in self.world.tasks.alive() if t.groups and not t.kthread]
        parent = self.rng.choice(inside) if inside and self.rng.random() < 0.5 else None
        return self.line("fork", free[0], actor=parent)

    def start(self) -> str | None:
        """A birth in another group."""
        free = [n for n in FORKED if f"t{n}" not in self.world.tasks.all]
        if not free:
            return self.death()
        if self.rng.random() < 0.05:
            path, _ = self._entry()
            return self.line("start", path, free[0])
        return self.line("start", self.any_path(), free[0])

    def death(self) -> str | None:
        others = [t for t in self.world.tasks.all.values() if t.name not in ("t0", "t1", "t2", "t3", "kthread")]
        if not others:
            return None
        task = self.rng.choice(others)
        nr = task.process.name[1:]
        if task.zombie and not self.world.tasks.threads(task):
            return f"- reap {nr}"
        if task.zombie or self.rng.random() < 0.4:
            return f"- kill {nr}"
        return self.line("exit", actor=task)

    def kill(self) -> str | None:
        """Not those whom the agent needs, nor who does it."""
        path = self.file_of("kill")
        if not path:
            return None
        actor = self.actor()
        group = next(g for g in self.groups() if self.path(g) == path.rpartition("/")[0])
        inside = {t.process for g in group.below() for t in g.members}
        needed = {self.world.tasks.all[f"t{n}"] for n in range(4)} | {actor.process}
        text = self.rng.choice(("0", "2", *BAD_TEXTS)) if inside & needed or self.rng.random() < 0.1 else "1"
        return self.text_write(path, self.blanks(text), actor=actor)

    def freeze(self) -> str | None:
        """For a moment, where nobody is: who is frozen does nothing."""
        path = self.file_of("freeze")
        if not path:
            return None
        group = next(g for g in self.groups() if self.path(g) == path.rpartition("/")[0])
        if any(g.members for g in group.below()) or self.rng.random() < 0.2:
            return self.text_write(path, self.blanks(self.rng.choice(("0", "2", *BAD_TEXTS))))
        root = self.world.tasks.all["t0"]
        above = self.path(group)
        self.planned += [self.line("mkdir", f"{above}/{self.name()}", "755", actor=root),
                         self.line("read", f"{above}/events", actor=root),
                         self.line("write", path, "0", actor=root)]
        return self.text_write(path, self.blanks("1"), actor=root)

    def affinity(self) -> str | None:
        alive = [t.name for t in self.world.tasks.alive() if not t.kthread]
        return self.line("affinity", "{%s}" % self.rng.choice(alive), f"{self.rng.randrange(1 << CPUS):x}")

    def unshare(self) -> str:
        return self.line("unshare")

    def odd(self) -> str:
        path, directory = self._entry()
        if self.rng.random() < 0.5:
            return self.line("unlink", path)
        return self.line("create", f"{path}/{self.name()}" if directory else path)

    def machine(self) -> str:
        """A CPU or the node goes or comes."""
        if self.rng.random() < 0.2:
            return f"- node {REMOVABLE} {0 if self.world.machine.mems >> REMOVABLE & 1 else 1}"
        cpu = self.rng.randrange(1, CPUS)
        return f"- cpu {cpu} {0 if self.world.machine.cpus >> cpu & 1 else 1}"
