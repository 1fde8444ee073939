// SPDX-License-Identifier: GPL-2.0
/* The storm at files: whatever the tree has is read and written. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

#define HELD 16
#define TEXT 65536
#define WAITERS 4

/* Descriptors that live longer than what they are of. */
static int held[HELD];
static int nr_held;
static int epoll = -1;
static int inotify = -1;

void storm_close_held(void)
{
	while (nr_held)
		close(held[--nr_held]);
	if (epoll >= 0)
		close(epoll);
	epoll = -1;
	if (inotify >= 0)
		close(inotify);
	inotify = -1;
}

static void hold(struct storm_actor *me, int fd)
{
	if (nr_held == HELD) {
		int i = storm_pick(me, HELD);

		close(held[i]);
		held[i] = held[--nr_held];
	}
	held[nr_held++] = fd;
}

static int open_one(struct storm_actor *me, bool writable, int flags)
{
	const char *path = storm_file(me, writable);

	return path ? rc_open(path, flags | O_NONBLOCK) : -EAGAIN;
}

/* What every text of ours is: lines without a NUL. */
static void check_text(struct storm_actor *me, const char *buf, int len)
{
	if (len > 0 && (memchr(buf, 0, len) || buf[len - 1] != '\n') && len < TEXT - 1)
		storm_wrong(STORM_ERRORS, "%s: %d bytes that are no lines", me->at, len);
}

static int read_one(struct storm_actor *me, const char *path)
{
	static char buf[TEXT];
	int len = rc_read(path, buf, sizeof(buf));
	pid_t *ids;

	if (len < 0)
		return len;
	check_text(me, buf, len);
	if (strstr(path, "/tasks") || strstr(path, "/procs")) {
		len = rc_parse_list(buf, &ids);
		if (len < 0)
			storm_wrong(STORM_LISTS_AGREE, "%s is no ascending list", path);
		free(ids);
	}
	return len;
}

int storm_op_read(struct storm_actor *me)
{
	const char *path = storm_file(me, false);

	return path ? read_one(me, path) : -EAGAIN;
}

int storm_op_read_odd(struct storm_actor *me)
{
	static char buf[TEXT];
	int fd = open_one(me, false, O_RDONLY), pipes[2], i, ret = 0;

	if (fd < 0)
		return fd;
	for (i = 0; i < 8 && ret >= 0; i++) {
		off_t at = storm_chance(me, 20) ? (off_t)storm_pick(me, 1 << 30) << 33 :
						  (off_t)storm_pick(me, 300);
		size_t size = storm_chance(me, 50) ? storm_pick(me, 8) :
						     storm_pick(me, TEXT);

		switch (storm_pick(me, 5)) {
		case 0:
			ret = pread(fd, buf, size, at);
			break;
		case 1:
			lseek(fd, at, storm_pick(me, 3));
			ret = read(fd, buf, size);
			break;
		case 2:
			/* An address that cannot be written. */
			ret = read(fd, (char *)8, size);
			break;
		case 3:
			if (pipe2(pipes, O_NONBLOCK | O_CLOEXEC))
				break;
			ret = splice(fd, NULL, pipes[1], NULL, size, SPLICE_F_NONBLOCK);
			close(pipes[0]);
			close(pipes[1]);
			break;
		default:
			ret = read(fd, buf, 1);
		}
		ret = ret < 0 && errno != EFAULT && errno != EINVAL ? -errno : 0;
	}
	close(fd);
	return ret;
}

/* Each file of one group, that of some task, and what was refused. */
int storm_op_read_all(struct storm_actor *me)
{
	static struct storm_name names[64];
	char *grp;
	const char *path = storm_group(me);
	int nr, i;

	if (!path)
		return -EAGAIN;
	grp = strdup(path);
	nr = storm_children(grp, names, 64, true);
	for (i = 0; i < nr; i++)
		read_one(me, rc_fmt("%s/%s", grp, names[i].text));
	free(grp);
	i = storm_pick(me, STORM_MAX_ACTORS);
	read_one(me, rc_fmt("/proc/%d/rc", storm->actor[i].pid ?: getpid()));
	read_one(me, rc_fmt("/proc/%d/cpuset", storm->actor[i].pid ?: getpid()));
	read_one(me, RC_ROOT "/errors");
	return nr;
}

