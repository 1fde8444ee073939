// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's side of the model: does what the host says, one operation a line,
 * and tells what has come of it.
 *
 *   hello             a new host, to whom nothing has been told
 *   kind FILE KIND    how files of this name are shown, see dump_kind()
 *   reset             everything as it was at the beginning
 *   again             nothing, but look once more
 *   TASK OPERATION    TASK is a number, or "-" for the agent itself
 *
 * The reply: lines "+KEY VALUE" and "-KEY", with a tab between, for what is to be
 * seen and has changed since the reply before; then "=NUMBER", an errno or 0, and
 * behind a tab what was read.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define CPUSETS "/cpusets"

void die(const char *text, ...)
{
	va_list args;

	va_start(args, text);
	printf("# ");
	vprintf(text, args);
	printf("\nnot ok 1 operations\n1..1\n");
	va_end(args);
	exit(1);
}

const char *fmt(const char *text, ...)
{
	static char buf[32][8192];
	static unsigned int next;
	char *to = buf[next++ % ARRAY_SIZE(buf)];
	va_list args;

	va_start(args, text);
	vsnprintf(to, sizeof(*buf), text, args);
	va_end(args);
	return to;
}

int read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t len = 0;

	if (fd < 0)
		return -errno;
	while (used + 1 < size && (len = read(fd, buf + used, size - 1 - used)) > 0)
		used += len;
	if (len < 0)
		len = -errno;
	close(fd);
	buf[used] = 0;
	return len < 0 ? (int)len : (int)used;
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int remove_group(const char *path, const struct stat *, int type, struct FTW *ftw)
{
	char tasks[128] = "";
	int err;

	if (type != FTW_DP || !ftw->level || !rmdir(path))
		return 0;
	err = errno;
	read_file(fmt("%s/tasks", path), tasks, sizeof(tasks));
	printf("# %s stays: %s; tasks %s\n", path, strerror(err), tasks);
	return 0;
}

/* A kernel thread that was moved keeps its group from being removed. */
static int bring_home(const char *path, const struct stat *, int type, struct FTW *ftw)
{
	int ret;

	if (type != FTW_DP || ftw->level != 1)
		return 0;
	ret = write_file(fmt("%s/tasks", path), fmt("%d", shared->kthread));
	if (ret)
		printf("# %s: no way home for %d: %s\n", path, shared->kthread, strerror(-ret));
	return 0;
}

static void close_handles(void)
{
	int i;

	for (i = 0; i < MAX_HANDLES; i++) {
		if (shared->handle[i] >= 0)
			close(shared->handle[i]);
		shared->handle[i] = -1;
	}
}

static void clean_up(void)
{
	tasks_end();
	close_handles();
	machine_restore();
	umount(CPUSETS);
	shared->mounted = false;
	chmod(RC_ROOT, 0755);
	chown(RC_ROOT, 0, 0);
	chmod(RC_ROOT "/subsystems", 0444);
	chown(RC_ROOT "/subsystems", 0, 0);
	chmod(RC_ROOT "/errors", 0444);
	chown(RC_ROOT "/errors", 0, 0);
	nftw(RC_ROOT, bring_home, 16, FTW_DEPTH | FTW_PHYS);
	nftw(RC_ROOT, remove_group, 16, FTW_DEPTH | FTW_PHYS);
}

static int show_cpusets(void)
{
	if (shared->mounted)
		return -EBUSY;
	if (mount("none", CPUSETS, "cpuset", 0, ""))
		return -errno;
	shared->mounted = true;
	return 0;
}

static int hide_cpusets(void)
{
	if (umount(CPUSETS))
		return -errno;
	shared->mounted = false;
	return 0;
}

/* What no task does, but the agent. */
static int agent_do(const char *line)
{
	int nr, on;

	if (sscanf(line, "kill %d", &nr) == 1)
		return task_kill(nr);
	if (sscanf(line, "reap %d", &nr) == 1)
		return task_reap(nr);
	if (sscanf(line, "cpu %d %d", &nr, &on) == 2) {
		int ret = machine_cpu(nr, on);

		/* Who sleeps has what it has till it wakes. */
		tasks_ping();
		return ret;
	}
	if (sscanf(line, "node %d %d", &nr, &on) == 2)
		return machine_node(nr, on);
	if (!strcmp(line, "mount"))
		return show_cpusets();
	if (!strcmp(line, "umount"))
		return hide_cpusets();
	return -ENOSYS;
}

static void answer(char *line)
{
	const struct task *task = NULL;
	int ret = 0, nr, skip;

	if (!strcmp(line, "reset")) {
		clean_up();
		tasks_start();
	} else if (*line == '-') {
		ret = agent_do(line + 2);
	} else if (sscanf(line, "%d %n", &nr, &skip) == 1 && nr < MAX_TASKS) {
		task = &shared->tasks[nr];
		ret = task_do(nr, line + skip);
		if (strstr(line, "/kill "))
			tasks_settle();
	}
	dump_changes();
	reply_add("=", 1);
	line = (char *)fmt("%d", ret < 0 ? -ret : 0);
	reply_add(line, strlen(line));
	if (ret > 0 && task) {
		reply_add("\t", 1);
		reply_escaped(task->text, ret);
	}
	reply_add("\n", 1);
}

static void obey(char *line, int to)
{
	char file[64], kind[16];

	if (sscanf(line, "kind %63s %15s", file, kind) == 2) {
		dump_kind(file, kind);
		return;
	}
	if (!strcmp(line, "hello")) {
		dump_forget();
		reply_add("=0\thello\n", 9);
	} else {
		answer(line);
	}
	reply_send(to);
}

static void serve(FILE *from, int to)
{
	static char line[MAX_LINE];

	for (;;) {
		if (!fgets(line, sizeof(line), from)) {
			/* As long as nobody listens at the other end. */
			clearerr(from);
			usleep(10000);
			continue;
		}
		line[strcspn(line, "\n")] = 0;
		if (!strcmp(line, "end"))
			break;
		obey(line, to);
	}
}

int main(int argc, char **argv)
{
	int port = open(argc > 1 ? argv[1] : "/dev/model", O_RDWR | O_CLOEXEC);
	FILE *from;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (port < 0)
		die("there is no port: %s", strerror(errno));
	from = fdopen(dup(port), "r");
	mkdir(CPUSETS, 0755);
	umask(022);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!from || shared == MAP_FAILED)
		die("out of memory");
	shared->agent = getpid();
	memset(shared->handle, -1, sizeof(shared->handle));
	tasks_find_kthreads();
	serve(from, port);
	clean_up();
	printf("ok 1 operations\n1..1\n");
	return 0;
}
