// SPDX-License-Identifier: GPL-2.0
/* Helpers of the rc selftests; see rc_util.h. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "rc_util.h"

#define NAME_PREFIX "ksft-"
#define POOL 64
#define PF_KTHREAD 0x00200000
#define PF_NO_SETAFFINITY 0x04000000

struct owned {
	char **path;
	int nr;
};

static struct owned hiers, mounts;
/* A hierarchy of somebody else, in which there may be groups of ours. */
static const char *borrowed;
static pid_t *children;
static int nr_children;
static int serial;

double rc_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void rc_nap(void)
{
	const struct timespec ts = { .tv_nsec = 5000000 };

	nanosleep(&ts, NULL);
}

bool rc_debug_kernel(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK) ||
	       !access("/proc/self/fail-nth", F_OK);
}

bool rc_booted_with(const char *parameter)
{
	char *text = rc_text("/proc/cmdline"), *word, *save;
	bool found = false;

	for (word = strtok_r(text, "\n ", &save); word && !found;
	     word = strtok_r(NULL, "\n ", &save))
		found = !strcmp(word, parameter);
	free(text);
	return found;
}

const char *rc_fmt(const char *fmt, ...)
{
	static __thread char pool[POOL][PATH_MAX];
	static __thread unsigned int next;
	char *buf = pool[next++ % POOL];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, PATH_MAX, fmt, ap);
	va_end(ap);
	return buf;
}

int rc_mkdir(const char *path)
{
	return mkdir(path, 0755) ? -errno : 0;
}

int rc_rmdir(const char *path)
{
	return rmdir(path) ? -errno : 0;
}

int rc_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int rc_write_fd(int fd, const void *buf, size_t len)
{
	ssize_t ret = write(fd, buf, len);

	if (ret < 0)
		return -errno;
	return (size_t)ret == len ? 0 : -EIO;
}

int rc_write(const char *path, const char *text)
{
	int fd = rc_open(path, O_WRONLY), ret;

	if (fd < 0)
		return fd;
	ret = rc_write_fd(fd, text, strlen(text));
	close(fd);
	return ret;
}

int rc_read_fd(int fd, char *buf, size_t size, size_t piece)
{
	size_t len = 0;

	while (len < size - 1) {
		size_t want = size - 1 - len;
		ssize_t ret = read(fd, buf + len, want < piece ? want : piece);

		if (ret < 0)
			return -errno;
		if (!ret)
			break;
		len += ret;
	}
	buf[len] = '\0';
	return len;
}

int rc_read(const char *path, char *buf, size_t size)
{
	int fd = rc_open(path, O_RDONLY), ret;

	if (fd < 0)
		return fd;
	ret = rc_read_fd(fd, buf, size, size);
	close(fd);
	return ret;
}

char *rc_text(const char *path)
{
	size_t size = 1 << 16;
	char *buf = malloc(size);
	int len;

	/* A buffer that is filled to the brim may have been too small. */
	while ((len = rc_read(path, buf, size)) == (int)size - 1) {
		size *= 2;
		buf = realloc(buf, size);
	}
	if (len >= 0)
		return buf;
	free(buf);
	errno = -len;
	return NULL;
}

int rc_parse_list(const char *text, pid_t **ids)
{
	size_t room = strlen(text) / 2 + 1;
	pid_t last = 0;
	int nr = 0;

	*ids = malloc(room * sizeof(**ids));
	while (*text) {
		char *end;
		long id = strtol(text, &end, 10);

		if (end == text || *end != '\n' || id <= last) {
			free(*ids);
			*ids = NULL;
			return -EBADMSG;
		}
		last = id;
		(*ids)[nr++] = id;
		text = end + 1;
	}
	return nr;
}

int rc_list(const char *path, pid_t **ids)
{
	char *text = rc_text(path);
	int nr;

	*ids = NULL;
	if (!text)
		return -errno;
	nr = rc_parse_list(text, ids);
	free(text);
	return nr;
}

int rc_count(const char *path)
{
	pid_t *ids;
	int nr = rc_list(path, &ids);

	free(ids);
	return nr;
}

bool rc_listed(const char *path, pid_t id)
{
	pid_t *ids;
	int nr = rc_list(path, &ids), i;
	bool found = false;

	for (i = 0; i < nr; i++)
		found |= ids[i] == id;
	free(ids);
	return found;
}

