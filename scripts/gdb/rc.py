# SPDX-License-Identifier: GPL-2.0
"""Resource control groups in gdb, on a kernel that make run GDB=1 has stopped.

rc-groups       hierarchies, their groups, and what each holds
rc-task PID     a task's proxy and its groups

Reads memory only; a root group has no list of its own, so only groups below it
say how many homes, see the head of kernel/rc/home.c, and tasks they hold.
"""

import gdb


def pointer_to(name):
    return gdb.lookup_type(name).pointer()


def container_of(ptr, kind, member):
    kind = gdb.lookup_type(kind)
    offset = next(f.bitpos // 8 for f in kind.fields() if f.name == member)
    return (ptr.cast(gdb.lookup_type("char").pointer()) - offset).cast(kind.pointer())


def walk_list(head, kind, member):
    """The entries of a struct list_head."""
    node = head["next"]
    while node != head.address:
        yield container_of(node, kind, member)
        node = node["next"]


def walk_tree(node, kind, member):
    """The entries of an rb_root in their order, from its top node."""
    if node:
        yield from walk_tree(node["rb_left"], kind, member)
        yield container_of(node, kind, member)
        yield from walk_tree(node["rb_right"], kind, member)


def walk_hlist(head, kind, member):
    """The entries of a struct hlist_head."""
    node = head["first"]
    while node:
        yield container_of(node, kind, member)
        node = node["next"]


def proxies(grp):
    """The homes with tasks in them in a group that is not a root."""
    slot = int(grp["hier"]["id"])
    node_size = gdb.lookup_type("struct list_head").sizeof
    nsproxy = gdb.lookup_type("struct nsproxy")
    rc_at = next(f.bitpos // 8 for f in nsproxy.fields() if f.name == "rc")
    link_at = next(f.bitpos // 8 for f in gdb.lookup_type("struct rc_proxy").fields() if f.name == "link")
    char = gdb.lookup_type("char").pointer()
    node = grp["proxies"]["next"]
    while node != grp["proxies"].address:
        yield (node.cast(char) - rc_at - link_at - slot * node_size).cast(nsproxy.pointer())
        node = node["next"]


def path(grp):
    names = []
    top = gdb.parse_and_eval("&rc_top")
    while grp["parent"] != top:
        names.append(grp["name"].string())
        grp = grp["parent"]
    return "/" + "/".join(reversed(names))


def hierarchies():
    yield from walk_list(gdb.parse_and_eval("rc_hierarchies"), "struct rc_hierarchy", "node")


def controllers(mask):
    table = gdb.parse_and_eval("&__start___rc_subsys").cast(pointer_to("struct rc_subsys").pointer())
    count = int(gdb.parse_and_eval("rc_nr_subsys"))
    return ",".join(table[i]["name"].string() for i in range(count) if mask >> i & 1)


class RcGroups(gdb.Command):
    """Print hierarchies and groups: path, references, homes and tasks."""

    def __init__(self):
        super().__init__("rc-groups", gdb.COMMAND_DATA)

    def show(self, grp, is_root):
        line = f"  {path(grp):30} {grp}  refs {int(grp['ref']['refs']['counter'])}"
        if not is_root:
            held = list(proxies(grp))
            tasks = sum(1 for p in held for _ in walk_hlist(p["rc"]["tasks"], "struct task_struct", "rc_node"))
            line += f"  homes {len(held)}  tasks {tasks}"
        gdb.write(line + ("  dead\n" if grp["dead"] else "\n"))
        for child in walk_tree(grp["children"]["rb_node"], "struct rc_group", "node"):
            self.show(child, False)

    def invoke(self, argument, from_tty):
        for hier in hierarchies():
            gdb.write(f"{hier['root']['name'].string()}: slot {int(hier['id'])}, "
                      f"controllers {controllers(int(hier['subsys_mask'])) or 'none'}, "
                      f"groups {int(hier['nr_groups'])}\n")
            self.show(hier["root"].address, True)


class RcTask(gdb.Command):
    """Print a task's proxy and groups: rc-task PID (of the initial namespace)."""

    def __init__(self):
        super().__init__("rc-task", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        if not argument.isdigit():
            raise gdb.GdbError("usage: rc-task PID")
        init = gdb.parse_and_eval("&init_task")
        for leader in [init, *walk_list(init["tasks"], "struct task_struct", "tasks")]:
            for tsk in walk_list(leader["signal"]["thread_head"], "struct task_struct", "thread_node"):
                if int(tsk["pid"]) == int(argument):
                    self.show(tsk)
                    return
        raise gdb.GdbError(f"no task {argument}")

    def show(self, tsk):
        proxy = tsk["nsproxy"]
        gdb.write(f"{int(tsk['pid'])} {tsk['comm'].string()}: task {tsk}, nsproxy {proxy}\n")
        if not proxy:
            gdb.write("  has let go of its groups: it exits\n")
            return
        state = proxy["rc"]
        flags = [name for name in ("installed", "moved", "dead", "pending", "again") if state[name]]
        gdb.write(f"  count {int(proxy['count']['refs']['counter'])}, {' '.join(flags) or 'no flag'}")
        gdb.write(f", home {state['home']}\n" if state["mask"] else "\n")
        for hier in hierarchies():
            grp = state["group"][int(hier["id"])]
            if not grp or grp["hier"] != hier:
                grp = hier["root"].address
            gdb.write(f"  {hier['root']['name'].string()}:{controllers(int(hier['subsys_mask']))}:{path(grp)}\n")


RcGroups()
RcTask()
