// SPDX-License-Identifier: GPL-2.0
/// Find code that breaks the rules of include/linux/nsproxy.h. A move of a task
/// to another group replaces the task's nsproxy, at any time, from another task.
///
/// kept         a struct nsproxy * read from a task is used after a call that
///              may sleep: the memory may be gone
/// unlocked     the nsproxy of a task that is not plainly current is read
///              outside task_lock()
/// address      the address of a field of a task's nsproxy is taken: it stays
///              good for no longer than the nsproxy does
/// escapes      a task's nsproxy is returned, passed on or stored
/// unsequenced  a call stands in the same argument list as a read through a
///              task's nsproxy: C lets the pointer be loaded before the call
///              and the field after it
///
/// Whatever is called counts as a call that may sleep, short of the names below.
// Confidence: Moderate
// Options: --no-includes --include-headers. The parser cannot read __free() and
// scoped_guard(); scripts/lint gives it copies without them.

@initialize:python@
@@
import os
seen = set()
def found(what, pos, name):
    line = "%s:%s: %s: %s" % (os.path.normpath(pos[0].file), pos[0].current_element, what, name)
    if line not in seen:
        seen.add(line)
        print(line)

// The nsproxy of a struct nsset is a private one that its owner has made.
@private@
struct nsset *set;
position pos;
@@
 set->nsproxy@pos

@pinned@
local idexpression struct nsproxy *p;
expression E;
position pos;
@@
 p = E->nsproxy@pos;
(
 get_nsproxy(p);
|
 if (p) get_nsproxy(p);
|
 if (p) { ... get_nsproxy(p); ... }
)

@kept exists@
local idexpression struct nsproxy *p;
expression E, other;
identifier call != {ERR_PTR, IS_ERR, READ_ONCE, WRITE_ONCE, get_cgroup_ns,
	get_ipc_ns, get_mnt_ns, get_net, get_nsproxy, get_pid_ns, get_time_ns,
	get_uts_ns, likely, rcu_dereference, rcu_read_lock, rcu_read_unlock,
	refcount_inc_not_zero, task_active_pid_ns, task_lock, task_unlock,
	unlikely};
identifier fld;
position read != {private.pos, pinned.pos};
position pos;
@@
 p = E->nsproxy@read
 ... when != p = other
     when != get_nsproxy(p)
     when != refcount_inc_not_zero(&p->count)
 call(...)
 ... when != p = other
     when any
 p->fld@pos

@script:python@
pos << kept.pos;
p << kept.p;
@@
found("kept", pos, p)

@locked exists@
expression T;
position pos;
@@
 task_lock(T)
 ... when != task_unlock(T)
     when any
 T->nsproxy@pos

@mine@
symbol current;
position pos;
@@
 current->nsproxy@pos

@unlocked@
expression T;
struct nsset set;
position pos != {locked.pos, private.pos, mine.pos};
@@
(
 set.nsproxy
|
 T->nsproxy@pos
|
 T.nsproxy@pos
)

@script:python@
pos << unlocked.pos;
T << unlocked.T;
@@
found("unlocked", pos, T)

@address@
expression E;
identifier fld;
position pos;
@@
 &E->nsproxy->fld@pos

@script:python@
pos << address.pos;
fld << address.fld;
@@
found("address", pos, fld)

@escapes@
expression E;
identifier f != {READ_ONCE, get_nsproxy, likely, rcu_dereference, unlikely};
position pos != private.pos;
@@
(
 return E->nsproxy@pos;
|
 f(..., E->nsproxy@pos, ...)
)

@script:python@
pos << escapes.pos;
E << escapes.E;
@@
found("escapes", pos, E)

@stored@
expression E, X;
identifier fld;
position pos != private.pos;
@@
(
 X->fld = E->nsproxy@pos
|
 X.fld = E->nsproxy@pos
)

@script:python@
pos << stored.pos;
E << stored.E;
@@
found("escapes", pos, E)

@unsequenced@
expression E;
expression list a, b, c;
identifier f, g, fld;
position pos;
@@
(
 f(a, E->nsproxy->fld@pos, b, g(...), c)
|
 f(a, g(...), b, E->nsproxy->fld@pos, c)
)

@script:python@
pos << unsequenced.pos;
g << unsequenced.g;
@@
found("unsequenced", pos, g)
