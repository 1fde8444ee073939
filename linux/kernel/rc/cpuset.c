// SPDX-License-Identifier: GPL-2.0
/*
 * The cpuset controller: on which CPUs the tasks of a group run, and from which
 * memory nodes they get memory. This file has the sets: what may be configured,
 * what follows from it, and the files that show it.
 *
 *   cpus, mems                      lists; those of a child are subsets
 *   effective_cpus, effective_mems  what tasks have at the moment
 *   cpu_exclusive, mem_exclusive    no sibling may have any of them
 *   mem_hardwall                    kernel memory stays within, too
 *   sched_load_balance, sched_relax_domain_level
 *                                   for the scheduler's domains
 *   memory_migrate                  pages follow when nodes change
 *   memory_pressure                 how often tasks had to reclaim memory
 *   memory_spread_page, memory_spread_slab
 *                                   page cache goes to all nodes in turn
 *   cgroup.clone_children           new sets below begin with its cpus and mems
 *
 * Rules and errnos are those of Documentation/admin-guide/cgroup-v1/cpusets.rst,
 * but for what becomes of a set whose last CPU or node goes away: it keeps what
 * was configured, is given what its nearest ancestor has while that lasts, and
 * gets its own back when it returns.
 *
 * Locks
 * =====
 *
 *   rc_mutex              everything but hotplug: files, moves, groups
 *   cpus_read_lock        the active CPUs are those that the top set has
 *   cpuset_mutex          all sets; hotplug takes nothing outside it
 *   sched_domains_mutex   in cpuset_rebuild_domains()
 *   cpuset_masks_lock     masks and flags, for readers that cannot sleep.
 *                         Nothing is taken inside it.
 *
 * Masks are changed under both. Tasks are given them with none of these held:
 * cpuset_tasks.c says how, and why none is left out. No reader takes cpuset_mutex.
 */

#include <linux/cpu.h>
#include <linux/err.h>
#include <linux/sched/topology.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "cpuset.h"

/* Protects all sets; see above. */
DEFINE_MUTEX(cpuset_mutex);
DEFINE_SPINLOCK(cpuset_masks_lock);

#define CPUSET_TOP_FLAGS						\
	(CPUSET_EXCLUSIVE | BIT(CS_SCHED_LOAD_BALANCE))

struct cpuset top_cpuset = {
	.conf.flags		= CPUSET_TOP_FLAGS,
	.relax_domain_level	= -1,
	.ref			= REFCOUNT_INIT(1),
	.children		= LIST_HEAD_INIT(top_cpuset.children),
	.node			= LIST_HEAD_INIT(top_cpuset.node),
};

/*
 * The tree
 */

/**
 * cpuset_next - step through a subtree, parents before children
 * @pos: where the walk is
 * @top: where it began
 * @skip: leave out what is below @pos
 *
 * Context: cpuset_mutex held.
 * Return: the next set, NULL at the end.
 */
struct cpuset *cpuset_next(struct cpuset *pos, struct cpuset *top, bool skip)
{
	lockdep_assert_held(&cpuset_mutex);
	if (!skip && !list_empty(&pos->children))
		return list_first_entry(&pos->children, struct cpuset, node);
	for (; pos != top; pos = cpuset_parent(pos))
		if (!list_is_last(&pos->node, &cpuset_parent(pos)->children))
			return list_next_entry(pos, node);
	return NULL;
}

/*
 * What may be configured
 */

/* Not all or none: flags of @a that @b does not have count, too. */
static bool cpuset_is_subset(const struct cpuset_conf *a,
			     const struct cpuset_conf *b)
{
	return cpumask_subset(a->cpus, b->cpus) &&
	       nodes_subset(a->mems, b->mems) &&
	       !(a->flags & ~b->flags & CPUSET_EXCLUSIVE);
}

static bool cpuset_conflict(const struct cpuset_conf *a,
			    const struct cpuset_conf *b)
{
	unsigned long flags = a->flags | b->flags;

	return ((flags & BIT(CS_CPU_EXCLUSIVE)) &&
		cpumask_intersects(a->cpus, b->cpus)) ||
	       ((flags & BIT(CS_MEM_EXCLUSIVE)) &&
		nodes_intersects(a->mems, b->mems));
}

