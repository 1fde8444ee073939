// SPDX-License-Identifier: GPL-2.0
/*
 * Scheduling domains from cpusets: between which CPUs the scheduler balances
 * load, and in which deadline tasks share bandwidth.
 *
 * While the top set has sched_load_balance, there is one domain of all CPUs. Else
 * each set that has it, and none above it that has, is balanced within; sets
 * that overlap make one domain. CPUs that isolcpus= takes out are in none.
 */

#include <linux/cpu.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/deadline.h>
#include <linux/sched/isolation.h>
#include <linux/sched/topology.h>
#include <linux/slab.h>

#define CPUSET_PROVIDER_NAME	rc
#include "cpuset.h"

/* They are to be rebuilt. Protected by cpuset_mutex or by CPU hotplug. */
bool cpuset_domains_stale;

/* Which domain a CPU is in; 0 for none. Protected by cpuset_mutex. */
static unsigned int cpuset_domain_of[NR_CPUS];

/**
 * struct cpuset_domains - what the scheduler is given, which then owns it
 * @nr: how many
 * @cpus: CPUs of each, or NULL: one with all CPUs
 * @attr: more about each, or NULL
 */
struct cpuset_domains {
	int nr;
	cpumask_var_t *cpus;
	struct sched_domain_attr *attr;
};

/**
 * cpuset_is_balanced - does a set make a scheduling domain, or belong to one?
 * @cs: the set
 *
 * With CPUs of its own, and not those that it has got for lost ones.
 *
 * Context: cpuset_mutex held.
 * Return: true if it does.
 */
bool cpuset_is_balanced(const struct cpuset *cs)
{
	return cpuset_is(cs, CS_SCHED_LOAD_BALANCE) &&
	       !cpuset_lost_cpus(cs) &&
	       cpumask_intersects(cs->effective_cpus,
				  housekeeping_cpumask(HK_TYPE_DOMAIN));
}

/* The topmost sets that are balanced; no more than @max. */
static unsigned int cpuset_balanced(struct cpuset **sets, unsigned int max)
{
	struct cpuset *cs = &top_cpuset;
	unsigned int nr = 0;

	while (cs) {
		bool balanced = cpuset_is_balanced(cs);

		if (balanced && nr < max)
			sets[nr] = cs;
		nr += balanced;
		/* What is below has nothing that this has not. */
		cs = cpuset_next(cs, &top_cpuset,
				 balanced || cpumask_empty(cs->effective_cpus));
	}
	return nr;
}

/* Each with the last one before it that has a CPU, for each of its CPUs. */
static void cpuset_merge_overlapping(struct cpuset **sets, unsigned int nr)
{
	/* Will be filled in afterwards. */
	unsigned int *last = cpuset_domain_of, i;
	int cpu;

	memset(last, 0, sizeof(cpuset_domain_of));
	for (i = 0; i < nr; i++)
		uf_node_init(&sets[i]->uf);
	for (i = 0; i < nr; i++) {
		for_each_cpu(cpu, sets[i]->effective_cpus) {
			if (last[cpu])
				uf_union(&sets[i]->uf, &sets[last[cpu] - 1]->uf);
			last[cpu] = i + 1;
		}
	}
}

static bool cpuset_is_first(const struct cpuset *cs)
{
	return cs->uf.parent == &cs->uf;
}

/* The widest of the levels that a set and those below it ask for. */
static int cpuset_relax_level(struct cpuset *top)
{
	int level = -1;
	struct cpuset *cs;

	for_each_cpuset(cs, top)
		if (cpuset_is(cs, CS_SCHED_LOAD_BALANCE) &&
		    !cpumask_empty(cs->effective_cpus))
			level = max(level, cs->relax_domain_level);
	return level;
}

static void cpuset_add_domain(struct cpuset_domains *doms, int n,
			      struct cpuset **sets, unsigned int nr,
			      struct cpuset *first)
{
	struct cpumask *cpus = doms->cpus[n];
	int level = -1;
	unsigned int i;

	cpumask_clear(cpus);
	for (i = 0; i < nr; i++) {
		if (uf_find(&sets[i]->uf) != &first->uf)
			continue;
		cpumask_or(cpus, cpus, sets[i]->effective_cpus);
		level = max(level, cpuset_relax_level(sets[i]));
	}
	cpumask_and(cpus, cpus, housekeeping_cpumask(HK_TYPE_DOMAIN));
	/* Without memory for attributes the scheduler takes the defaults. */
	if (doms->attr) {
		doms->attr[n] = SD_ATTR_INIT;
		doms->attr[n].relax_domain_level = level;
	}
}

