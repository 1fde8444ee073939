// SPDX-License-Identifier: GPL-2.0
/* Slow ones; see waits_holders.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpuset_util.h"
#include "waits_holders.h"

/* Where he is who is kept from running: others have the CPUs before. */
#define HIS_CPU "3"

/* A short run has a part of what a long one has. */
static int much(int full)
{
	return rc_race_seconds() >= 100 ? full : full / 10;
}

static void be_at(struct holder *holder, const char *what)
{
	snprintf(holder->at, sizeof(holder->at), "%s", what);
}

static char *fill(const char *parent, const char *name, const char *cpus, const char *mems)
{
	char *path = strdup(rc_fmt("%s/%s", parent, name));

	return rc_mkdir(path) || cs_write(path, "cpus", cpus) || cs_write(path, "mems", mems) ||
	       cs_write(path, "memory_migrate", "1") ? NULL : path;
}

/* Lists a directory as well. */
static int each_file(const char *dir, int (*fn)(const char *path, void *arg), void *arg)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	int ret = stream ? 0 : -errno;

	while (!ret && (entry = readdir(stream))) {
		char *path;

		if (entry->d_type != DT_REG || asprintf(&path, "%s/%s", dir, entry->d_name) < 0)
			continue;
		ret = fn(path, arg);
		free(path);
	}
	if (stream)
		closedir(stream);
	return ret;
}

static int read_one(const char *path, void *holder)
{
	be_at(holder, path);
	free(rc_text(path));
	return 0;
}

/* All that takes a lock; what is read not each time, as that takes longest. */
static int do_all(struct holder *holder, const char *x, const char *y)
{
	int ret;

	be_at(holder, "mkdir");
	ret = rc_mkdir(x) ?: cs_write(x, "cpus", HIS_CPU) ?: cs_write(x, "mems", "0");
	be_at(holder, "rename");
	if (!ret && rename(x, y))
		ret = -errno;
	be_at(holder, "attach");
	ret = ret ?: rc_attach(y, 0) ?: rc_write(rc_fmt("%s/procs", holder->grp), "0");
	be_at(holder, "cpus");
	ret = ret ?: cs_write(y, "cpus", "2,3");
	if (!ret && rc_get(&holder->turns) % 4 == 0)
		ret = each_file(holder->grp, read_one, holder);
	be_at(holder, "rmdir");
	return ret ?: rc_rmdir(y);
}

static int starve(void *arg)
{
	const struct sched_param none = { 0 };
	struct holder *holder = arg;
	char *x = strdup(rc_fmt("%s/x", holder->grp)), *y = strdup(rc_fmt("%s/y", holder->grp));
	int ret = cs_set_affinity(0, HIS_CPU);

	if (!ret && sched_setscheduler(0, SCHED_IDLE, &none))
		ret = -errno;
	while (!ret) {
		ret = do_all(holder, x, y);
		rc_inc(&holder->turns);
	}
	be_at(holder, rc_fmt("%s: %d", holder->at, ret));
	return ret;
}

static void signal_hogs(struct holder *holder, int sig)
{
	int i;

	for (i = 0; i < holder->nr_hogs; i++)
		kill(holder->hogs[i], sig);
}

int holder_starved(struct holder *holder)
{
	int ret = cs_write(holder->grp, "cpus", "0-3"), i;

	for (i = 0; i < HOLDER_HOGS && !ret; i++) {
		holder->hogs[i] = rc_spinner();
		if (holder->hogs[i] < 0 || kill(holder->hogs[i], SIGSTOP))
			return -errno;
		holder->nr_hogs++;
		ret = cs_set_affinity(holder->hogs[i], HIS_CPU);
	}
	if (ret)
		return ret;
	holder->pid[0] = rc_spawn(starve, holder);
	return RC_WAIT(rc_get(&holder->turns) > 2) ? 0 : -ETIMEDOUT;
}

/* Whose buffer is what others stall in. */
struct stalled {
	int fd;
	bool writes;
	bool lists;
	char *page;
};

static struct stalled stalled[HOLDER_STALLED];
static int nr_stalled;

static void *stall(void *arg)
{
	struct stalled *one = arg;
	long ret;

	if (one->lists)
		ret = syscall(SYS_getdents64, one->fd, one->page, 4096);
	else if (one->writes)
		ret = write(one->fd, one->page, 1);
	else
		ret = read(one->fd, one->page, 4096);
	/* Nobody serves them. */
	_exit(ret < 0 ? errno : EILSEQ);
}

