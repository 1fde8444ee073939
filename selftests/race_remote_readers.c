// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks are moved by another task while they run through all that reads
 * current->nsproxy: what they hold on to must outlive the move.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "rc_util.h"

static int use_socket(void)
{
	int pair[2], fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (fd < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return -errno;
	close(fd);
	close(pair[0]);
	close(pair[1]);
	return 0;
}

static int use_hostname(void)
{
	struct utsname name;

	if (sethostname("ksft-reader", strlen("ksft-reader")) || uname(&name))
		return -errno;
	return strcmp(name.nodename, "ksft-reader") ? -EBADMSG : 0;
}

static int use_mounts(void)
{
	char buf[256];
	int ret = rc_read("/proc/self/mounts", buf, sizeof(buf));

	if (ret < 0)
		return ret;
	if (mount("tmpfs", "/tmp", "tmpfs", 0, NULL) ||
	    umount2("/tmp", MNT_DETACH))
		return -errno;
	return 0;
}

static int use_ipc(void)
{
	int sem = semget(IPC_PRIVATE, 1, 0600);
	int msg = msgget(IPC_PRIVATE, 0600);
	int shm = shmget(IPC_PRIVATE, 4096, 0600);

	if (sem < 0 || msg < 0 || shm < 0)
		return -errno;
	if (semctl(sem, 0, IPC_RMID) || msgctl(msg, IPC_RMID, NULL) ||
	    shmctl(shm, IPC_RMID, NULL))
		return -errno;
	return 0;
}

/* SEM_UNDO is undone at exit, through the ipc namespace of who exits. */
static int use_sem_undo(void)
{
	struct sembuf op = { .sem_op = 1, .sem_flg = SEM_UNDO };
	pid_t pid = fork();
	int sem, status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		sem = semget(IPC_PRIVATE, 1, 0600);
		_exit(sem < 0 || semop(sem, &op, 1) ||
		      semctl(sem, 0, IPC_RMID));
	}
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	return status ? -EBADMSG : 0;
}

static int use_fork(void)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(0);
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -EBADMSG;
}

static int use_clone_ns(void)
{
	pid_t pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWUTS |
			    CLONE_NEWIPC | SIGCHLD, NULL, NULL, NULL, NULL);
	int status;

	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(getpid() != 1);
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -EBADMSG;
}

static int use_ns_files(void)
{
	static const char * const names[] = { "uts", "ipc", "net", "mnt" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		int fd = rc_open(rc_fmt("/proc/self/ns/%s", names[i]),
				 O_RDONLY);

		if (fd < 0)
			return fd;
		close(fd);
	}
	return 0;
}

static int (* const uses[])(void) = {
	use_socket, use_hostname, use_mounts, use_ipc,
	use_sem_undo, use_fork, use_clone_ns, use_ns_files,
};

struct shared {
	long stop;
	long ready;
	long loops[ARRAY_SIZE(uses)];
};

FIXTURE(race)
{
	struct shared *shared;
	const char *hier;
	const char *grp[2];
};

FIXTURE_SETUP(race)
{
	ASSERT_EQ(0, rc_setup());
	self->shared = rc_shared(sizeof(*self->shared));
	ASSERT_TRUE(!!self->shared);
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp[0] = rc_group_new(self->hier);
	self->grp[1] = rc_group_new(self->hier);
	ASSERT_TRUE(self->grp[0] && self->grp[1]);
}

FIXTURE_TEARDOWN(race)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Only in namespaces of its own may it mount and name the host. */
static int use_on(struct shared *shared, size_t nr)
{
	int ret = 0;

	if (unshare(CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -errno;
	rc_inc(&shared->ready);
	while (!ret && !rc_get(&shared->stop)) {
		ret = uses[nr]();
		rc_inc(&shared->loops[nr]);
	}
	return ret;
}

/* All uses go on working, and the namespaces stay what they were. */
TEST_F_TIMEOUT(race, users_of_nsproxy, RC_RACE_TIMEOUT)
{
	struct shared *shared = self->shared;
	char *links[ARRAY_SIZE(uses)];
	pid_t pids[ARRAY_SIZE(uses)];
	long moves = 0;
	double until;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		pids[i] = rc_fork();
		if (!pids[i])
			_exit(-use_on(shared, i));
	}
	ASSERT_TRUE(RC_WAIT(rc_get(&shared->ready) == ARRAY_SIZE(uses)));
	for (i = 0; i < ARRAY_SIZE(uses); i++)
		links[i] = strdup(rc_ns_links(pids[i]));
	until = rc_now() + rc_race_seconds();
	while (rc_now() < until) {
		for (i = 0; i < ARRAY_SIZE(uses); i++)
			ASSERT_EQ(0, rc_attach(self->grp[moves % 2], pids[i]));
		i = moves % ARRAY_SIZE(uses);
		ASSERT_STREQ(self->grp[moves % 2] + strlen(self->hier),
			     rc_where(pids[i], self->hier));
		moves++;
	}
	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		EXPECT_STREQ(links[i], rc_ns_links(pids[i]));
		free(links[i]);
	}
	rc_set(&shared->stop, 1);
	for (i = 0; i < ARRAY_SIZE(uses); i++) {
		EXPECT_EQ(0, rc_reap(pids[i])) {
			TH_LOG("user %zu", i);
		}
		EXPECT_LT(0, shared->loops[i]);
		TH_LOG("user %zu: %ld loops", i, shared->loops[i]);
	}
	TH_LOG("%ld moves of each", moves);
	EXPECT_LT(0, moves);
	EXPECT_EQ(0, rc_rmdir(self->grp[0]));
	EXPECT_EQ(0, rc_rmdir(self->grp[1]));
}

TEST_HARNESS_MAIN
