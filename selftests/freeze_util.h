/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of freeze have in common: groups, and a task whose work can be seen. */
#ifndef FREEZE_UTIL_H
#define FREEZE_UTIL_H

#include "../kselftest_harness.h"
#include "rc_box.h"

#define KILLED (-1000 - SIGKILL)
#define THREADS 4

static inline int set_freeze(const char *grp, int value)
{
	return rc_write(rc_fmt("%s/freeze", grp), value ? "1" : "0");
}

static inline int wants(const char *grp)
{
	return rc_number(rc_fmt("%s/freeze", grp));
}

static inline int frozen(const char *grp)
{
	return rc_field(rc_fmt("%s/events", grp), "frozen");
}

/* What the group says when it says something else. */
static inline bool comes_to(const char *grp, int value)
{
	return RC_WAIT(frozen(grp) == value);
}

/* Work that threads of a process do, and forks, counted. */
struct work {
	long ready;
	long count[THREADS + 1];
	long stop;
};

FIXTURE(freeze)
{
	const char *hier;
	/* @sub is below @grp; @beside is not. */
	const char *grp;
	const char *sub;
	const char *beside;
	/* In another hierarchy. */
	const char *other;
	struct work *work;
};

FIXTURE_SETUP(freeze)
{
	const char *other;

	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	other = rc_hier_new();
	ASSERT_TRUE(self->hier && other);
	self->grp = rc_group_new(self->hier);
	self->beside = rc_group_new(self->hier);
	self->other = rc_group_new(other);
	ASSERT_TRUE(self->grp && self->beside && self->other);
	self->sub = rc_group_new(self->grp);
	self->work = rc_shared(sizeof(*self->work));
	ASSERT_TRUE(self->sub && self->work);
}

FIXTURE_TEARDOWN(freeze)
{
	EXPECT_EQ(0, rc_teardown());
}

static inline int count_on(void *arg)
{
	struct work *work = arg;

	while (!rc_get(&work->stop))
		rc_inc(&work->count[0]);
	return 0;
}

static inline pid_t worker_in(const char *grp, struct work *work)
{
	pid_t pid = rc_spawn(count_on, work);

	return pid < 0 || (grp && rc_attach(grp, pid)) ? -1 : pid;
}

/* Does the work go on? */
static inline bool runs(struct work *work)
{
	long was = rc_get(&work->count[0]);

	return RC_WAIT(rc_get(&work->count[0]) != was);
}

/* It has stopped, so some time that others have makes no difference. */
static inline bool stands(struct work *work)
{
	long was = rc_get(&work->count[0]);
	int i;

	for (i = 0; i < 20; i++)
		rc_nap();
	return rc_get(&work->count[0]) == was;
}

#endif /* FREEZE_UTIL_H */