static int cpuset_not_within(const struct cpuset_conf *trial,
			     const struct cpuset_conf *parent)
{
	bool cpus = !cpumask_subset(trial->cpus, parent->cpus);

	if (!cpus && nodes_subset(trial->mems, parent->mems))
		return rc_refuse(-EACCES, NULL, "the parent is not exclusive");
	if (cpus ? cpumask_empty(parent->cpus) : nodes_empty(parent->mems))
		return rc_refuse(-EACCES, NULL, "the parent has none");
	if (cpus)
		return rc_refuse(-EACCES, NULL, "not within the parent's %*pbl",
				 cpumask_pr_args(parent->cpus));
	return rc_refuse(-EACCES, NULL, "not within the parent's %*pbl",
			 nodemask_pr_args(&parent->mems));
}

static int cpuset_not_around(const struct cpuset_conf *trial,
			     const struct cpuset *child)
{
	bool less = !cpumask_subset(child->conf.cpus, trial->cpus) ||
		    !nodes_subset(child->conf.mems, trial->mems);

	return rc_refuse(-EBUSY, &child->st, less ? "less than there is in" :
						    "not while exclusive is");
}

/**
 * cpuset_check - may a set be configured so?
 * @cs: the set
 * @trial: what it is to have
 * @has_tasks: it has tasks
 *
 * Context: cpuset_mutex and cpus_read_lock() held; may sleep.
 * Return: 0; -EBUSY a set below has more, or deadline tasks need more CPUs;
 * -EACCES the set above has less; -ENOSPC tasks would have no CPU or no node;
 * -EINVAL another set, of which one is exclusive, has the same.
 */
int cpuset_check(const struct cpuset *cs, const struct cpuset_conf *trial,
		 bool has_tasks)
{
	const struct cpuset *parent = cpuset_parent(cs), *pos;

	lockdep_assert_held(&cpuset_mutex);
	list_for_each_entry(pos, &cs->children, node)
		if (!cpuset_is_subset(&pos->conf, trial))
			return cpuset_not_around(trial, pos);
	if (!parent)
		return 0;
	if (!cpuset_is_subset(trial, &parent->conf))
		return cpuset_not_within(trial, &parent->conf);
	if (has_tasks &&
	    (cpumask_empty(trial->cpus) || nodes_empty(trial->mems)))
		return rc_refuse(-ENOSPC, NULL, "its tasks would have none");
	if (cpuset_is(cs, CS_CPU_EXCLUSIVE) &&
	    !cpuset_dl_can_shrink(cs->conf.cpus, trial->cpus))
		return rc_refuse(-EBUSY, NULL, "deadline tasks need more");
	/* There can be many. */
	if (!cpuset_is_exclusive(trial) &&
	    parent->nr_exclusive == cpuset_is_exclusive(&cs->conf))
		return 0;
	list_for_each_entry(pos, &parent->children, node)
		if (pos != cs && cpuset_conflict(trial, &pos->conf))
			return rc_refuse(-EINVAL, &pos->st,
					 "one of the two is exclusive, and it overlaps");
	return 0;
}

/* A copy of what a set has, to be changed and tried. */
static int cpuset_trial_init(struct cpuset_conf *trial, const struct cpuset *cs)
{
	if (!alloc_cpumask_var(&trial->cpus, GFP_KERNEL))
		return -ENOMEM;
	cpumask_copy(trial->cpus, cs->conf.cpus);
	trial->mems = cs->conf.mems;
	trial->flags = cs->conf.flags;
	return 0;
}

/*
 * What follows from it
 */

u64 cpuset_gen;

/**
 * cpuset_mark - note that the tasks of a set are to have something else
 * @cs: the set
 *
 * Context: cpuset_mutex held. cpuset_settle() has to follow without it.
 */
void cpuset_mark(struct cpuset *cs)
{
	lockdep_assert_held(&cpuset_mutex);
	cs->gen = ++cpuset_gen;
}

