// SPDX-License-Identifier: GPL-2.0
/*
 * Proxies: finding the one for a combination of namespaces and groups, giving it
 * to tasks, freeing it. task.c has what a task does to its own.
 *
 * How a proxy ends
 * ================
 *
 * A task reads its own nsproxy without a lock, while another may swap it. The
 * namespaces that the task finds through the old proxy are safe: the new one
 * holds the same, and only the task itself ever changes them. The memory of the
 * old proxy is made safe by a flag set before the swap (rc.moved): such a proxy
 * is freed after an RCU-tasks grace period, which ends when each task has slept
 * of its own accord or been in user mode. Hence the rule in nsproxy.h that no
 * pointer to one's proxy is kept across a sleep.
 *
 * All others end with a task that leaves them itself, so that only readers under
 * RCU remain: the scheduler, and listings. A home, see below, is in lists and is
 * freed after an RCU grace period. Others are not; their memory goes back at once
 * to its cache, which is SLAB_TYPESAFE_BY_RCU, and readers look twice at the
 * task's pointer.
 *
 * A moved proxy stays in the hash until it is freed, and a task that is moved
 * back revives it. So a task that is moved to and fro all day uses two proxies,
 * not two for each grace period. Busy tasks can keep such a grace period from
 * ending, so a user has a number of proxies that may wait for theirs; who moves
 * tasks beyond it waits, too, with no lock held: see rc_proxies_wait().
 *
 * Homes
 * =====
 *
 * A task that makes a proxy for itself, by unshare(2) or the like, has other
 * namespaces then and the same groups. The new proxy shares what the old one holds
 * of those: its home, which has the references to the groups, is in their lists,
 * and lists the tasks. So a task changes lists only when it is moved, under
 * rc_mutex. The home's memory stays until the last that shares it has gone; its
 * namespaces do not wait for that.
 */

#include <linux/cgroup.h>
#include <linux/cred.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/init_task.h>
#include <linux/ipc_namespace.h>
#include <linux/mm.h>
#include <linux/mnt_namespace.h>
#include <linux/ns_common.h>
#include <linux/pid_namespace.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/time_namespace.h>
#include <linux/utsname.h>
#include <net/net_namespace.h>

#include "internal.h"

/* Orders the hash, rc.dead, rc.pending, rc.again and lists in groups. */
static DEFINE_SPINLOCK(rc_proxy_lock);

/*
 * Proxies that tasks were moved to or from. One that a task has made for itself,
 * by unshare(2) or the like, enters when somebody moves a task out of it, which
 * is the first time that it can be looked for.
 */
static DEFINE_HASHTABLE(rc_proxy_hash, 9);

/* Dead proxies that are on nobody's account, as their users have too many. */
static atomic_t rc_proxies_over = ATOMIC_INIT(0);

/* Movers whose users have too many, until some have been freed. */
static DECLARE_WAIT_QUEUE_HEAD(rc_proxies_queue);

#define for_each_rc_slot(slot, ns)					\
	for_each_set_bit(slot, &(ns)->rc.mask, CONFIG_RC_MAX_HIERARCHIES)

/*
 * In the cache, each has the states of one that names no group, so that those that
 * are made outside of groups need not be filled.
 */
static void rc_proxy_clear(struct nsproxy *ns)
{
	memcpy(ns->rc.state, init_nsproxy.rc.state, sizeof(ns->rc.state));
	memset(ns->rc.group, 0, sizeof(ns->rc.group));
	ns->rc.births = 0;
	ns->rc.home = NULL;
}

static void rc_proxy_init_lists(struct nsproxy *ns)
{
	spin_lock_init(&ns->rc.lock);
	INIT_HLIST_HEAD(&ns->rc.tasks);
	INIT_HLIST_NODE(&ns->rc.hash);
	/* None is given back while it is set. */
	ns->rc.again = false;
}

/**
 * rc_proxy_ctor - constructor of the cache of proxies
 * @mem: a new object
 */
void rc_proxy_ctor(void *mem)
{
	struct nsproxy *ns = mem;

	rc_proxy_clear(ns);
	rc_proxy_init_lists(ns);
}

