// SPDX-License-Identifier: GPL-2.0
/* Waiting for events of groups that change, go and come back. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

#define PAIRS 3
#define BYSTANDERS 2

/* One group that one process changes and another one waits for. */
struct pair {
	const char *grp;
	pid_t sleeper;
	/* Steps of the one that changes, and what the other one has seen. */
	long step;
	long seen;
	long opened;
	long lost;
	long wrong;
};

struct shared {
	const char *hier;
	struct pair pairs[PAIRS];
	/* For those who change, and, when these have ended, for the others. */
	long stop;
	long over;
	long waits;
	long removals;
};

static struct shared *shared;

/* Waits without a time limit: when that is over, it would look once more. */
static int wait_poll(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };

	return poll(&poll_fd, 1, -1) == 1 ? 0 : -errno;
}

static int epoll_fd = -1;

static int wait_epoll(int fd)
{
	struct epoll_event event;

	return epoll_wait(epoll_fd, &event, 1, -1) == 1 ? 0 : -errno;
}

/* One more each time, as a busy program has many. */
static int wait_epoll_anew(int fd)
{
	struct epoll_event event = { .events = EPOLLPRI };
	int anew = epoll_create1(0), ret;

	if (anew < 0 || epoll_ctl(anew, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	ret = epoll_wait(anew, &event, 1, -1) == 1 ? 0 : -errno;
	close(anew);
	return ret;
}

FIXTURE(race)
{
	pid_t pids[2 * PAIRS + BYSTANDERS];
};

FIXTURE_VARIANT(race)
{
	int (*wait)(int fd);
	unsigned int flags;
};

FIXTURE_VARIANT_ADD(race, poll) { wait_poll, 0 };
FIXTURE_VARIANT_ADD(race, epoll) { wait_epoll, 0 };
FIXTURE_VARIANT_ADD(race, epoll_edge) { wait_epoll, EPOLLET };
FIXTURE_VARIANT_ADD(race, epoll_anew) { wait_epoll_anew, 0 };

FIXTURE_SETUP(race)
{
	int i;

	ASSERT_EQ(0, rc_setup());
	shared = rc_shared(sizeof(*shared));
	ASSERT_TRUE(!!shared);
	shared->hier = rc_hier_new();
	ASSERT_TRUE(!!shared->hier);
	for (i = 0; i < PAIRS; i++) {
		shared->pairs[i].grp = rc_group_new(shared->hier);
		ASSERT_TRUE(!!shared->pairs[i].grp);
		shared->pairs[i].sleeper = rc_sleeper();
	}
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

static int open_events(const struct pair *pair, unsigned int flags)
{
	struct epoll_event event = { .events = EPOLLPRI | flags };
	int fd = rc_open(rc_fmt("%s/events", pair->grp), O_RDONLY);

	if (fd < 0)
		return fd;
	/* The one that went was taken out by its last close. */
	if (epoll_fd >= 0 && epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return -errno;
	return fd;
}

/* Tells of all that it sees, and opens the file again when it has gone. */
static int wait_on(struct pair *pair, int (*wait)(int fd), unsigned int flags)
{
	int fd;

	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		return -errno;
	fd = open_events(pair, flags);
	if (fd < 0)
		return fd;
	rc_inc(&pair->opened);
	while (!rc_get(&shared->over)) {
		int len, ret = wait(fd);
		char buf[32];

		if (ret)
			return ret;
		len = pread(fd, buf, sizeof(buf), 0);
		if (len == (int)strlen("populated 1\nfrozen 0\n")) {
			rc_set(&pair->seen, buf[10] == '1');
		} else if (len < 0 && errno == ENODEV) {
			close(fd);
			rc_set(&pair->seen, -1);
			do {
				fd = open_events(pair, flags);
				rc_nap();
			} while (fd == -ENOENT);
			if (fd < 0)
				return fd;
			rc_inc(&pair->opened);
		} else {
			rc_inc(&pair->wrong);
		}
		rc_inc(&shared->waits);
	}
	return 0;
}

/* The next step comes when the one before was seen. */
static int change_on(struct pair *pair)
{
	unsigned int turn;

	for (turn = 0; !rc_get(&shared->stop); turn++) {
		long opened = rc_get(&pair->opened);

		if (rc_attach(pair->grp, pair->sleeper))
			return -EIO;
		if (!RC_WAIT(rc_get(&pair->seen) == 1))
			rc_inc(&pair->lost);
		if (rc_attach(shared->hier, pair->sleeper))
			return -EIO;
		if (!RC_WAIT(rc_get(&pair->seen) == 0))
			rc_inc(&pair->lost);
		if (rc_get(&pair->lost))
			return -ETIMEDOUT;
		if (turn % 3)
			continue;
		if (rc_rmdir(pair->grp))
			return -EBUSY;
		if (!RC_WAIT(rc_get(&pair->seen) == -1)) {
			rc_inc(&pair->lost);
			return -ETIMEDOUT;
		}
		if (rc_mkdir(pair->grp))
			return -EEXIST;
		rc_inc(&shared->removals);
		if (!RC_WAIT(rc_get(&pair->opened) > opened))
			return -ETIMEDOUT;
	}
	return 0;
}

/* Comes to the same waiting lines and leaves them. */
static int stand_by(int nr)
{
	unsigned int turn;

	for (turn = nr; !rc_get(&shared->stop); turn++) {
		struct pair *pair = &shared->pairs[turn % PAIRS];
		struct pollfd poll_fd = { .events = POLLPRI };
		char buf[32];

		poll_fd.fd = rc_open(rc_fmt("%s/events", pair->grp), O_RDONLY);
		if (poll_fd.fd < 0)
			continue;
		poll(&poll_fd, 1, 1);
		if (pread(poll_fd.fd, buf, sizeof(buf), 0) < 0 &&
		    errno != ENODEV)
			rc_inc(&pair->wrong);
		close(poll_fd.fd);
	}
	return 0;
}

/* Every change wakes who waits for it, within all patience. */
TEST_F_TIMEOUT(race, no_lost_wakeup, RC_RACE_TIMEOUT)
{
	double until = rc_now() + rc_race_seconds() / 4.0;
	int i, nr = 0;

	for (i = 0; i < PAIRS; i++) {
		struct pair *pair = &shared->pairs[i];

		self->pids[nr] = rc_fork();
		if (!self->pids[nr++])
			_exit(-wait_on(pair, variant->wait, variant->flags));
		ASSERT_TRUE(RC_WAIT(rc_get(&pair->opened)));
	}
	for (i = 0; i < BYSTANDERS; i++) {
		self->pids[nr] = rc_fork();
		if (!self->pids[nr++])
			_exit(-stand_by(i));
	}
	for (i = 0; i < PAIRS; i++) {
		self->pids[nr] = rc_fork();
		if (!self->pids[nr++])
			_exit(-change_on(&shared->pairs[i]));
	}
	while (rc_now() < until || !rc_get(&shared->waits) ||
	       !rc_get(&shared->removals))
		rc_nap();
	rc_set(&shared->stop, 1);
	for (i = PAIRS; i < nr; i++)
		EXPECT_EQ(0, rc_reap(self->pids[i]));
	/* Who was not woken would never end. */
	for (i = 0; i < PAIRS; i++)
		ASSERT_EQ(0, shared->pairs[i].lost);
	/* Who waits sees it with one more change. */
	rc_set(&shared->over, 1);
	for (i = 0; i < PAIRS; i++) {
		struct pair *pair = &shared->pairs[i];

		ASSERT_EQ(0, rc_attach(pair->grp, pair->sleeper));
		EXPECT_EQ(0, rc_reap(self->pids[i]));
		EXPECT_EQ(0, pair->wrong);
	}
	TH_LOG("%ld waits, %ld removals", shared->waits, shared->removals);
	EXPECT_LT(0, shared->waits);
	EXPECT_LT(0, shared->removals);
}

TEST_HARNESS_MAIN