/* Of the top the caller has set the masks. */
static void cpuset_refresh_one(struct cpuset *cs)
{
	/* Too large for the stack; cpuset_mutex protects it. */
	static cpumask_t cpus;
	struct cpuset *parent = cpuset_parent(cs);
	nodemask_t mems;

	if (!parent)
		return;
	cpumask_and(&cpus, cs->conf.cpus, top_cpuset.effective_cpus);
	if (cpuset_lost_cpus(cs))
		cpumask_copy(&cpus, parent->effective_cpus);
	nodes_and(mems, cs->conf.mems, top_cpuset.effective_mems);
	if (cpuset_lost_mems(cs))
		mems = parent->effective_mems;

	if (!cpumask_equal(&cpus, cs->effective_cpus)) {
		if (cpuset_is(cs, CS_SCHED_LOAD_BALANCE) &&
		    cpuset_shapes_domains(cs))
			cpuset_domains_stale = true;
	} else if (nodes_equal(mems, cs->effective_mems)) {
		cpuset_note_mems(cs);
		return;
	}

	spin_lock_irq(&cpuset_masks_lock);
	cpumask_copy(cs->effective_cpus, &cpus);
	cs->effective_mems = mems;
	spin_unlock_irq(&cpuset_masks_lock);
	cpuset_note_mems(cs);
	cpuset_mark(cs);
}

/**
 * cpuset_refresh - make effective what was configured, in a subtree
 * @top: the set at its top
 *
 * Context: cpuset_mutex held. cpuset_settle() has to follow without it.
 */
void cpuset_refresh(struct cpuset *top)
{
	struct cpuset *cs;

	lockdep_assert_held(&cpuset_mutex);
	for_each_cpuset(cs, top)
		cpuset_refresh_one(cs);
}

/**
 * cpuset_set_conf - configure a set
 * @cs: the set
 * @trial: what it is to have
 *
 * Context: cpuset_mutex and cpus_read_lock() held; may sleep.
 */
void cpuset_set_conf(struct cpuset *cs, const struct cpuset_conf *trial)
{
	const unsigned long spread = BIT(CS_SPREAD_PAGE) | BIT(CS_SPREAD_SLAB);
	unsigned long changed = cs->conf.flags ^ trial->flags;
	struct cpuset *parent = cpuset_parent(cs);
	bool balanced = cpuset_is_balanced(cs);

	lockdep_assert_held(&cpuset_mutex);
	if (parent)
		parent->nr_exclusive += cpuset_is_exclusive(trial) -
					cpuset_is_exclusive(&cs->conf);
	spin_lock_irq(&cpuset_masks_lock);
	cpumask_copy(cs->conf.cpus, trial->cpus);
	cs->conf.mems = trial->mems;
	WRITE_ONCE(cs->conf.flags, trial->flags);
	spin_unlock_irq(&cpuset_masks_lock);

	if (changed & spread)
		cpuset_mark(cs);
	cpuset_refresh(cs);
	cpuset_update_keys();
	/* Also with the same CPUs, if these were lent, and are its own now. */
	if (cpuset_is_balanced(cs) != balanced && cpuset_shapes_domains(cs))
		cpuset_domains_stale = true;
	if (cpuset_domains_stale)
		cpuset_rebuild_domains();
}

/*
 * The life of a set
 */

/**
 * cpuset_put - undo cpuset_get()
 * @cs: the set
 *
 * Context: any.
 */
void cpuset_put(struct cpuset *cs)
{
	if (!refcount_dec_and_test(&cs->ref))
		return;
	free_cpumask_var(cs->effective_cpus);
	free_cpumask_var(cs->conf.cpus);
	kfree(cs);
}

static struct cpuset *cpuset_alloc(void)
{
	struct cpuset *cs = kzalloc(sizeof(*cs), GFP_KERNEL_ACCOUNT);

	if (!cs)
		return NULL;
	if (!zalloc_cpumask_var(&cs->conf.cpus, GFP_KERNEL_ACCOUNT)) {
		kfree(cs);
		return NULL;
	}
	if (!zalloc_cpumask_var(&cs->effective_cpus, GFP_KERNEL_ACCOUNT)) {
		free_cpumask_var(cs->conf.cpus);
		kfree(cs);
		return NULL;
	}
	return cs;
}

static struct rc_state *cpuset_create(struct rc_state *parent)
{
	struct cpuset *above = to_cpuset(parent), *cs = cpuset_alloc();