/**
 * rc_proxy_init - prepare a proxy that its maker may still change
 * @ns: from the cache, or with its task list empty and not hashed
 *
 * It holds no groups before a task gets it.
 */
void rc_proxy_init(struct nsproxy *ns)
{
	ns->rc.mask = 0;
	ns->rc.installed = false;
	ns->rc.moved = false;
	ns->rc.dead = false;
	ns->rc.pending = false;
	rc_debug_add(1, &rc_debug_counts.proxies);
}

/**
 * rc_proxy_discard - give back the memory of a proxy
 * @ns: from rc_proxy_init(), and with no one who looks at it
 *
 * Context: any.
 */
void rc_proxy_discard(struct nsproxy *ns)
{
	rc_debug_add(-1, &rc_debug_counts.proxies);
	if (ns->rc.mask)
		rc_proxy_clear(ns);
	kmem_cache_free(nsproxy_cachep, ns);
}

/**
 * rc_proxy_init_boot - prepare the first task's proxy
 */
void __init rc_proxy_init_boot(void)
{
	rc_proxy_init_lists(&init_nsproxy);
	init_nsproxy.rc.installed = true;
}

static void rc_proxy_free_rcu(struct rcu_head *head)
{
	rc_proxy_discard(container_of(head, struct nsproxy, rc.rcu));
}

/* The grace period that a proxy was charged for is over. */
static void rc_proxy_uncharge(struct ucounts *ucounts)
{
	if (ucounts)
		dec_ucount(ucounts, UCOUNT_RC_PROXIES);
	else
		atomic_dec(&rc_proxies_over);
	wake_up(&rc_proxies_queue);
}

/*
 * NULL if there is no room, and then it is on nobody's account. By the real user id,
 * which a program that is made to run as somebody else keeps.
 */
static struct ucounts *rc_proxy_charge(void)
{
	struct ucounts *ucounts;

	ucounts = inc_ucount(current_user_ns(), current_uid(),
			     UCOUNT_RC_PROXIES);
	if (!ucounts)
		atomic_inc(&rc_proxies_over);
	return ucounts;
}

/* Has current's user room for another one? */
static bool rc_proxies_room(void)
{
	struct ucounts *pos;

	if (!atomic_read(&rc_proxies_over))
		return true;
	for (pos = current_ucounts(); pos; pos = pos->ns->ucounts)
		if (atomic_long_read(&pos->ucount[UCOUNT_RC_PROXIES]) >=
		    READ_ONCE(pos->ns->ucount_max[UCOUNT_RC_PROXIES]))
			return false;
	return true;
}

/**
 * rc_proxies_wait - wait while current's user has too many dead proxies
 *
 * For one who has moved tasks, and may have left some.
 *
 * Context: process context, no lock held; may sleep, killably.
 */
void rc_proxies_wait(void)
{
	if (unlikely(atomic_read(&rc_proxies_over)))
		wait_event_killable(rc_proxies_queue, rc_proxies_room());
}

/* An RCU-tasks grace period after a moved proxy died: free it if it may go. */
static void rc_proxy_reap(struct rcu_head *head)
{
	struct nsproxy *ns = container_of(head, struct nsproxy, rc.rcu);
	struct ucounts *ucounts = ns->rc.ucounts;
	bool again = false, gone = false;
	unsigned long flags;

	spin_lock_irqsave(&rc_proxy_lock, flags);
	if (!ns->rc.dead) {
		ns->rc.pending = false;
		ns->rc.again = false;
	} else if (ns->rc.again) {
		ns->rc.again = false;
		again = true;
	} else {
		hash_del(&ns->rc.hash);
		rc_debug_add(-1, &rc_debug_counts.proxies_dead);
		gone = true;
	}
	spin_unlock_irqrestore(&rc_proxy_lock, flags);

	if (again) {
		call_rcu_tasks(&ns->rc.rcu, rc_proxy_reap);
		return;
	}
	if (gone)
		call_rcu(&ns->rc.rcu, rc_proxy_free_rcu);
	rc_proxy_uncharge(ucounts);
}

