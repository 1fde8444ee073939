// SPDX-License-Identifier: GPL-2.0
/*
 * Random steps, one after the other: lists of CPUs are written, tasks are moved
 * and ask for affinities, CPUs go and come. After each, everybody has what the
 * rules say.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"

#define CPUS 4
#define ALL ((1U << CPUS) - 1)
#define SETS 4
#define TASKS 3

/* Number 0 is the root; 2 is below 1, all others are below the root. */
static const int parent_of[SETS] = { -1, 0, 1, 0 };

/**
 * struct model - what there should be
 * @path: of each group
 * @cpus: what each has configured, as bits
 * @online: CPUs
 * @pid: tasks
 * @in: the group of each
 * @asked: the affinity of each, 0 for none
 * @lost: it was in the root when a CPU went: what it has then is not our business
 * @forgot: it had asked for none but those that went, and may not have asked at all
 *	by now, until it does so again
 */
struct model {
	const char *path[SETS];
	unsigned int cpus[SETS];
	unsigned int online;
	pid_t pid[TASKS];
	int in[TASKS];
	unsigned int asked[TASKS];
	bool lost[TASKS];
	bool forgot[TASKS];
	unsigned int seed;
	long steps;
};

FIXTURE(model)
{
	struct model m;
};

static unsigned int pick(struct model *m, unsigned int nr)
{
	return (unsigned int)rand_r(&m->seed) % nr;
}

static const char *list(unsigned int bits)
{
	cpu_set_t set;
	int i;

	CPU_ZERO(&set);
	for (i = 0; i < CPUS; i++)
		if (bits & (1U << i))
			CPU_SET(i, &set);
	return cs_list(&set);
}

static unsigned int effective(const struct model *m, int set)
{
	while (set && !(m->cpus[set] & m->online))
		set = parent_of[set];
	return set ? m->cpus[set] & m->online : m->online;
}

static unsigned int allowed(const struct model *m, int task)
{
	unsigned int cpus = m->in[task] ? effective(m, m->in[task]) : ALL;

	return m->asked[task] & cpus ? m->asked[task] & cpus : cpus;
}

/* What a write is told: nobody is without CPUs, none has more than its parent. */
static int write_errno(const struct model *m, int set, unsigned int cpus)
{
	int i;

	if (cpus & ~m->online & ~m->cpus[set])
		return -EINVAL;
	if (cpus == m->cpus[set])
		return 0;
	for (i = 1; i < SETS; i++)
		if (parent_of[i] == set && (m->cpus[i] & ~cpus))
			return -EBUSY;
	if (parent_of[set] && (cpus & ~m->cpus[parent_of[set]]))
		return -EACCES;
	return 0;
}

static int step_write(struct model *m)
{
	int set = 1 + pick(m, SETS - 1), ret, expected;
	unsigned int cpus = 1 + pick(m, ALL);

	expected = write_errno(m, set, cpus);
	ret = cs_write(m->path[set], "cpus", list(cpus));
	if (!ret)
		m->cpus[set] = cpus;
	return ret == expected ? 0 : -EBADMSG;
}

static int step_move(struct model *m)
{
	int task = pick(m, TASKS), set = pick(m, SETS);
	int ret = cs_attach(m->path[set], m->pid[task]);

	m->in[task] = set;
	/* It has others then, and keeps them. */
	m->lost[task] = !set && !(m->asked[task] & m->online);
	return ret;
}

static int step_ask(struct model *m)
{
	unsigned int cpus = 1 + pick(m, ALL), may;
	int task = pick(m, TASKS), ret;

	may = m->in[task] ? effective(m, m->in[task]) : ALL;
	ret = cs_set_affinity(m->pid[task], list(cpus));
	if (!(cpus & may & m->online))
		return ret == -EINVAL ? 0 : -EBADMSG;
	m->asked[task] = cpus;
	m->lost[task] = false;
	m->forgot[task] = false;
	return ret;
}

static int step_hotplug(struct model *m)
{
	int cpu = 1 + pick(m, CPUS - 1), i, ret;
	bool on = !(m->online & (1U << cpu));

	ret = cs_online_cpu(cpu, on);
	if (ret)
		return ret;
	m->online ^= 1U << cpu;
	for (i = 0; i < TASKS; i++) {
		m->lost[i] |= !m->in[i];
		m->forgot[i] |= !m->in[i] && !(m->asked[i] & m->online);
	}
	return 0;
}

static int check(struct __test_metadata *_metadata, const struct model *m)
{
	int i;

	for (i = 1; i < SETS; i++)
		if (strcmp(cs_read(m->path[i], "effective_cpus"),
			   list(effective(m, i))))
			return -EUCLEAN;
	/* Hotplug that is called off leaves work behind; nothing else does. */
	for (i = 0; i < TASKS; i++) {
		double until = rc_now() + 10;

		if (m->lost[i] || m->forgot[i])
			continue;
		while (strcmp(cs_cpus_allowed(m->pid[i]),
			      list(allowed(m, i)))) {
			if (rc_now() > until) {
				TH_LOG("task %d in %d, asked %s: %s, not %s", i,
				       m->in[i], list(m->asked[i]),
				       cs_cpus_allowed(m->pid[i]),
				       list(allowed(m, i)));
				return -EUCLEAN;
			}
			rc_nap();
		}
	}
	return 0;
}

FIXTURE_SETUP(model)
{
	struct model *m = &self->m;
	int i;

	m->path[0] = CS_SETUP(return);
	if (cs_nr_cpus() != CPUS)
		SKIP(return, "for four CPUs");
	m->online = ALL;
	m->cpus[0] = ALL;
	for (i = 1; i < SETS; i++) {
		m->path[i] = cs_new(m->path[parent_of[i]], "0-3", "0");
		ASSERT_TRUE(!!m->path[i]);
		m->cpus[i] = ALL;
	}
	/* Two that run, whom hotplug has to move, and one that sleeps. */
	for (i = 0; i < TASKS; i++) {
		m->pid[i] = i ? rc_spinner() : rc_sleeper();
		ASSERT_LT(0, m->pid[i]);
		/* What was asked for before is forgotten by asking for all. */
		ASSERT_EQ(0, cs_set_affinity(m->pid[i], "0-3"));
		m->asked[i] = ALL;
	}
	m->seed = getenv("SEED") ? strtoul(getenv("SEED"), NULL, 0) : time(NULL);
	TH_LOG("seed %u", m->seed);
}

FIXTURE_TEARDOWN(model)
{
	EXPECT_EQ(0, cs_teardown());
}

TEST_F_TIMEOUT(model, random_steps, RC_RACE_TIMEOUT)
{
	static int (*const steps[])(struct model *m) = {
		step_write, step_write, step_write, step_move, step_move,
		step_move, step_ask, step_ask, step_hotplug,
	};
	double until = rc_now() + rc_race_seconds();
	struct model *m = &self->m;

	for (; rc_now() < until; m->steps++) {
		unsigned int nr = pick(m, ARRAY_SIZE(steps));

		ASSERT_EQ(0, steps[nr](m)) {
			TH_LOG("step %ld of kind %u", m->steps, nr);
		}
		ASSERT_EQ(0, check(_metadata, m)) {
			TH_LOG("after step %ld of kind %u", m->steps, nr);
		}
	}
	TH_LOG("%ld steps", m->steps);
}

TEST_HARNESS_MAIN