unsigned long long rc_number(const char *path)
{
	char buf[64], *end;
	unsigned long long number;

	if (rc_read(path, buf, sizeof(buf)) <= 0)
		return ~0ULL;
	number = strtoull(buf, &end, 10);
	return end == buf || strcmp(end, "\n") ? ~0ULL : number;
}

unsigned long long rc_field(const char *path, const char *name)
{
	char *text = rc_text(path), *line, *save;
	unsigned long long number = ~0ULL;
	size_t len = strlen(name);

	if (!text)
		return ~0ULL;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, name, len) && isblank(line[len]))
			number = strtoull(line + len + 1, NULL, 10);
	}
	free(text);
	return number;
}

int rc_attach(const char *group, pid_t tid)
{
	return rc_write(rc_fmt("%s/tasks", group), rc_fmt("%d\n", tid));
}

const char *rc_where_file(const char *file, const char *hier)
{
	const char *name = strrchr(hier, '/') + 1;
	size_t len = strlen(name);
	char buf[1 << 14], *line, *save;

	if (rc_read(file, buf, sizeof(buf)) < 0)
		return "";
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *path;

		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		path = strchr(line + len + 1, ':');
		return path ? rc_fmt("%s", path + 1) : "";
	}
	return "";
}

const char *rc_where(pid_t tid, const char *hier)
{
	return rc_where_file(rc_fmt("/proc/%d/rc", tid), hier);
}

static void snapshot_text(FILE *out, const char *path)
{
	char *text = rc_text(path);

	fprintf(out, "%s: %s", path, text ?: "-\n");
	free(text);
}

/* The root of a hierarchy has members that are nobody's business. */
static bool is_group(const char *dir)
{
	const char *hier = dir + strlen(RC_ROOT "/");

	return strlen(dir) > strlen(RC_ROOT "/") && strchr(hier, '/');
}

static void snapshot_dir(FILE *out, const char *dir)
{
	struct dirent **list;
	int nr = scandir(dir, &list, NULL, alphasort), i;

	for (i = 0; i < nr; i++) {
		char *path = NULL;
		struct stat st;

		if (asprintf(&path, "%s/%s", dir, list[i]->d_name) < 0 ||
		    !strcmp(list[i]->d_name, ".") ||
		    !strcmp(list[i]->d_name, "..") || lstat(path, &st))
			goto next;
		fprintf(out, "%s %o %d:%d %d\n", path, st.st_mode, st.st_uid,
			st.st_gid, (int)st.st_nlink);
		if (!strcmp(list[i]->d_name, "tasks") && is_group(dir))
			snapshot_text(out, path);
		if (S_ISDIR(st.st_mode))
			snapshot_dir(out, path);
next:
		free(path);
		free(list[i]);
	}
	if (nr >= 0)
		free(list);
}

char *rc_snapshot(const char *dir)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	int i;

	snapshot_dir(out, dir);
	snapshot_text(out, RC_ROOT "/subsystems");
	snapshot_text(out, "/proc/thread-self/rc");
	fprintf(out, "%s", rc_ns_links(getpid()));
	for (i = 0; i < nr_children; i++)
		snapshot_text(out, rc_fmt("/proc/%d/rc", children[i]));
	fclose(out);
	return text;
}

const char *rc_ns_links(pid_t pid)
{
	static const char * const names[] = {
		"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children",
		"time", "time_for_children", "user", "uts",
	};
	char text[1024] = "";
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char link[64];
		ssize_t len = readlink(rc_fmt("/proc/%d/ns/%s", pid, names[i]),
				       link, sizeof(link) - 1);

		link[len < 0 ? 0 : len] = '\0';
		strcat(strcat(text, link), "\n");
	}
	return rc_fmt("%s", text);
}

static const char *own(struct owned *owned, const char *path)
{
	owned->path = realloc(owned->path,
			      (owned->nr + 1) * sizeof(*owned->path));
	owned->path[owned->nr] = strdup(path);
	return owned->path[owned->nr++];
}

void rc_track_hier(const char *path)
{
	own(&hiers, path);
}

static int remove_tree(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int ret = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) && !ret) {
		char *child;

		if (entry->d_type != DT_DIR || !strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		if (asprintf(&child, "%s/%s", path, entry->d_name) < 0)
			ret = -ENOMEM;
		else
			ret = remove_tree(child);
		free(child);
	}
	closedir(dir);
	if (ret)
		return ret;
	ret = rc_rmdir(path);
	return ret == -ENOENT ? 0 : ret;
}

