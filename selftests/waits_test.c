// SPDX-License-Identifier: GPL-2.0
/*
 * Somebody is as slow as he can be made while he does what takes each of our locks.
 * Others wait for him no longer than the user guide says, whatever they do. A holder
 * is a variant here and a row there; what others do is a line in a table.
 *
 * Machine: numa
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"
#include "guide_table.h"
#include "waits_holders.h"

/* Times the bound, after which the holder is ended, so that the test can go on. */
#define RESCUE 10
/* The debug kernel is slow, and who is measured waits for a CPU, too. */
#define SLOWER (rc_debug_kernel() ? 5 : 1)

enum kind { CHANGE, OTHER, KINDS };

/* What is done by one who has nothing to do with the holder but the machine. */
struct scene {
	/* His group, another one to move to, and one that comes and goes. */
	char *grp;
	char *to;
	char *sub;
	char *renamed;
	pid_t sleeper;
	/* Milliseconds since boot when the operation began that goes on; 0: none. */
	long since;
	long stop;
	double longest[16];
	long rounds;
	int op;
	int ret;
};

static int make(const struct scene *s)
{
	return rc_mkdir(s->sub);
}

static int change_name(const struct scene *s)
{
	return rename(s->sub, s->renamed) ? -errno : 0;
}

static int remove_it(const struct scene *s)
{
	return rc_rmdir(s->renamed);
}

static int move(const struct scene *s)
{
	return rc_attach(s->rounds % 2 ? s->grp : s->to, s->sleeper);
}

static int write_cpus(const struct scene *s)
{
	return cs_write(s->to, "cpus", s->rounds % 2 ? "0" : "0-1");
}

static int read_file(const struct scene *s, const char *name)
{
	char buf[512];
	int ret = rc_read(rc_fmt("%s/%s", s->grp, name), buf, sizeof(buf));

	return ret < 0 ? ret : 0;
}

static int read_tasks(const struct scene *s)
{
	return read_file(s, "tasks");
}

static int read_events(const struct scene *s)
{
	return read_file(s, "events");
}

static int read_usage(const struct scene *s)
{
	return read_file(s, "cpuacct.usage");
}

static int read_groups(const struct scene *s)
{
	char buf[512];
	int ret = rc_read(rc_fmt("/proc/%d/rc", s->sleeper), buf, sizeof(buf));

	return ret < 0 ? ret : 0;
}

static int list(const struct scene *s)
{
	DIR *dir = opendir(s->grp);
	int nr = 0;

	while (dir && readdir(dir))
		nr++;
	if (dir)
		closedir(dir);
	return nr ? 0 : -EIO;
}

static int look(const struct scene *s)
{
	struct stat st;

	return stat(s->grp, &st) ? -errno : 0;
}

static int bear(const struct scene *s)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(EXIT_SUCCESS);
	return pid < 0 || waitpid(pid, &status, 0) != pid ? -errno : 0;
}

/* Each round does all of them once, in this order. */
static const struct {
	const char *name;
	enum kind kind;
	int (*fn)(const struct scene *s);
} ops[] = {
	{ "mkdir", CHANGE, make },
	{ "rename", CHANGE, change_name },
	{ "move", CHANGE, move },
	{ "cpus", CHANGE, write_cpus },
	{ "tasks", OTHER, read_tasks },
	{ "events", OTHER, read_events },
	{ "usage", OTHER, read_usage },
	{ "groups", OTHER, read_groups },
	{ "readdir", OTHER, list },
	{ "stat", OTHER, look },
	{ "fork", OTHER, bear },
	{ "rmdir", CHANGE, remove_it },
};

FIXTURE(waits)
{
	struct scene *scene;
	struct holder *holder;
	/* By kind, in seconds. */
	double bound[KINDS];
};

FIXTURE_VARIANT(waits)
{
	const char *name;
	int (*start)(struct holder *holder);
};

