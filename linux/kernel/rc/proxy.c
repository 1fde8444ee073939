// SPDX-License-Identifier: GPL-2.0
/*
 * Proxies: finding the one for a combination of namespaces and groups, freeing it.
 * home.c gives it to tasks, task.c has what a task does to its own.
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
 * RCU remain: the scheduler, and listings. A home, see home.c, is in lists and is
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
 * A proxy that is made or revived for a move leaves its namespaces to the old one
 * to hold, which the mover does not let go of before rc_proxy_inherit(). By then
 * the old one mostly has no task, and what it held passes on.
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
DEFINE_SPINLOCK(rc_proxy_lock);

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

/*
 * In the cache, each has the states of one that names no group, so that those that
 * are made outside of groups need not be filled.
 */
static void rc_proxy_clear(struct nsproxy *ns)
{
	memcpy(ns->rc.state, init_nsproxy.rc.state, sizeof(ns->rc.state));
	memset(ns->rc.group, 0, sizeof(ns->rc.group));
	ns->rc.subsys = 0;
	ns->rc.home = NULL;
}

static void rc_proxy_init_lists(struct nsproxy *ns)
{
	spin_lock_init(&ns->rc.lock);
	ns->rc.nr = 0;
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
	struct rc_home *home = mem;

	rc_proxy_clear(&home->ns);
	rc_proxy_init_lists(&home->ns);
	home->untold = 0;
	INIT_HLIST_NODE(&home->noted);
}

/* What the cache is made of. */
const unsigned int rc_proxy_size __initconst = sizeof(struct rc_home);

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
	rc_census_leave(rc_home_of(home));
	for_each_rc_slot(slot, home)
		rc_group_put(home->rc.group[slot]);
	rc_proxy_retire(home);
}

/*
 * A home that others keep, which can take as long as a zombie is not reaped, is of no
 * use to who looks for a proxy. Nobody finds many of the kind in the hash.
 */
static void rc_proxy_forget(struct nsproxy *home)
{
	if (refcount_read(&home->rc.users) == 1 ||
	    hlist_unhashed(&home->rc.hash))
		return;
	spin_lock_irq(&rc_proxy_lock);
	hash_del(&home->rc.hash);
	spin_unlock_irq(&rc_proxy_lock);
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
	else
		rc_proxy_forget(ns);
	if (home)
		rc_home_put(home);
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
	unsigned long mask = old->rc.mask;
	unsigned int i;

	__assign_bit(slot, &mask, grp);
	if (ns->rc.mask != mask || ns->rc.group[slot] != grp ||
	    !rc_same_ns(ns, old))
		return false;
	__clear_bit(slot, &mask);
	for_each_set_bit(i, &mask, CONFIG_RC_MAX_HIERARCHIES)
		if (ns->rc.group[i] != old->rc.group[i])
			return false;
	return true;
}

/* References to the namespaces of @ns, which somebody holds. */
static void rc_proxy_get_namespaces(const struct nsproxy *ns)
{
	get_uts_ns(ns->uts_ns);
	get_ipc_ns(ns->ipc_ns);
	refcount_inc(&from_mnt_ns(ns->mnt_ns)->count);
	get_pid_ns(ns->pid_ns_for_children);
	get_net(ns->net_ns);
	get_time_ns(ns->time_ns);
	get_time_ns(ns->time_ns_for_children);
	get_cgroup_ns(ns->cgroup_ns);
}

/*
 * Makes @ns hold the groups that @old holds, with @grp in place of what @old has
 * in @hier's slot. The pointers to namespaces and groups in a dead proxy that
 * matches have these values already, dangling until then; there, readers of the
 * old days may still be looking at them.
 */
static void rc_proxy_hold(struct nsproxy *ns, struct nsproxy *old,
			  struct rc_hierarchy *hier, struct rc_group *grp)
{
	unsigned long mask = hier->subsys_mask;
	unsigned int id, slot;

	for (id = 0; id < rc_nr_subsys; id++) {
		struct rc_state *st = old->rc.state[id];

		if (mask & BIT(id))
			st = grp ? grp->state[id] : rc_subsys_by_id(id)->top;
		WRITE_ONCE(ns->rc.state[id], st);
	}
	WRITE_ONCE(ns->rc.subsys, grp ? old->rc.subsys | mask : old->rc.subsys & ~mask);
	WRITE_ONCE(ns->rc.home, ns->rc.mask ? ns : NULL);
	refcount_set(&ns->rc.users, 1);
	/* That it is asked how controllers learn of its tasks. */
	rc_home_of(ns)->epoch = 0;
	for_each_rc_slot(slot, ns)
		rc_group_get(ns->rc.group[slot]);
	/* One for who asked, one for rc_proxy_inherit(). */
	refcount_set(&ns->count, 2);
}

/**
 * rc_proxy_get - the proxy for a task that is to be moved, or started elsewhere
 * @old: the proxy that the task, or its parent, has
 * @hier: the hierarchy
 * @grp: where the task is to be in @hier; NULL for the root
 * @fresh: memory for a proxy, from rc_proxy_init(), or NULL
 * @move: a task that has @old is to get the proxy in place of it
 * @heir: is set if the proxy does not hold its namespaces yet: as long as
 *	rc_proxy_inherit() has not been called, a reference to @old does
 *
 * Finds a proxy with @old's namespaces and groups but for @grp, or makes one of
 * @fresh, and if @move marks @old as one that a task has been moved from.
 *
 * Context: rc_mutex held, and the lock of a task that has @old.
 * Return: the proxy, with a reference; NULL if there is none and no memory for
 * one.
 */
struct nsproxy *rc_proxy_get(struct nsproxy *old, struct rc_hierarchy *hier,
			     struct rc_group *grp, struct nsproxy *fresh,
			     bool move, bool *heir)
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
			*heir = true;
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
		*heir = true;
		ns->rc.key = key;
		hash_add(rc_proxy_hash, &ns->rc.hash, key);
	}
out:
	if (ns && move)
		old->rc.moved = true;
	spin_unlock_irqrestore(&rc_proxy_lock, flags);
	return ns;
}

/**
 * rc_proxy_inherit - let a proxy hold its namespaces itself
 * @heir: the proxy, as rc_proxy_get() said of it
 * @from: the one that has held them for it; the caller's reference to it goes
 *
 * Mostly a task has moved from @from to @heir, and had been the only one there.
 * Then what @from held passes on, and nothing is counted.
 *
 * Context: process context, no locks of rc held, may sleep.
 */
void rc_proxy_inherit(struct nsproxy *heir, struct nsproxy *from)
{
	if (refcount_dec_if_one(&from->count)) {
		rc_proxy_free(from);
	} else {
		rc_proxy_get_namespaces(from);
		put_nsproxy(from);
	}
	put_nsproxy(heir);
}