/*
 * Frees a moved proxy after a grace period, unless it is revived. That is on the
 * account of who drops it, mostly the mover, once until the grace period ends: a
 * task that is moved to and fro pays for no more than one.
 */
static void rc_proxy_bury(struct nsproxy *ns)
{
	struct ucounts *ucounts = NULL;
	bool queue, charged = false;

	for (;;) {
		/* Only its grace period, when that ends, changes it now. */
		if (!READ_ONCE(ns->rc.pending)) {
			ucounts = rc_proxy_charge();
			charged = true;
		}
		spin_lock_irq(&rc_proxy_lock);
		queue = !ns->rc.pending;
		if (!queue || charged)
			break;
		spin_unlock_irq(&rc_proxy_lock);
	}
	if (queue) {
		ns->rc.pending = true;
		ns->rc.ucounts = ucounts;
	} else {
		ns->rc.again = true;
	}
	/* From here on it can be revived, so do not touch it again. */
	ns->rc.dead = true;
	rc_debug_add(1, &rc_debug_counts.proxies_dead);
	spin_unlock_irq(&rc_proxy_lock);
	if (queue)
		call_rcu_tasks(&ns->rc.rcu, rc_proxy_reap);
}

/* Frees a proxy that holds nothing any more, when that is safe. */
static void rc_proxy_retire(struct nsproxy *ns)
{
	if (ns->rc.moved) {
		rc_proxy_bury(ns);
		return;
	}

	/* Only an attach hashes a proxy, and this one's users have all gone. */
	if (!hlist_unhashed(&ns->rc.hash)) {
		spin_lock_irq(&rc_proxy_lock);
		hash_del(&ns->rc.hash);
		spin_unlock_irq(&rc_proxy_lock);
	}
	if (rc_proxy_home(ns) == ns)
		call_rcu(&ns->rc.rcu, rc_proxy_free_rcu);
	else
		rc_proxy_discard(ns);
}

void rc_home_put(struct nsproxy *home)
{
	unsigned int slot;

	if (!refcount_dec_and_test(&home->rc.users))
		return;
	for_each_rc_slot(slot, home)
		rc_group_put(home->rc.group[slot]);
	rc_proxy_retire(home);
}

/**
 * rc_proxy_free - let go of a proxy's groups and free it when that is safe
 * @ns: its count is 0 or it never became visible; the caller has dropped the
 *	references to its namespaces
 *
 * Context: process context, no locks of rc held.
 */
void rc_proxy_free(struct nsproxy *ns)
{
	struct nsproxy *home = rc_proxy_home(ns);

	/* Outside of groups, and never moved to or from: there is no more to it. */
	if (likely(!home && hlist_unhashed(&ns->rc.hash))) {
		rc_proxy_discard(ns);
		return;
	}
	if (home != ns)
		rc_proxy_retire(ns);
	if (home)
		rc_home_put(home);
}

/*
 * Tasks in a home, homes in a group
 */

/* Who walks over the group's tasks may miss one, or have missed one. */
static void rc_group_shift(struct rc_group *grp)
{
	/* After what was done to lists. Pairs with the acquire in rc_walk_group(). */
	smp_store_release(&grp->shifts, grp->shifts + 1);
	/* Before what is done to them. Pairs with the barrier there. */
	smp_wmb();
}

/* @home is about to get a task: if it is the first, groups list it now. */
void rc_home_activate(struct nsproxy *home)
{
	unsigned int slot;

	lockdep_assert_held(&home->rc.lock);
	if (!hlist_empty(&home->rc.tasks))
		return;
	spin_lock(&rc_proxy_lock);
	for_each_rc_slot(slot, home) {
		struct rc_group *grp = home->rc.group[slot];

		if (list_empty(&grp->proxies))
			rc_group_populate(grp, true);
		/* A home that has been here before may stand elsewhere now. */
		rc_group_shift(grp);
		list_add_tail_rcu(&home->rc.link[slot], &grp->proxies);
	}
	spin_unlock(&rc_proxy_lock);
}