#define HOLDER(_name) \
	FIXTURE_VARIANT_ADD(waits, _name) { .name = #_name, .start = holder_##_name }

HOLDER(starved);
HOLDER(stalled);
HOLDER(realtime);
HOLDER(groups);
HOLDER(threads);
HOLDER(memory);
HOLDER(signals);

/* "1 s" or "200 ms" as a literal; 0: neither. */
static double seconds_of(const char *cell)
{
	char *text = guide_literal(cell), *end;
	double number = text ? strtod(text, &end) : 0;

	if (number && !strcmp(end, " ms"))
		return number / 1e3;
	return number && !strcmp(end, " s") ? number : 0;
}

/* What the guide says of a holder: its name begins the first cell. */
static int read_bounds(const char *name, double *bound)
{
	char *guide = guide_read();
	struct guide_table table;
	int i;

	if (!guide || guide_table(guide, "waits", &table))
		return -ENOENT;
	for (i = 0; i < table.nr; i++) {
		const char *at = table.row[i].cell[0];
		char *literal = guide_next_literal(&at);

		if (!literal || strcmp(literal, name))
			continue;
		bound[CHANGE] = seconds_of(table.row[i].cell[1]) * SLOWER;
		bound[OTHER] = seconds_of(table.row[i].cell[2]) * SLOWER;
		return bound[CHANGE] && bound[OTHER] ? 0 : -EBADMSG;
	}
	return -ENOENT;
}

/* Where the kernel can be preempted, who starves may do so with a mutex. */
static const char *row_of(const char *name)
{
	return strcmp(name, "starved") || !rc_preemptible_kernel() ? name : "preempted";
}

static char *fill(const char *parent, const char *name)
{
	char *path = strdup(rc_fmt("%s/%s", parent, name));

	return rc_mkdir(path) || cs_write(path, "cpus", "0-1") || cs_write(path, "mems", "0") ?
	       NULL : path;
}

static int make_scene(struct scene *s, const char *hier)
{
	s->grp = fill(hier, "others");
	s->to = fill(hier, "to");
	if (!s->grp || !s->to)
		return -EIO;
	s->sub = strdup(rc_fmt("%s/sub", s->grp));
	s->renamed = strdup(rc_fmt("%s/renamed", s->grp));
	s->sleeper = rc_sleeper();
	return s->sleeper < 0 ? -ECHILD : rc_attach(s->grp, s->sleeper);
}

FIXTURE_SETUP(waits)
{
	const char *hier;

	if (!rc_has_subsys("cpuset") || !rc_has_subsys("cpuacct"))
		SKIP(return, "kernel without CONFIG_RC_CPUSET or CONFIG_RC_CPUACCT");
	ASSERT_LE(4, cs_nr_cpus());
	ASSERT_LE(2, cs_nr_mems());
	ASSERT_EQ(0, rc_setup());
	ASSERT_EQ(0, read_bounds(row_of(variant->name), self->bound));
	self->scene = rc_shared(sizeof(*self->scene));
	self->holder = rc_shared(sizeof(*self->holder));
	ASSERT_TRUE(self->scene && self->holder);
	hier = rc_bound_new("cpuset,cpuacct");
	ASSERT_TRUE(!!hier);
	self->holder->hier = strdup(hier);
	ASSERT_EQ(0, make_scene(self->scene, self->holder->hier));
	self->holder->grp = fill(self->holder->hier, "holder");
	ASSERT_TRUE(!!self->holder->grp);
	ASSERT_EQ(0, variant->start(self->holder));
}

FIXTURE_TEARDOWN(waits)
{
	EXPECT_EQ(0, rc_teardown());
}

/* One operation after the other, each with its time. */
static int go_on(void *arg)
{
	struct scene *s = arg;
	size_t i;

	while (!rc_get(&s->stop)) {
		for (i = 0; i < ARRAY_SIZE(ops) && !s->ret; i++) {
			double start = rc_now();

			s->op = i;
			rc_set(&s->since, start * 1e3);
			s->ret = ops[i].fn(s);
			rc_set(&s->since, 0);
			start = rc_now() - start;
			if (start > s->longest[i])
				s->longest[i] = start;
		}
		if (s->ret)
			return s->ret;
		rc_inc(&s->rounds);
		rc_nap();
	}
	return 0;
}

/* True if somebody had to be ended. */
static bool watch(struct scene *s, struct holder *holder, double seconds, double bound)
{
	double until = rc_now() + seconds;
	bool rescued = false;

	/* A slow machine is given the time to come round. */
	while ((rc_now() < until ||
		((rc_get(&s->rounds) <= 2 || !rc_get(&holder->turns)) &&
		 rc_now() < until + RC_PATIENCE)) && !rescued) {
		long since = rc_get(&s->since);

		holder_turn(holder, rc_get(&s->rounds));
		rescued = since && rc_now() * 1e3 - since > RESCUE * bound * 1e3;
		rc_nap();
	}
	return rescued;
}

TEST_F_TIMEOUT(waits, bounded, RC_RACE_TIMEOUT)
{
	double most[KINDS] = {}, bound = self->bound[CHANGE];
	struct scene *s = self->scene;
	bool rescued;
	size_t i;
	pid_t pid;

	ASSERT_EQ(0, cs_set_affinity(0, "0-1"));
	pid = rc_spawn(go_on, s);
	ASSERT_LT(0, pid);
	rescued = watch(s, self->holder, rc_race_seconds() / 5.0 + 1, bound);
	rc_set(&s->stop, 1);
	holder_end(self->holder);
	EXPECT_EQ(0, rc_reap(pid)) {
		TH_LOG("%s: %d", ops[s->op].name, s->ret);
	}
	EXPECT_FALSE(rescued) {
		TH_LOG("%s had to be ended", variant->name);
	}
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		TH_LOG("%s %s %.0f ms", variant->name, ops[i].name, s->longest[i] * 1e3);
		if (s->longest[i] > most[ops[i].kind])
			most[ops[i].kind] = s->longest[i];
	}
	TH_LOG("%ld rounds beside %ld of his: %s", s->rounds, rc_get(&self->holder->turns),
	       self->holder->at);
	EXPECT_LT(2, s->rounds);
	EXPECT_LT(0, rc_get(&self->holder->turns));
	EXPECT_GT(self->bound[CHANGE], most[CHANGE]);
	EXPECT_GT(self->bound[OTHER], most[OTHER]);
}

TEST_HARNESS_MAIN