	if (!cs)
		return ERR_PTR(-ENOMEM);
	refcount_set(&cs->ref, 1);
	cs->relax_domain_level = -1;
	INIT_LIST_HEAD(&cs->children);
	INIT_LIST_HEAD(&cs->node);
	cpuset_meter_init(&cs->meter);
	/* Flags change under rc_mutex alone. */
	cs->conf.flags = BIT(CS_SCHED_LOAD_BALANCE) |
			 (above->conf.flags &
			  (BIT(CS_SPREAD_PAGE) | BIT(CS_SPREAD_SLAB) |
			   BIT(CS_CLONE_CHILDREN)));
	return &cs->st;
}

/* A new set has what the one above has, unless a sibling has some for itself. */
static void cpuset_clone(struct cpuset *cs)
{
	struct cpuset *parent = cpuset_parent(cs);
	bool top = parent == &top_cpuset;

	if (parent->nr_exclusive)
		return;
	spin_lock_irq(&cpuset_masks_lock);
	cpumask_copy(cs->conf.cpus,
		     top ? parent->effective_cpus : parent->conf.cpus);
	cs->conf.mems = top ? parent->effective_mems : parent->conf.mems;
	spin_unlock_irq(&cpuset_masks_lock);
	cpuset_refresh(cs);
	/* It has no tasks to settle. */
	cs->settled = cs->gen;
	cpuset_update_keys();
	if (cpuset_domains_stale)
		cpuset_rebuild_domains();
}

static void cpuset_online(struct rc_state *st)
{
	struct cpuset *cs = to_cpuset(st);

	/* Hotplug looks at it from here on. */
	if (IS_ENABLED(CONFIG_RC_DEBUG) && WARN_ON(!st->parent || !st->group))
		return;
	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	list_add_tail(&cs->node, &cpuset_parent(cs)->children);
	if (cpuset_is(cs, CS_CLONE_CHILDREN))
		cpuset_clone(cs);
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
}

static void cpuset_offline(struct rc_state *st)
{
	struct cpuset *cs = to_cpuset(st);

	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	list_del_init(&cs->node);
	cpuset_parent(cs)->nr_exclusive -= cpuset_is_exclusive(&cs->conf);
	cpuset_note_mems(cs);
	cpuset_update_keys();
	if (cpuset_is(cs, CS_SCHED_LOAD_BALANCE) &&
	    !cpumask_empty(cs->effective_cpus) && cpuset_shapes_domains(cs))
		cpuset_rebuild_domains();
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
}

static void cpuset_destroy(struct rc_state *st)
{
	cpuset_put(to_cpuset(st));
}

/* The next hierarchy, and tasks without one, find the top as it was at boot. */
static int cpuset_bind(struct rc_hierarchy *hier)
{
	struct cpuset_conf conf = top_cpuset.conf;

	if (hier)
		return 0;
	conf.flags = CPUSET_TOP_FLAGS;
	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	cpuset_memory_pressure_enabled = 0;
	if (top_cpuset.relax_domain_level != -1) {
		top_cpuset.relax_domain_level = -1;
		cpuset_domains_stale = true;
	}
	cpuset_set_conf(&top_cpuset, &conf);
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
	cpuset_settle_later();
	return 0;
}

/*
 * Files
 */

/* What the parsers of lists say of a number that is too large is a detail. */
static int cpuset_list_errno(int err)
{
	return err == -ENOMEM ? err : -EINVAL;
}

static int cpuset_parse_cpus(const struct cpuset *cs, struct cpuset_conf *trial,
			     const char *list)
{
	int err, cpu;

	if (!*list) {
		cpumask_clear(trial->cpus);
		return 0;
	}
	err = cpulist_parse(list, trial->cpus);
	if (err)
		return cpuset_list_errno(err);
	/* What is offline can stay, but not come. */
	for_each_cpu_andnot(cpu, trial->cpus, top_cpuset.effective_cpus)
		if (!cpumask_test_cpu(cpu, cs->conf.cpus))
			return rc_refuse(-EINVAL, NULL, "%d is not on line", cpu);
	return 0;
}