/* @home has lost its last task. Holds its lock. */
void rc_home_deactivate(struct nsproxy *home)
{
	unsigned int slot;

	spin_lock(&rc_proxy_lock);
	for_each_rc_slot(slot, home) {
		struct rc_group *grp = home->rc.group[slot];

		list_del_rcu(&home->rc.link[slot]);
		if (list_empty(&grp->proxies))
			rc_group_populate(grp, false);
	}
	spin_unlock(&rc_proxy_lock);
}

/* Gives a proxy that no one sees yet the groups of @from, which is held. */
void rc_proxy_fill(struct nsproxy *ns, struct nsproxy *from)
{
	ns->rc.installed = true;
	if (!from->rc.mask)
		return;
	memcpy(ns->rc.state, from->rc.state, sizeof(ns->rc.state));
	memcpy(ns->rc.group, from->rc.group, sizeof(ns->rc.group));
	ns->rc.mask = from->rc.mask;
	ns->rc.births = from->rc.births;
	WRITE_ONCE(ns->rc.home, from->rc.home);
	refcount_inc(&ns->rc.home->rc.users);
}

/*
 * Tasks are about to go from one home to the other: notes that in groups in which
 * they stay. Once for all of them, as long as both locks are held.
 */
static __always_inline void
rc_home_shift(struct nsproxy *leave, struct nsproxy *join)
{
	unsigned long mask;
	unsigned int slot;

	if (!leave || !join)
		return;
	mask = leave->rc.mask & join->rc.mask;
	for_each_set_bit(slot, &mask, CONFIG_RC_MAX_HIERARCHIES)
		if (leave->rc.group[slot] == join->rc.group[slot])
			rc_group_shift(join->rc.group[slot]);
}

/*
 * Both locks are held, so that a fork by the task sees whether it is too late for
 * the old one. No lock is needed for a proxy that names no group, as it has no
 * list.
 */
static void rc_home_lock_pair(struct nsproxy *old, struct nsproxy *new)
{
	if (old)
		spin_lock_irq(&old->rc.lock);
	if (old && new)
		spin_lock_nested(&new->rc.lock, SINGLE_DEPTH_NESTING);
	else if (new)
		spin_lock_irq(&new->rc.lock);
}

static void rc_home_unlock_pair(struct nsproxy *old, struct nsproxy *new)
{
	if (old && new)
		spin_unlock(&new->rc.lock);
	else if (new)
		spin_unlock_irq(&new->rc.lock);
	if (old)
		spin_unlock_irq(&old->rc.lock);
}

/*
 * Gives @tsk the proxy @new. @leave and @join are the homes of its old one and of
 * @new, NULL without groups; their locks and @tsk's are held.
 */
static __always_inline void
rc_proxy_change(struct task_struct *tsk, struct nsproxy *new,
		struct nsproxy *leave, struct nsproxy *join)
{
	/* The new one first, so that a group above both is not empty between. */
	if (join)
		rc_home_activate(join);
	/* What is in the proxy comes before the pointer to it. */
	smp_store_release(&tsk->nsproxy, new);
	if (leave)
		rc_home_leave(leave, tsk);
	if (join)
		hlist_add_head_rcu(&tsk->rc_node, &join->rc.tasks);
}

/**
 * rc_switch_proxy - give a task a proxy with other groups
 * @tsk: the task
 * @new: the proxy, whose reference goes to @tsk
 *
 * Context: rc_mutex, tasklist_lock and task_lock(@tsk) held, interrupts on. The
 * caller drops the reference to the old proxy when it has released its locks.
 */
void rc_switch_proxy(struct task_struct *tsk, struct nsproxy *new)
{
	struct nsproxy *leave = rc_proxy_home(tsk->nsproxy);
	struct nsproxy *join = rc_proxy_home(new);

	rc_home_lock_pair(leave, join);
	rc_home_shift(leave, join);
	rc_proxy_change(tsk, new, leave, join);
	rc_home_unlock_pair(leave, join);
}

