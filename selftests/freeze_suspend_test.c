// SPDX-License-Identifier: GPL-2.0
/*
 * The machine goes to sleep, as far as all that is in user mode, and wakes up: what is frozen
 * stays so, and what is not goes on.
 *
 * Kernel: PM_SLEEP_DEBUG
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "freeze_util.h"

/* All of user mode stops, for a second. */
static int go_to_sleep(void)
{
	return rc_write("/sys/module/suspend/parameters/pm_test_delay", "1") ?:
	       rc_write("/sys/power/pm_test", "freezer") ?:
	       rc_write("/sys/power/state", "freeze");
}

TEST_F(freeze, suspend)
{
	struct work *other = rc_shared(sizeof(*other));
	struct pollfd poll_fd = { .events = POLLPRI };
	pid_t pid, sleeper = rc_sleeper(), stopped;
	char buf[64];
	int status;

	ASSERT_TRUE(!!other);
	ASSERT_LT(0, worker_in(self->beside, other));
	pid = worker_in(self->grp, self->work);
	stopped = worker_in(self->grp, self->work);
	ASSERT_EQ(0, kill(stopped, SIGSTOP));
	ASSERT_EQ(stopped, waitpid(stopped, &status, WUNTRACED));
	ASSERT_EQ(0, rc_attach(self->sub, sleeper));
	ASSERT_EQ(0, set_freeze(self->grp, 1));
	ASSERT_TRUE(comes_to(self->grp, 1));
	poll_fd.fd = rc_open(rc_fmt("%s/events", self->grp), O_RDONLY);
	ASSERT_LT(0, rc_read_fd(poll_fd.fd, buf, sizeof(buf), sizeof(buf)));

	ASSERT_EQ(0, go_to_sleep());
	EXPECT_EQ(1, frozen(self->grp));
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	EXPECT_TRUE(stands(self->work));
	EXPECT_TRUE(runs(other));
	EXPECT_EQ(0, frozen(self->beside));

	/* It is the same as before: can be killed, and thawed. */
	ASSERT_EQ(0, kill(stopped, SIGKILL));
	EXPECT_EQ(KILLED, rc_reap(stopped));
	ASSERT_EQ(0, set_freeze(self->grp, 0));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLPRI | POLLERR, poll_fd.revents);
	EXPECT_TRUE(runs(self->work));
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	ASSERT_EQ(0, go_to_sleep());
	EXPECT_EQ(0, frozen(self->grp));
	EXPECT_TRUE(runs(self->work));
	close(poll_fd.fd);
}

TEST_HARNESS_MAIN