int storm_op_read_again(struct storm_actor *me)
{
	int fd = open_one(me, false, O_RDONLY), i, ret = 0;
	char buf[256];

	if (fd < 0)
		return fd;
	for (i = 0; i < 300 && ret >= 0; i++)
		ret = pread(fd, buf, sizeof(buf), 0);
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Was it said that this was made in what is watched, or more than could be kept? */
static bool told_of(const char *name)
{
	const struct inotify_event *event;
	int buf[1024], len, at;

	while ((len = read(inotify, buf, sizeof(buf))) > 0) {
		for (at = 0; at < len; at += sizeof(*event) + event->len) {
			event = (void *)buf + at;
			if ((event->mask & IN_Q_OVERFLOW) ||
			    ((event->mask & IN_CREATE) && !strcmp(event->name, name)))
				return true;
		}
	}
	return false;
}

/* Something in what is watched, which may have been forgotten since: that is told. */
static void make_in(struct storm_actor *me, const char *path, const struct stat *before)
{
	char *name = strdup(storm_kept_name(me)), *child = strdup(rc_fmt("%s/%s", path, name));
	struct stat after;

	if ((me->who & STORM_ROOT) && storm_chance(me, 30))
		storm_op_forget(me);
	if (rc_get(&storm->groups) < STORM_GROUPS && !rc_mkdir(child)) {
		/* Unless it has been made in another group, which has the name now. */
		if (!told_of(name) && !stat(path, &after) && after.st_ino == before->st_ino)
			storm_wrong(STORM_TOLD, "%s was made, and actor %d watched", child,
				    me->nr);
		rc_rmdir(child);
	}
	free(child);
	free(name);
}

/* What the tree has is watched for as long as it is there, and the watcher too. */
int storm_op_watch(struct storm_actor *me)
{
	static int watches[HELD];
	static unsigned int nr;
	bool dir = storm_chance(me, 50);
	const char *path = dir ? storm_group(me) : storm_file(me, false);
	struct stat st;
	char buf[4096];
	int ret;

	if (!path || stat(path, &st))
		return -EAGAIN;
	if (inotify < 0)
		inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	/* What happened meanwhile. */
	while (read(inotify, buf, sizeof(buf)) > 0)
		;
	/* Before another one is added, which can turn out to be the same. */
	if (nr >= HELD)
		inotify_rm_watch(inotify, watches[nr % HELD]);
	ret = inotify_add_watch(inotify, path, IN_ALL_EVENTS);
	if (ret < 0)
		return -errno;
	watches[nr++ % HELD] = ret;
	if (dir)
		make_in(me, path, &st);
	return 0;
}

/* Until its group is no more, whoever wakes it for whatever. */
static int stay_to_the_end(const char *path)
{
	struct pollfd wait = { .events = POLLPRI };
	char buf[256];

	wait.fd = rc_open(path, O_RDONLY);
	while (pread(wait.fd, buf, sizeof(buf), 0) >= 0)
		poll(&wait, 1, -1);
	return 0;
}

static int nr_waiting(pid_t *pids)
{
	int i, nr = 0;

	for (i = 0; i < WAITERS; i++) {
		if (pids[i] > 0 && waitpid(pids[i], NULL, WNOHANG))
			pids[i] = 0;
		nr += pids[i] > 0;
	}
	return nr;
}

/* Some wait for a group to be removed, which it is. */
int storm_op_await_end(struct storm_actor *me)
{
	const char *grp = storm_group(me);
	char *path = grp ? strdup(rc_fmt("%s/%s", grp, storm_kept_name(me))) : NULL;
	double until = rc_now() + storm->bound;
	int ret = path ? rc_mkdir(path) : -EAGAIN, i;
	pid_t pids[WAITERS] = { };

	for (i = 0; i < WAITERS && !ret; i++) {
		pids[i] = storm_fork();
		if (!pids[i])
			_exit(stay_to_the_end(rc_fmt("%s/events", path)));
	}
	rc_nap();
	/* Others can have made something in it, or moved somebody there. */
	ret = ret ?: rc_rmdir(path);
	me->since = 0;
	while (!ret && nr_waiting(pids) && rc_now() < until && !storm_over())
		rc_nap();
	if (!ret && rc_now() >= until)
		storm_wrong(STORM_TOLD, "%s has gone, %d wait for it still", path,
			    nr_waiting(pids));
	for (i = 0; i < WAITERS; i++)
		storm_end(pids[i]);
	free(path);
	return ret;
}

/* Directories and files that nobody uses are looked up anew then. */
int storm_op_forget(struct storm_actor *me)
{
	return rc_write("/proc/sys/vm/drop_caches", "2");
}

int storm_op_poll(struct storm_actor *me)
{
	struct epoll_event event = { .events = EPOLLPRI | EPOLLIN };
	struct pollfd wait = { .events = POLLPRI | POLLIN };
	int fd = open_one(me, false, O_RDONLY), ret;
	char buf[64];

	if (fd < 0)
		return fd;
	if (epoll < 0)
		epoll = epoll_create1(EPOLL_CLOEXEC);
	if (storm_chance(me, 50))
		event.events |= EPOLLET;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	ret = pread(fd, buf, sizeof(buf), 0);
	epoll_wait(epoll, &event, 1, 0);
	wait.fd = fd;
	poll(&wait, 1, storm_pick(me, 20));
	/* Some are closed while they are waited for. */
	hold(me, fd);
	return ret < 0 ? -errno : 0;
}

/* Opened now, used and closed when what it is of has gone. */
int storm_op_hold(struct storm_actor *me)
{
	char buf[256];
	int fd, ret;

	if (nr_held < HELD / 2 || storm_chance(me, 30)) {
		const char *grp = storm_chance(me, 20) ? storm_group(me) : NULL;

		fd = grp ? rc_open(grp, O_RDONLY | O_DIRECTORY) :
			   open_one(me, false, storm_chance(me, 50) ? O_RDWR : O_RDONLY);
		if (fd >= 0)
			hold(me, fd);
		return fd;
	}
	fd = held[storm_pick(me, nr_held)];
	ret = storm_chance(me, 70) ? pread(fd, buf, sizeof(buf), 0) :
				     write(fd, "0\n", storm_pick(me, 3));
	return ret < 0 ? -errno : 0;
}

int storm_op_list(struct storm_actor *me)
{
	const char *grp = storm_group(me);
	char buf[512];
	int fd, i, ret = 0;

	fd = grp ? rc_open(grp, O_RDONLY | O_DIRECTORY) : -EAGAIN;
	if (fd < 0)
		return fd;
	for (i = 0; i < 16 && ret >= 0; i++) {
		if (storm_chance(me, 10))
			lseek(fd, storm_pick(me, 1 << 20), SEEK_SET);
		ret = syscall(SYS_getdents64, fd, buf, 32 + storm_pick(me, 480));
		if (ret < 0)
			ret = -errno;
	}
	close(fd);
	/* A buffer too small for a name. */
	return ret == -EINVAL ? 0 : ret;
}

/* Something that this file may take. */
static const char *value_for(struct storm_actor *me, const char *path)
{
	static const char * const odd[] = {
		"", "\n", "0", "1", "1\n", "-1", "2", " 1 ", "4294967297", "1 1", "x",
		"0-", "max", "none", "18446744073709551616", "0-3", ",", "100000",
	};
	const char *name = strrchr(path, '/') + 1;
	static char buf[4096];
	int i, nr;

	if (!strcmp(name, "tasks") || !strcmp(name, "procs") ||
	    !strcmp(name, "cgroup.procs"))
		return storm_task_id(me, path);
	for (i = 0; i < storm_nr_values; i++) {
		if (strcmp(storm_values[i].file, name) || storm_chance(me, 15))
			continue;
		for (nr = 0; storm_values[i].values[nr]; nr++)
			;
		return storm_values[i].values[storm_pick(me, nr)];
	}
	/* What it has, or what the same file of another group has. */
	if (storm_chance(me, 30)) {
		const char *grp = storm_chance(me, 50) ? storm_group(me) : NULL;

		if (rc_read(grp ? rc_fmt("%s/%s", grp, name) : path, buf,
			    sizeof(buf)) >= 0)
			return buf;
	}
	if (storm_chance(me, 40))
		return storm_chance(me, 50) ? "1" : "0";
	return odd[storm_pick(me, ARRAY_SIZE(odd))];
}

int storm_op_write(struct storm_actor *me)
{
	const char *path = storm_file(me, true), *text;
	char *file;
	int ret;

	/* Which are bound is for others to change, when there are no groups. */
	if (!path || strstr(path, "/subsystems"))
		return -EAGAIN;
	file = strdup(path);
	text = value_for(me, file);
	snprintf(me->at, sizeof(me->at), "%.200s < %.40s", file, text);
	ret = rc_write(file, text);
	free(file);
	return ret;
}

int storm_op_write_odd(struct storm_actor *me)
{
	static char page[8192];
	int fd = open_one(me, true, O_RDWR), pipes[2], ret = 0;
	struct iovec iov[2] = { { "", 0 }, { "0\n", 2 } };
	const char *text;

	if (fd < 0)
		return fd;
	if (strstr(me->at, "/subsystems") || strstr(me->at, "/release_agent")) {
		close(fd);
		return -EAGAIN;
	}
	memset(page, storm_chance(me, 50) ? ' ' : '1', sizeof(page));
	text = rc_fmt("%u", storm_pick(me, 10));
	switch (storm_pick(me, 6)) {
	case 0:
		ret = pwrite(fd, text, strlen(text), (off_t)storm_pick(me, 1 << 30) << 33);
		break;
	case 1:
		ret = write(fd, page, storm_pick(me, sizeof(page)));
		break;
	case 2:
		ret = writev(fd, iov, 2);
		break;
	case 3:
		ret = write(fd, (char *)8, 1 + storm_pick(me, 100));
		break;
	case 4:
		if (pipe2(pipes, O_NONBLOCK | O_CLOEXEC))
			break;
		ret = write(pipes[1], "1\n", 2);
		ret = splice(pipes[0], NULL, fd, NULL, 2, SPLICE_F_NONBLOCK);
		close(pipes[0]);
		close(pipes[1]);
		break;
	default:
		ret = ftruncate(fd, storm_pick(me, 4096));
	}
	ret = ret < 0 ? -errno : 0;
	close(fd);
	return ret;
}