static int cpuset_parse_mems(const struct cpuset *cs, struct cpuset_conf *trial,
			     const char *list)
{
	nodemask_t known;
	int err;

	if (!*list) {
		nodes_clear(trial->mems);
		return 0;
	}
	err = nodelist_parse(list, trial->mems);
	if (err)
		return cpuset_list_errno(err);
	nodes_or(known, top_cpuset.effective_mems, cs->conf.mems);
	if (nodes_subset(trial->mems, known))
		return 0;
	return rc_refuse(-EINVAL, NULL, "only %*pbl have memory",
			 nodemask_pr_args(&known));
}

/* Memory that cannot be used for everything makes allocations check more. */
static void cpuset_check_movable(nodemask_t *mems)
{
	if (cpusets_insane_config() || !movable_only_nodes(mems))
		return;
	static_branch_enable_cpuslocked(&cpusets_insane_config_key);
	pr_info("rc: a cpuset has movable memory only (nodes %*pbl): allocations in it can fail although there is memory\n",
		nodemask_pr_args(mems));
}

/* Tries a configuration, and puts it in force if it may be. */
static int cpuset_try(struct cpuset *cs, struct cpuset_conf *trial)
{
	int err;

	err = cpuset_check(cs, trial, rc_state_has_tasks(&cs->st));
	if (err)
		return err;
	if (!nodes_equal(trial->mems, cs->conf.mems))
		cpuset_check_movable(&trial->mems);
	cpuset_set_conf(cs, trial);
	return 0;
}

/* A copy, since printing takes a while. */
static int cpuset_cpus_show(struct seq_file *m, struct rc_state *st,
			    const struct rc_file *file)
{
	struct cpuset *cs = to_cpuset(st);
	bool effective = file->private || cs == &top_cpuset;
	cpumask_var_t cpus;

	if (!alloc_cpumask_var(&cpus, GFP_KERNEL))
		return -ENOMEM;
	spin_lock_irq(&cpuset_masks_lock);
	cpumask_copy(cpus, effective ? cs->effective_cpus : cs->conf.cpus);
	spin_unlock_irq(&cpuset_masks_lock);
	seq_printf(m, "%*pbl\n", cpumask_pr_args(cpus));
	free_cpumask_var(cpus);
	return 0;
}

static int cpuset_mems_show(struct seq_file *m, struct rc_state *st,
			    const struct rc_file *file)
{
	struct cpuset *cs = to_cpuset(st);
	bool effective = file->private || cs == &top_cpuset;
	nodemask_t mems;

	spin_lock_irq(&cpuset_masks_lock);
	mems = effective ? cs->effective_mems : cs->conf.mems;
	spin_unlock_irq(&cpuset_masks_lock);
	seq_printf(m, "%*pbl\n", nodemask_pr_args(&mems));
	return 0;
}

static int cpuset_list_write(struct rc_state *st, const struct rc_file *file,
			     char *buf)
{
	struct cpuset *cs = to_cpuset(st);
	bool mems = file->show == cpuset_mems_show;
	struct cpuset_conf trial;
	int err;

	if (cs == &top_cpuset)
		return rc_refuse(-EACCES, NULL, "the root has all");
	err = cpuset_trial_init(&trial, cs);
	if (err)
		return err;

	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	err = mems ? cpuset_parse_mems(cs, &trial, buf) :
		     cpuset_parse_cpus(cs, &trial, buf);
	if (!err && !(cpumask_equal(trial.cpus, cs->conf.cpus) &&
		      nodes_equal(trial.mems, cs->conf.mems)))
		err = cpuset_try(cs, &trial);
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
	free_cpumask_var(trial.cpus);
	return err;
}

static u64 cpuset_flag_read(struct rc_state *st, const struct rc_file *file)
{
	return cpuset_is(to_cpuset(st), file->private);
}

static int cpuset_flag_write(struct rc_state *st, const struct rc_file *file,
			     u64 val)
{
	struct cpuset *cs = to_cpuset(st);
	struct cpuset_conf trial;
	int err;

	if (val > 1)
		return -EINVAL;
	err = cpuset_trial_init(&trial, cs);
	if (err)
		return err;
	__assign_bit(file->private, &trial.flags, val);

	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	if (trial.flags != cs->conf.flags)
		err = cpuset_try(cs, &trial);
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
	free_cpumask_var(trial.cpus);
	return err;
}

static s64 cpuset_relax_read(struct rc_state *st, const struct rc_file *file)
{
	return READ_ONCE(to_cpuset(st)->relax_domain_level);
}