static int start_stalled(const char *path, int flags, char *page)
{
	struct stalled *one = &stalled[nr_stalled];
	pthread_t thread;

	one->fd = rc_open(path, flags);
	if (one->fd == -EACCES || one->fd == -EPERM)
		return 0;
	if (one->fd < 0 || nr_stalled == HOLDER_STALLED)
		return -ENOSPC;
	one->writes = flags & O_WRONLY;
	one->lists = flags & O_DIRECTORY;
	one->page = page;
	nr_stalled++;
	return -pthread_create(&thread, NULL, stall, one);
}

static int stall_at(const char *path, void *page)
{
	int mode = rc_mode(path), ret = 0;

	if (mode & 0444)
		ret = start_stalled(path, O_RDONLY, page);
	return ret ?: mode & 0222 ? start_stalled(path, O_WRONLY, page) : 0;
}

static int stall_everywhere(void *arg)
{
	struct holder *holder = arg;
	struct uffd_msg msg;
	char *page;
	int uffd = rc_trap(4096, 0, &page);
	int ret = uffd < 0 ? uffd : rc_attach(holder->grp, 0), i;

	/* A list that were empty would need no buffer. */
	ret = ret ?: each_file(holder->grp, stall_at, page) ?: stall_at("/proc/self/rc", page) ?:
	      stall_at(RC_ROOT "/subsystems", page) ?:
	      start_stalled(holder->grp, O_RDONLY | O_DIRECTORY, page);

	for (i = 0; i < nr_stalled && !ret; i++)
		if (read(uffd, &msg, sizeof(msg)) != sizeof(msg))
			ret = -errno;
	be_at(holder, rc_fmt("%d stalled: %d", i, ret));
	rc_set(&holder->turns, ret ?: i);
	while (!ret)
		pause();
	return ret;
}

int holder_stalled(struct holder *holder)
{
	holder->pid[0] = rc_spawn(stall_everywhere, holder);
	return RC_WAIT(rc_get(&holder->turns)) && holder->turns > 0 ? 0 : -ETIMEDOUT;
}

static int be_fifo(int priority, const char *cpus)
{
	struct sched_param param = { .sched_priority = priority };

	return cs_set_affinity(0, cpus) ?:
	       sched_setscheduler(0, SCHED_FIFO, &param) ? -errno : 0;
}

static int hog(void *arg)
{
	struct holder *holder = arg;
	int ret = be_fifo(50, HIS_CPU);

	rc_set(&holder->turns, ret ?: 1);
	while (!ret)
		;
	return ret;
}

static int move_there(void *arg)
{
	struct holder *holder = arg;
	int ret = be_fifo(10, "2") ?: cs_set_affinity(0, "0-3");

	return ret ?: rc_attach(holder->between[0], 0);
}

int holder_realtime(struct holder *holder)
{
	int ret = cs_write(holder->grp, "cpus", "0-3");

	holder->between[0] = fill(holder->grp, "there", HIS_CPU, "0");
	if (ret || !holder->between[0])
		return -EIO;
	holder->pid[0] = rc_spawn(hog, holder);
	if (!RC_WAIT(rc_get(&holder->turns)) || holder->turns < 0)
		return -ETIMEDOUT;
	holder->pid[1] = rc_spawn(move_there, holder);
	be_at(holder, "waits for its turn");
	return RC_WAIT(!strcmp(cs_cpus_allowed(holder->pid[1]), HIS_CPU)) ? 0 : -ETIMEDOUT;
}

static int change_among(void *arg)
{
	struct holder *holder = arg;
	const char *grp = holder->grp;
	char *x = strdup(rc_fmt("%s/x", grp)), *y = strdup(rc_fmt("%s/y", grp));
	int ret = 0;

	while (!ret) {
		be_at(holder, "mkdir");
		ret = rc_mkdir(x) ?: rename(x, y) ? -errno : 0;
		be_at(holder, "list");
		ret = ret ?: each_file(grp, read_one, holder) ?: rc_rmdir(y);
		rc_inc(&holder->turns);
	}
	be_at(holder, rc_fmt("%s: %d", holder->at, ret));
	return ret;
}

int holder_groups(struct holder *holder)
{
	int nr = much(20000), i, ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = rc_mkdir(rc_fmt("%s/%d", holder->grp, i));
	if (!ret)
		holder->pid[0] = rc_spawn(change_among, holder);
	return ret;
}

static int move_on(void *arg)
{
	struct holder *holder = arg;
	int ret = 0, turn;

	for (turn = 0; !ret; turn++) {
		const char *to = holder->between[turn % 2];

		be_at(holder, "move");
		ret = rc_write(rc_fmt("%s/procs", to), rc_fmt("%d", holder->victim));
		be_at(holder, "list");
		ret = ret ?: each_file(to, read_one, holder);
		rc_inc(&holder->turns);
	}
	be_at(holder, rc_fmt("%s: %d", holder->at, ret));
	return ret;
}