/* Without memory, all CPUs are one domain: rather that than an error. */
static void cpuset_generate(struct cpuset_domains *doms)
{
	unsigned int i, n = 0, nr = cpuset_balanced(NULL, 0);
	struct cpuset **sets;

	*doms = (struct cpuset_domains) { .nr = 1 };
	sets = kmalloc_array(max(nr, 1), sizeof(*sets), GFP_KERNEL);
	if (!sets)
		return;
	cpuset_balanced(sets, nr);
	cpuset_merge_overlapping(sets, nr);
	for (i = 0; i < nr; i++)
		n += cpuset_is_first(sets[i]);

	doms->cpus = alloc_sched_domains(n);
	if (doms->cpus) {
		doms->nr = n;
		doms->attr = kmalloc_array(n, sizeof(*doms->attr), GFP_KERNEL);
		for (i = 0, n = 0; i < nr; i++)
			if (cpuset_is_first(sets[i]))
				cpuset_add_domain(doms, n++, sets, nr, sets[i]);
	}
	kfree(sets);
}

static void cpuset_note_domains(const struct cpuset_domains *doms)
{
	int i, cpu;

	for_each_possible_cpu(cpu)
		cpuset_domain_of[cpu] = doms->nr && !doms->cpus &&
			housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN);
	for (i = 0; doms->cpus && i < doms->nr; i++)
		for_each_cpu(cpu, doms->cpus[i])
			cpuset_domain_of[cpu] = i + 1;
}

/**
 * cpuset_domains_init - note the domain that the scheduler has made at boot
 *
 * All CPUs, but those that isolcpus= takes out.
 */
void __init cpuset_domains_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		cpuset_domain_of[cpu] =
			housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN);
}

/**
 * cpuset_same_domain - is a CPU in one scheduling domain with any of others?
 * @cpu: the CPU
 * @cpus: the others
 *
 * Context: cpuset_mutex held.
 * Return: true if it is; also if all are in none, where they share bandwidth too.
 */
bool cpuset_same_domain(int cpu, const struct cpumask *cpus)
{
	int other;

	lockdep_assert_held(&cpuset_mutex);
	for_each_cpu(other, cpus)
		if (cpuset_domain_of[other] == cpuset_domain_of[cpu])
			return true;
	return false;
}

/**
 * cpuset_shapes_domains - do domains depend on what CPUs a set has?
 * @cs: the set, which has sched_load_balance, or has had it
 *
 * Not where one above is balanced, which speaks for it in all but the level that
 * it asks for.
 *
 * Context: cpuset_mutex held.
 * Return: true if they do.
 */
bool cpuset_shapes_domains(const struct cpuset *cs)
{
	lockdep_assert_held(&cpuset_mutex);
	if (cs->relax_domain_level != -1)
		return true;
	while ((cs = cpuset_parent(cs)))
		if (cpuset_is_balanced(cs))
			return false;
	return true;
}

/**
 * cpuset_rebuild_domains - give the scheduler the domains that sets make
 *
 * Context: cpuset_mutex and cpus_read_lock() held; may sleep.
 */
void cpuset_rebuild_domains(void)
{
	struct cpuset_domains doms;

	lockdep_assert_cpus_held();
	lockdep_assert_held(&cpuset_mutex);
	cpuset_domains_stale = false;
	/* Hotplug is on its way here with CPUs that are right. */
	if (!cpumask_equal(top_cpuset.effective_cpus, cpu_active_mask))
		return;

	cpuset_generate(&doms);
	cpuset_note_domains(&doms);
	cpuset_dl_expire_all();
	dl_begin_account();
	mutex_lock(&sched_domains_mutex);
	partition_sched_domains_locked(doms.nr, doms.cpus, doms.attr);
	cpuset_dl_account();
	mutex_unlock(&sched_domains_mutex);
}

/**
 * rebuild_sched_domains - the same for the scheduler's own reasons
 *
 * Context: no locks held; may sleep.
 */
void rebuild_sched_domains(void)
{
	cpus_read_lock();
	mutex_lock(&cpuset_mutex);
	cpuset_rebuild_domains();
	mutex_unlock(&cpuset_mutex);
	cpus_read_unlock();
}

void cpuset_force_rebuild(void)
{
	cpuset_domains_stale = true;
}