/**
 * rc_switch_threads - give threads of a process that share a proxy another one
 * @sig: the process
 * @old: the proxy that they have; others are left alone
 * @new: the proxy, with a reference for each of them
 *
 * What rc_switch_proxy() does for each of them, but takes the proxies' locks once
 * for many.
 *
 * Context: rc_mutex and tasklist_lock held, interrupts on. As there.
 * Return: how many threads have got @new.
 */
unsigned int rc_switch_threads(struct signal_struct *sig, struct nsproxy *old,
			       struct nsproxy *new)
{
	struct nsproxy *leave = rc_proxy_home(old), *join = rc_proxy_home(new);
	unsigned int seen = 0, nr = 0;
	struct task_struct *tsk;

	rc_home_lock_pair(leave, join);
	rc_home_shift(leave, join);
	__for_each_thread(sig, tsk) {
		/* Interrupts wait for as long as these locks are held. */
		if (unlikely(!(++seen % 64))) {
			rc_home_unlock_pair(leave, join);
			rc_home_lock_pair(leave, join);
			rc_home_shift(leave, join);
		}
		/* A task's lock goes outside of proxies' ones. */
		if (unlikely(!spin_trylock(&tsk->alloc_lock))) {
			rc_home_unlock_pair(leave, join);
			task_lock(tsk);
			rc_home_lock_pair(leave, join);
			rc_home_shift(leave, join);
		}
		if (likely(tsk->nsproxy == old)) {
			rc_proxy_change(tsk, new, leave, join);
			nr++;
		}
		task_unlock(tsk);
	}
	rc_home_unlock_pair(leave, join);
	return nr;
}

/*
 * The proxy for a combination
 */

static unsigned long rc_hash_slot(unsigned int slot, const struct rc_group *grp)
{
	return grp ? hash_long((unsigned long)grp + slot, BITS_PER_LONG) : 0;
}

static unsigned long rc_hash_ns(const struct nsproxy *ns)
{
	const void *p[] = {
		ns->uts_ns, ns->ipc_ns, ns->mnt_ns, ns->pid_ns_for_children,
		ns->net_ns, ns->time_ns, ns->time_ns_for_children,
		ns->cgroup_ns,
	};
	unsigned long key = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		key = hash_long(key + (unsigned long)p[i], BITS_PER_LONG);
	return key;
}

static bool rc_same_ns(const struct nsproxy *a, const struct nsproxy *b)
{
	return a->uts_ns == b->uts_ns && a->ipc_ns == b->ipc_ns &&
	       a->mnt_ns == b->mnt_ns &&
	       a->pid_ns_for_children == b->pid_ns_for_children &&
	       a->net_ns == b->net_ns && a->time_ns == b->time_ns &&
	       a->time_ns_for_children == b->time_ns_for_children &&
	       a->cgroup_ns == b->cgroup_ns;
}

/* Is @ns what @old becomes with @grp in @slot? */
static bool rc_proxy_match(const struct nsproxy *ns, const struct nsproxy *old,
			   unsigned int slot, const struct rc_group *grp)
{
	unsigned int i;

	if (ns->rc.group[slot] != grp || !rc_same_ns(ns, old))
		return false;
	for (i = 0; i < CONFIG_RC_MAX_HIERARCHIES; i++)
		if (i != slot && ns->rc.group[i] != old->rc.group[i])
			return false;
	return true;
}

/*
 * Makes @ns hold what @old holds, with @grp in place of what @old has in
 * @hier's slot. The pointers to namespaces and groups in a dead proxy that
 * matches have these values already, dangling until this takes references;
 * there, readers of the old days may still be looking at them.
 */
static void rc_proxy_hold(struct nsproxy *ns, struct nsproxy *old,
			  struct rc_hierarchy *hier, struct rc_group *grp)
{
	unsigned long births = 0;
	struct rc_subsys *ss;
	unsigned int id, slot;

