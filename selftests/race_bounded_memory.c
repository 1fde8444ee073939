// SPDX-License-Identifier: GPL-2.0
/* Moves of a task that never runs do not pile up memory. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define MOVES 100000

/* Unreclaimable slabs, in KiB, that may come and go for other reasons. */
#define NOISE_KIB 1024

/* What may wait for the end of a grace period at any time. */
#define PEAK_KIB (16 * 1024)
/* Proxies that other tasks of the guest may need meanwhile, in whole slabs. */
#define SPARE 256

FIXTURE(race)
{
	const char *hier;
	const char *grp[2];
	pid_t pid;
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp[0] = rc_group_new(self->hier);
	self->grp[1] = rc_group_new(self->hier);
	ASSERT_TRUE(self->grp[0] && self->grp[1]);
	self->pid = rc_sleeper();
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

static long meminfo_kib(const char *what)
{
	char buf[4096], *at;

	if (rc_read("/proc/meminfo", buf, sizeof(buf)) < 0)
		return -1;
	at = strstr(buf, what);
	return at ? atol(at + strlen(what)) : -1;
}

static long slab_kib(void)
{
	return meminfo_kib("SUnreclaim:");
}

/* Proxies that there are, those of free memory not yet handed back included. */
static long proxies(void)
{
	char *text = rc_text("/proc/slabinfo");
	char *at = text ? strstr(text, "\nnsproxy ") : NULL;
	long nr = at ? atol(at + strlen("\nnsproxy ")) : -1;

	free(text);
	return nr;
}

/*
 * A proxy for each move, kept for ever, would be 25 MB after 100,000 moves.
 * A debug kernel does as many as it has time for, and has bigger objects.
 */
TEST_F_TIMEOUT(race, back_and_forth, RC_RACE_TIMEOUT)
{
	double until = rc_now() + 3 * rc_race_seconds();
	bool debug = rc_debug_kernel();
	/* KASAN holds back what was freed, up to so much of the memory. */
	long held_back = debug ? meminfo_kib("MemTotal:") / 32 : 0;
	long before, peak, now, moves = 0;
	long few, most = 0;
	int i;

	/* What the first moves bring into the caches stays there. */
	for (i = 0; i < 1000; i++)
		ASSERT_EQ(0, rc_attach(self->grp[i % 2], self->pid));
	before = slab_kib();
	peak = before;
	few = proxies();
	ASSERT_LT(0, few);
	ASSERT_LT(0, before);
	while (moves < MOVES && !(debug && rc_now() > until && moves > 5000)) {
		ASSERT_EQ(0, rc_attach(self->grp[moves++ % 2], self->pid));
		if (moves % 512)
			continue;
		now = slab_kib();
		peak = now > peak ? now : peak;
		now = proxies();
		most = now > most ? now : most;
	}
	/* Two of them do for all the moves. */
	EXPECT_GT(few + SPARE, most);
	EXPECT_LT(5000, moves);
	EXPECT_GT(before + held_back + PEAK_KIB, peak);
	EXPECT_TRUE(RC_WAIT(slab_kib() <= before + held_back + NOISE_KIB));
	TH_LOG("%ld moves, %ld KiB before, %ld at most, %ld in the end", moves,
	       before, peak, slab_kib());
	TH_LOG("%ld proxies before, %ld at most", few, most);
	EXPECT_STREQ(self->grp[(moves - 1) % 2] + strlen(self->hier),
		     rc_where(self->pid, self->hier));
	ASSERT_EQ(0, rc_attach(self->hier, self->pid));
	EXPECT_EQ(0, rc_rmdir(self->grp[0]));
	EXPECT_EQ(0, rc_rmdir(self->grp[1]));
}

TEST_HARNESS_MAIN