/* Names carry the maker's pid: ours, or of one that has gone. */
static bool left_over(const char *name)
{
	pid_t maker = 0;

	if (sscanf(name, NAME_PREFIX "%d-", &maker) != 1)
		return false;
	/* 0 is the maker of names that are to be refused. */
	return !maker || maker == getpid() ||
	       (kill(maker, 0) && errno == ESRCH);
}

static int sweep(const char *path)
{
	struct dirent *entry;
	DIR *dir = opendir(path);
	int ret = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && !ret) {
		if (left_over(entry->d_name))
			ret = remove_tree(rc_fmt("%s/%s", path,
						 entry->d_name));
	}
	closedir(dir);
	return ret;
}

int rc_setup(void)
{
	int ret;

	/* What an ended helper leaves behind is to be reaped here as well. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1))
		return -errno;
	umask(022);
	ret = sweep(RC_ROOT);
	if (ret || access(RC_ROOT "/cpuacct", F_OK))
		return ret;
	/* A test killed for its time limit may have left this one as well. */
	ret = sweep(RC_ROOT "/cpuacct");
	if (!ret && rc_rmdir(RC_ROOT "/cpuacct") == -EPERM)
		ret = -EPERM;
	return ret;
}

static void untrack(pid_t pid)
{
	int i;

	for (i = 0; i < nr_children; i++) {
		if (children[i] == pid)
			children[i] = children[--nr_children];
	}
}

int rc_teardown(void)
{
	double until = rc_now() + RC_PATIENCE;
	int ret, i;
	pid_t pid;

	/* A test may have failed while it was an unprivileged user. */
	ret = seteuid(0) ? -errno : 0;
	for (i = 0; i < nr_children; i++)
		kill(children[i], SIGKILL);
	nr_children = 0;
	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) >= 0) {
		if (pid)
			continue;
		if (rc_now() > until)
			return -ETIMEDOUT;
		rc_nap();
	}
	while (mounts.nr) {
		char *path = mounts.path[--mounts.nr];

		if (umount2(path, MNT_DETACH) || rmdir(path))
			ret = -errno;
		free(path);
	}
	/* Those who are still in a group can be none but the caller. */
	if (borrowed)
		ret = ret ?: rc_attach(borrowed, getpid()) ?: sweep(borrowed);
	borrowed = NULL;
	while (hiers.nr) {
		char *path = hiers.path[--hiers.nr];
		int err = access(path, F_OK) ? 0 : rc_attach(path, getpid());

		err = err ?: remove_tree(path);
		ret = ret ?: err;
		free(path);
	}
	return ret ?: sweep(RC_ROOT);
}

const char *rc_hier_new(void)
{
	const char *path = rc_fmt(RC_ROOT "/" NAME_PREFIX "%d-%d", getpid(),
				  serial++);

	return mkdir(path, 0755) ? NULL : own(&hiers, path);
}

const char *rc_cpuacct(void)
{
	const char *path = RC_ROOT "/cpuacct";

	/* Not removed by rc_setup(): in use, with groups of somebody else. */
	if (!access(rc_fmt("%s/cpuacct.usage", path), F_OK)) {
		borrowed = path;
		return path;
	}
	return mkdir(path, 0755) ? NULL : own(&hiers, path);
}

const char *rc_bound_new(const char *list)
{
	const char *path = rc_fmt(RC_ROOT "/%s", list);

	remove_tree(path);
	return mkdir(path, 0755) ? NULL : own(&hiers, path);
}

bool rc_has_subsys(const char *name)
{
	char *text = rc_text(RC_ROOT "/subsystems");
	bool has = text && strstr(text, rc_fmt("\n%s\t", name));

	free(text);
	return has;
}

const char *rc_group_new(const char *parent)
{
	const char *path = rc_fmt("%s/" NAME_PREFIX "%d-%d", parent, getpid(),
				  serial++);

	return mkdir(path, 0755) ? NULL : strdup(path);
}

const char *rc_proc_mount(const char *options)
{
	char path[] = "/tmp/" NAME_PREFIX "XXXXXX";

	if (!mkdtemp(path))
		return NULL;
	if (mount("proc", path, "proc", 0, options)) {
		int err = errno;

		rmdir(path);
		errno = err;
		return NULL;
	}
	return own(&mounts, path);
}

void rc_die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void rc_track_child(pid_t pid)
{
	children = realloc(children, (nr_children + 1) * sizeof(*children));
	children[nr_children++] = pid;
}