static int start_mover(struct holder *holder)
{
	if (holder->victim <= 0)
		return -ECHILD;
	holder->pid[0] = rc_spawn(move_on, holder);
	return RC_WAIT(rc_get(&holder->turns) > 1) ? 0 : -ETIMEDOUT;
}

int holder_threads(struct holder *holder)
{
	int nr = much(10000);
	pid_t *ids = rc_shared(nr * sizeof(*ids));

	cs_write(holder->grp, "cpus", "0-3");
	holder->between[0] = fill(holder->grp, "one", "2", "0");
	holder->between[1] = fill(holder->grp, "two", "2-3", "0");
	if (!ids || !holder->between[0] || !holder->between[1])
		return -EIO;
	holder->victim = rc_crowd(holder->between[0], nr, ids);
	return start_mover(holder);
}

int holder_memory(struct holder *holder)
{
	struct cs_worker *worker = cs_worker_new();
	int ret;

	if (!worker || cs_write(holder->grp, "mems", "0-1"))
		return -EIO;
	holder->between[0] = fill(holder->grp, "far", "0-1", "1");
	holder->between[1] = fill(holder->grp, "near", "0-1", "0");
	if (!holder->between[0] || !holder->between[1])
		return -EIO;
	/* Each node of the machine of tests has more. */
	worker->nr_pages = much(128 << 8);
	ret = rc_attach(holder->between[1], worker->pid) ?: cs_do(worker, cs_map);
	holder->victim = worker->pid;
	return ret ?: start_mover(holder);
}

/* So many processes that do nothing, in a group that their parent leaves again. */
static int populate(struct holder *holder, int nr)
{
	int ret = rc_attach(holder->between[1], 0), i;

	for (i = 0; i < nr && !ret; i++) {
		pid_t pid = fork();

		if (!pid) {
			rc_die_with_parent();
			for (;;)
				pause();
		}
		ret = pid < 0 ? -errno : 0;
	}
	return ret ?: rc_attach(holder->hier, 0);
}

static int signal_on(void *arg)
{
	struct holder *holder = arg;
	const char *freeze = strdup(rc_fmt("%s/freeze", holder->grp));
	const char *kill = strdup(rc_fmt("%s/kill", holder->between[1]));
	int ret = 0, nr = much(1000);

	while (!ret) {
		be_at(holder, "fork");
		ret = populate(holder, nr);
		be_at(holder, "freeze");
		ret = ret ?: rc_write(freeze, "1");
		be_at(holder, "thaw");
		ret = ret ?: rc_write(freeze, "0");
		be_at(holder, "kill");
		ret = ret ?: rc_write(kill, "1");
		while (wait(NULL) > 0)
			;
		rc_inc(&holder->turns);
	}
	be_at(holder, rc_fmt("%s: %d", holder->at, ret));
	return ret;
}

int holder_signals(struct holder *holder)
{
	int nr = much(10000), i, ret;
	pid_t *ids = rc_shared(nr * sizeof(*ids));

	ret = cs_write(holder->grp, "cpus", "0-3");
	for (i = 0; i < nr && !ret; i++)
		ret = rc_mkdir(rc_fmt("%s/%d", holder->grp, i));
	holder->between[0] = fill(holder->grp, "stay", "2-3", "0");
	holder->between[1] = fill(holder->grp, "die", "2-3", "0");
	if (ret || !ids || !holder->between[0] || !holder->between[1])
		return ret ?: -EIO;
	if (rc_crowd(holder->between[0], nr, ids) < 0)
		return -ECHILD;
	holder->pid[0] = rc_spawn(signal_on, holder);
	return RC_WAIT(rc_get(&holder->turns) > 1) ? 0 : -ETIMEDOUT;
}

/* The hogs leave off for a moment when the others have been round. */
void holder_turn(struct holder *holder, long rounds)
{
	static long seen = -1;

	if (holder->nr_hogs && rounds != seen) {
		signal_hogs(holder, SIGSTOP);
		rc_nap();
		signal_hogs(holder, SIGCONT);
		seen = rounds;
	}
}

void holder_end(struct holder *holder)
{
	int i;

	for (i = 0; i < 2; i++)
		if (holder->pid[i] > 0)
			kill(holder->pid[i], SIGKILL);
	/* Who is stopped is in nobody's way. */
	signal_hogs(holder, SIGSTOP);
}