static int cpuset_relax_write(struct rc_state *st, const struct rc_file *file,
			      s64 val)
{
	struct cpuset *cs = to_cpuset(st);

	if (val < -1 || val > sched_domain_level_max + 1)
		return -EINVAL;
	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	if (val != cs->relax_domain_level) {
		WRITE_ONCE(cs->relax_domain_level, val);
		if (cpuset_is(cs, CS_SCHED_LOAD_BALANCE) &&
		    !cpumask_empty(cs->effective_cpus))
			cpuset_rebuild_domains();
	}
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
	return 0;
}

static u64 cpuset_pressure_read(struct rc_state *st, const struct rc_file *file)
{
	return cpuset_meter_rate(&to_cpuset(st)->meter);
}

static u64 cpuset_pressure_enabled_read(struct rc_state *st,
					const struct rc_file *file)
{
	return READ_ONCE(cpuset_memory_pressure_enabled);
}

static int cpuset_pressure_enabled_write(struct rc_state *st,
					 const struct rc_file *file, u64 val)
{
	if (val > 1)
		return -EINVAL;
	WRITE_ONCE(cpuset_memory_pressure_enabled, val);
	return 0;
}

#define CPUSET_FLAG_FILE(_name, _flag)					\
	{ .name = (_name), .mode = 0644, .private = (_flag),		\
	  .read_u64 = cpuset_flag_read, .write_u64 = cpuset_flag_write }

static struct rc_file cpuset_files[] = {
	{ .name = "cpus", .mode = 0644,
	  .show = cpuset_cpus_show, .write = cpuset_list_write },
	{ .name = "mems", .mode = 0644,
	  .show = cpuset_mems_show, .write = cpuset_list_write },
	{ .name = "effective_cpus", .mode = 0444, .private = true,
	  .show = cpuset_cpus_show },
	{ .name = "effective_mems", .mode = 0444, .private = true,
	  .show = cpuset_mems_show },
	CPUSET_FLAG_FILE("cpu_exclusive", CS_CPU_EXCLUSIVE),
	CPUSET_FLAG_FILE("mem_exclusive", CS_MEM_EXCLUSIVE),
	CPUSET_FLAG_FILE("mem_hardwall", CS_MEM_HARDWALL),
	CPUSET_FLAG_FILE("sched_load_balance", CS_SCHED_LOAD_BALANCE),
	{ .name = "sched_relax_domain_level", .mode = 0644,
	  .read_s64 = cpuset_relax_read, .write_s64 = cpuset_relax_write },
	CPUSET_FLAG_FILE("memory_migrate", CS_MEMORY_MIGRATE),
	{ .name = "memory_pressure", .mode = 0444,
	  .read_u64 = cpuset_pressure_read },
	{ .name = "memory_pressure_enabled", .mode = 0644,
	  .flags = RC_FILE_ROOT_ONLY,
	  .read_u64 = cpuset_pressure_enabled_read,
	  .write_u64 = cpuset_pressure_enabled_write },
	CPUSET_FLAG_FILE("memory_spread_page", CS_SPREAD_PAGE),
	CPUSET_FLAG_FILE("memory_spread_slab", CS_SPREAD_SLAB),
	{ .name = "cgroup.clone_children", .mode = 0644,
	  .flags = RC_FILE_OLD, .private = CS_CLONE_CHILDREN,
	  .read_u64 = cpuset_flag_read, .write_u64 = cpuset_flag_write },
	{ }
};

struct rc_subsys cpuset_subsys = {
	.name		= "cpuset",
	.top		= &top_cpuset.st,
	.files		= cpuset_files,
	.create		= cpuset_create,
	.online		= cpuset_online,
	.offline	= cpuset_offline,
	.destroy	= cpuset_destroy,
	.bind		= cpuset_bind,
	.claim		= cpuset_claim,
	.unclaim	= cpuset_unclaim,
	.available	= cpuset_available,
	.can_attach	= cpuset_can_attach,
	.cancel_attach	= cpuset_cancel_attach,
	.attach		= cpuset_attach,
	.can_start	= cpuset_can_start,
	.fork		= cpuset_fork,
	.settle_task	= cpuset_settle_task,
	.settle		= cpuset_settle,
};

RC_SUBSYS(cpuset_subsys);