pid_t rc_fork(void)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid > 0)
		rc_track_child(pid);
	if (pid)
		return pid;
	nr_children = 0;
	hiers.nr = 0;
	mounts.nr = 0;
	borrowed = NULL;
	rc_die_with_parent();
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	return 0;
}

pid_t rc_spawn(int (*fn)(void *arg), void *arg)
{
	pid_t pid = rc_fork();

	if (!pid)
		_exit(-fn(arg));
	return pid;
}

static int sleep_on(void *arg)
{
	while (pause())
		;
	return -EINTR;
}

static int spin(void *arg)
{
	long forever = 1;

	while (rc_get(&forever))
		;
	return -EINTR;
}

static int call_kernel(void *arg)
{
	while (syscall(SYS_getppid))
		;
	return -ESRCH;
}

pid_t rc_sleeper(void)
{
	return rc_spawn(sleep_on, NULL);
}

pid_t rc_spinner(void)
{
	return rc_spawn(spin, NULL);
}

pid_t rc_syscaller(void)
{
	return rc_spawn(call_kernel, NULL);
}

struct threads {
	int nr;
	long ready;
};

static void *sleep_in_thread(void *arg)
{
	struct threads *threads = arg;

	if (unshare(CLONE_NEWUTS))
		_exit(errno);
	rc_inc(&threads->ready);
	sleep_on(NULL);
	return NULL;
}

static int sleep_in_threads(void *arg)
{
	struct threads *threads = arg;
	int i;

	for (i = 1; i < threads->nr; i++) {
		pthread_t thread;
		int err = pthread_create(&thread, NULL, sleep_in_thread, arg);

		if (err)
			return -err;
	}
	sleep_in_thread(arg);
	return -EINTR;
}

pid_t rc_sleeping_threads(int nr)
{
	struct threads *threads = rc_shared(sizeof(*threads));
	pid_t pid;

	if (!threads)
		return -1;
	threads->nr = nr;
	pid = rc_spawn(sleep_in_threads, threads);
	if (pid > 0 && !RC_WAIT(rc_get(&threads->ready) == nr))
		pid = -1;
	munmap(threads, sizeof(*threads));
	return pid;
}

int rc_reap(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, __WALL) != pid)
		return -errno;
	untrack(pid);
	return WIFEXITED(status) ? -WEXITSTATUS(status) :
				   -1000 - WTERMSIG(status);
}

int rc_kill(pid_t pid)
{
	if (kill(pid, SIGKILL))
		return -errno;
	return rc_reap(pid) == -1000 - SIGKILL ? 0 : -ECHILD;
}

int rc_run(int (*fn)(void *arg), void *arg)
{
	pid_t pid = rc_spawn(fn, arg);

	return pid < 0 ? -errno : rc_reap(pid);
}

static int become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
	    setresuid(uid, uid, uid))
		return -errno;
	/* A change of credentials clears it. */
	rc_die_with_parent();
	return 0;
}

struct run_as {
	uid_t uid;
	int (*fn)(void *arg);
	void *arg;
};

static int become_and_run(void *arg)
{
	const struct run_as *as = arg;

	return become(as->uid) ?: as->fn(as->arg);
}

int rc_run_as(uid_t uid, int (*fn)(void *arg), void *arg)
{
	struct run_as as = { .uid = uid, .fn = fn, .arg = arg };

	return rc_run(become_and_run, &as);
}

int rc_wait_zombie(pid_t pid)
{
	siginfo_t info;

	return waitid(P_PID, pid, &info, WEXITED | WNOWAIT) ? -errno : 0;
}

pid_t rc_kthread(bool bound)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	pid_t found = 0;

	while (dir && !found && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);
		unsigned int flags;
		char buf[1024], *end;

		/* kthreadd, pid 2, is refused for a reason of its own. */
		if (pid <= 2 ||
		    rc_read(rc_fmt("/proc/%d/stat", pid), buf, sizeof(buf)) < 0)
			continue;
		end = strrchr(buf, ')');
		if (!end || sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %u",
				   &flags) != 1)
			continue;
		if ((flags & PF_KTHREAD) &&
		    !!(flags & PF_NO_SETAFFINITY) == bound)
			found = pid;
	}
	if (dir)
		closedir(dir);
	return found;
}

void *rc_shared(size_t size)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return mem == MAP_FAILED ? NULL : mem;
}

int rc_race_seconds(void)
{
	const char *text = getenv("RC_RACE_SECONDS");
	int seconds = text ? atoi(text) : 0;

	return seconds > 0 ? seconds : 10;
}