	get_uts_ns(old->uts_ns);
	get_ipc_ns(old->ipc_ns);
	refcount_inc(&from_mnt_ns(old->mnt_ns)->count);
	get_pid_ns(old->pid_ns_for_children);
	get_net(old->net_ns);
	get_time_ns(old->time_ns);
	get_time_ns(old->time_ns_for_children);
	get_cgroup_ns(old->cgroup_ns);

	for_each_rc_subsys(ss, id) {
		struct rc_state *st = old->rc.state[id];

		if (test_bit(id, &hier->subsys_mask))
			st = grp ? grp->state[id] : ss->top;
		WRITE_ONCE(ns->rc.state[id], st);
		if (ss->fork && st != ss->top)
			__set_bit(id, &births);
	}
	WRITE_ONCE(ns->rc.births, births);
	WRITE_ONCE(ns->rc.home, ns->rc.mask ? ns : NULL);
	refcount_set(&ns->rc.users, 1);
	for_each_rc_slot(slot, ns)
		rc_group_get(ns->rc.group[slot]);
	refcount_set(&ns->count, 1);
}

/**
 * rc_proxy_get - the proxy for a task that is to be moved
 * @old: the proxy that the task has
 * @hier: the hierarchy
 * @grp: where the task is to be in @hier; NULL for the root
 * @fresh: memory for a proxy, from rc_proxy_init(), or NULL
 *
 * Finds a proxy with @old's namespaces and groups but for @grp, or makes one of
 * @fresh, and marks @old as one that a task has been moved from.
 *
 * Context: rc_mutex held, and the lock of a task that has @old.
 * Return: the proxy, with a reference; NULL if there is none and no memory for
 * one.
 */
struct nsproxy *rc_proxy_get(struct nsproxy *old, struct rc_hierarchy *hier,
			     struct rc_group *grp, struct nsproxy *fresh)
{
	unsigned int slot = hier->id;
	unsigned long key, flags;
	struct nsproxy *ns;

	lockdep_assert_held(&rc_mutex);
	spin_lock_irqsave(&rc_proxy_lock, flags);
	if (hlist_unhashed(&old->rc.hash)) {
		key = rc_hash_ns(old);
		for (unsigned int i = 0; i < CONFIG_RC_MAX_HIERARCHIES; i++)
			key ^= rc_hash_slot(i, old->rc.group[i]);
		old->rc.key = key;
		hash_add(rc_proxy_hash, &old->rc.hash, key);
	}
	key = old->rc.key ^ rc_hash_slot(slot, old->rc.group[slot]) ^
	      rc_hash_slot(slot, grp);
	hash_for_each_possible(rc_proxy_hash, ns, rc.hash, key) {
		if (ns->rc.key != key || !rc_proxy_match(ns, old, slot, grp))
			continue;
		if (refcount_inc_not_zero(&ns->count))
			goto out;
		/* Otherwise its last holder is just letting go of it. */
		if (ns->rc.dead) {
			ns->rc.dead = false;
			rc_debug_add(-1, &rc_debug_counts.proxies_dead);
			rc_proxy_hold(ns, old, hier, grp);
			goto out;
		}
	}

	ns = fresh;
	if (ns) {
		ns->uts_ns = old->uts_ns;
		ns->ipc_ns = old->ipc_ns;
		ns->mnt_ns = old->mnt_ns;
		ns->pid_ns_for_children = old->pid_ns_for_children;
		ns->net_ns = old->net_ns;
		ns->time_ns = old->time_ns;
		ns->time_ns_for_children = old->time_ns_for_children;
		ns->cgroup_ns = old->cgroup_ns;
		memcpy(ns->rc.group, old->rc.group, sizeof(ns->rc.group));
		ns->rc.group[slot] = grp;
		ns->rc.mask = old->rc.mask;
		__assign_bit(slot, &ns->rc.mask, !!grp);
		ns->rc.installed = true;
		rc_proxy_hold(ns, old, hier, grp);
		ns->rc.key = key;
		hash_add(rc_proxy_hash, &ns->rc.hash, key);
	}
out:
	if (ns)
		old->rc.moved = true;
	spin_unlock_irqrestore(&rc_proxy_lock, flags);
	return ns;
}
