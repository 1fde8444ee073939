// SPDX-License-Identifier: GPL-2.0
/*
 * What must hold in the storm when nobody does anything. Threads of the kernel still
 * come and go, and some things are settled a moment later: what does not hold is only
 * wrong if it does not for a while.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpuset_util.h"
#include "storm.h"

#define MAX_TASKS 8192
#define PF_EXITING 0x00000004
#define PF_USER_WORKER 0x00004000
/* Seconds that something may not hold yet. */
#define SETTLED (rc_debug_kernel() ? 90 : 30)

/**
 * struct task - a thread
 * @tid: its id
 * @tgid: that of its process
 * @flags: as in /proc/PID/stat
 * @name: likewise
 * @rc: its groups
 * @seen: how often it was in the hierarchy that is looked at
 */
struct task {
	pid_t tid;
	pid_t tgid;
	unsigned int flags;
	char name[64];
	char *rc;
	int seen;
};

static struct task tasks[MAX_TASKS];
static int nr_tasks;
static long nr_groups;
/* Pid namespaces beside the initial one, by their numbers. */
static unsigned long namespaces[256];
static unsigned int nr_namespaces;

static enum storm_claim last_claim;
static char last_text[512];

/* To be said if it stays so. */
static int __printf(2, 3) not_yet(enum storm_claim claim, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_text, sizeof(last_text), fmt, ap);
	va_end(ap);
	last_claim = claim;
	return -EAGAIN;
}

/* False if it has gone, or is about to. */
static bool look_at_task(struct task *task, pid_t tgid, pid_t tid)
{
	const char *dir = rc_fmt("/proc/%d/task/%d", tgid, tid);
	char buf[1024], *open, *close, state;

	if (rc_read(rc_fmt("%s/stat", dir), buf, sizeof(buf)) <= 0)
		return false;
	open = strchr(buf, '(');
	close = strrchr(buf, ')');
	if (!open || !close ||
	    sscanf(close + 1, " %c %*d %*d %*d %*d %*d %u", &state, &task->flags) != 2 ||
	    state == 'Z' || state == 'X' || (task->flags & PF_EXITING))
		return false;
	snprintf(task->name, sizeof(task->name), "%.*s", (int)(close - open - 1), open + 1);
	task->rc = rc_text(rc_fmt("%s/rc", dir));
	if (!task->rc || !*task->rc) {
		free(task->rc);
		return false;
	}
	task->tid = tid;
	task->tgid = tgid;
	task->seen = 0;
	return true;
}

static int by_tid(const void *a, const void *b)
{
	return ((const struct task *)a)->tid - ((const struct task *)b)->tid;
}

static struct task *find_task(pid_t tid)
{
	struct task key = { .tid = tid };

	return bsearch(&key, tasks, nr_tasks, sizeof(key), by_tid);
}

static void look_at_namespace(pid_t tgid)
{
	unsigned int i;
	struct stat st, own;

	if (stat(rc_fmt("/proc/%d/ns/pid_for_children", tgid), &st) ||
	    stat("/proc/self/ns/pid", &own) || st.st_ino == own.st_ino)
		return;
	for (i = 0; i < nr_namespaces && namespaces[i] != st.st_ino; i++)
		;
	if (i == nr_namespaces && i < ARRAY_SIZE(namespaces))
		namespaces[nr_namespaces++] = st.st_ino;
}

static void look_at_process(pid_t tgid)
{
	DIR *dir = opendir(rc_fmt("/proc/%d/task", tgid));
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) && nr_tasks < MAX_TASKS)
		if (isdigit(*entry->d_name) &&
		    look_at_task(&tasks[nr_tasks], tgid, atoi(entry->d_name)))
			nr_tasks++;
	if (dir)
		closedir(dir);
}

static void look_at_tasks(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;

	while (nr_tasks)
		free(tasks[--nr_tasks].rc);
	nr_namespaces = 0;
	while (dir && (entry = readdir(dir))) {
		if (!isdigit(*entry->d_name))
			continue;
		look_at_process(atoi(entry->d_name));
		look_at_namespace(atoi(entry->d_name));
	}
	if (dir)
		closedir(dir);
	qsort(tasks, nr_tasks, sizeof(*tasks), by_tid);
}

/* Is this the task's line of the hierarchy? */
static bool says(const struct task *task, const char *hier, const char *path)
{
	const char *line = task->rc;
	size_t len = strlen(hier);

	while (line && *line) {
		const char *end = strchr(line, '\n'), *colon;

		if (!strncmp(line, hier, len) && line[len] == ':') {
			colon = strchr(line + len + 1, ':');
			return colon && end && (size_t)(end - colon - 1) == strlen(path) &&
			       !strncmp(colon + 1, path, end - colon - 1);
		}
		line = end ? end + 1 : NULL;
	}
	return false;
}

static int compare_ids(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

/* procs has the processes of those who are in tasks, each once. */
static int check_procs(const char *dir, const pid_t *ids, int nr)
{
	pid_t *expected, *procs = NULL;
	int i, n = 0, ret = 0, found;

	expected = calloc(nr > 0 ? nr : 1, sizeof(*expected));

	for (i = 0; i < nr; i++)
		expected[i] = find_task(ids[i])->tgid;
	qsort(expected, nr, sizeof(*expected), compare_ids);
	for (i = 0; i < nr; i++)
		if (!n || expected[n - 1] != expected[i])
			expected[n++] = expected[i];
	found = rc_list(rc_fmt("%s/procs", dir), &procs);
	if (found != n || (n && memcmp(expected, procs, n * sizeof(*procs))))
		ret = not_yet(STORM_LISTS_AGREE, "%s/procs has %d, of tasks %d", dir, found, n);
	free(expected);
	free(procs);
	return ret;
}

/* The first line of its table is that of the group itself; a root's has no number. */
static int check_table(const char *dir, int nr)
{
	char *text = rc_text(rc_fmt("%s/groups", dir));
	char *line = text ? strchr(text, '\n') : NULL;
	char *end = line;
	long told = 0;
	int ret = 0;

	line = line ? strchr(line, '\t') : NULL;
	if (line)
		told = strtol(line, &end, 10);
	if (!line)
		ret = not_yet(STORM_LISTS_AGREE, "%s/groups has no line", dir);
	else if (end != line && told != nr)
		ret = not_yet(STORM_LISTS_AGREE, "%s/groups says %ld, tasks has %d", dir, told, nr);
	free(text);
	return ret;
}

static bool subset(const char *list, const char *of)
{
	cpu_set_t a, b, both;

	if (cs_parse(list, &a) || cs_parse(of, &b))
		return false;
	CPU_AND(&both, &a, &b);
	return CPU_EQUAL(&both, &a);
}

/* Who has asked for nothing has all that the set has, everybody else a part of it. */
static int check_set(const char *dir, const char *path, const struct task *task)
{
	const char *cpus = cs_read(dir, "effective_cpus"), *has = cs_cpus_allowed(task->tid);
	const char *mems = cs_read(dir, "effective_mems"), *nodes = cs_mems_allowed(task->tid);
	bool asked = !strncmp(task->name, STORM_ASKED, strlen(STORM_ASKED)) ||
		     (task->flags & PF_USER_WORKER) ||
		     sched_getscheduler(task->tid) == SCHED_DEADLINE;

	if (task->flags & RC_PF_KTHREAD)
		return 0;
	if (!strcmp(path, "/"))
		cpus = storm->all_cpus;
	if (!*has || (asked ? !subset(has, cpus) : strcmp(has, cpus)))
		return not_yet(STORM_CPUS, "%d (%s) in %s has CPUs %s, the set %s", task->tid,
			       task->name, dir, has, cpus);
	if (strcmp(nodes, mems))
		return not_yet(STORM_MEMS, "%d (%s) in %s has nodes %s, the set %s", task->tid,
			       task->name, dir, nodes, mems);
	return 0;
}

static int check_member(const char *hier, const char *dir, const char *path, pid_t tid,
			bool cpuset)
{
	struct task *task = find_task(tid);

	if (!task)
		return not_yet(STORM_LISTS_AGREE, "%s lists %d, which is not there", dir, tid);
	if (task->seen++)
		return not_yet(STORM_IN_ONE_GROUP, "%d (%s) is in %s and another group", tid,
			       task->name, dir);
	if (!says(task, hier, path))
		return not_yet(STORM_LISTS_AGREE, "%d (%s) is in %s, but says %s", tid,
			       task->name, dir, task->rc);
	if (strcmp(path, "/") && (task->flags & RC_PF_KTHREAD) &&
	    (task->flags & RC_PF_NO_SETAFFINITY))
		return not_yet(STORM_THREADS_BOUND, "%d (%s) is in %s", tid, task->name, dir);
	return cpuset ? check_set(dir, path, task) : 0;
}

/* Its tasks, and whether it has any; -errno if something is not as it should be. */
static int check_group(const char *hier, const char *path, bool cpuset, bool *populated)
{
	struct storm_name *names = malloc(64 * sizeof(*names));
	char *dir = strdup(rc_fmt(RC_ROOT "/%s%s", hier, path));
	int nr, i, ret = 0;
	pid_t *ids = NULL;
	unsigned long long told;

	nr_groups++;
	nr = rc_list(rc_fmt("%s/tasks", dir), &ids);
	if (nr < 0)
		ret = not_yet(STORM_LISTS_AGREE, "%s/tasks: %s", dir, strerror(-nr));
	*populated = nr > 0;
	for (i = 0; i < nr && !ret; i++)
		ret = check_member(hier, dir, path, ids[i], cpuset);
	ret = ret ?: check_procs(dir, ids, nr) ?: check_table(dir, nr);
	free(ids);
	nr = storm_children(dir, names, 64, false);
	for (i = 0; i < nr && !ret; i++) {
		char *child = strdup(rc_fmt("%s/%s", strcmp(path, "/") ? path : "", names[i].text));
		bool below;

		ret = check_group(hier, child, cpuset, &below);
		*populated |= below;
		free(child);
	}
	told = rc_field(rc_fmt("%s/events", dir), "populated");
	if (!ret && told != (*populated || !strcmp(path, "/")))
		ret = not_yet(STORM_POPULATED, "%s: %lld, with tasks: %d", dir, told,
			      *populated);
	free(names);
	free(dir);
	return ret;
}

/* What is in the root of a hierarchy is root's: nobody gives it away. */
static int check_root_files(const char *hier)
{
	struct storm_name *names = malloc(64 * sizeof(*names));
	char *dir = strdup(rc_fmt(RC_ROOT "/%s", hier));
	int nr = storm_children(dir, names, 64, true), i, ret = 0;
	struct stat st;

	for (i = 0; i < nr && !ret; i++)
		if (!stat(rc_fmt("%s/%s", dir, names[i].text), &st) && (st.st_uid || st.st_gid))
			ret = not_yet(STORM_OWNERS, "%s/%s belongs to %d:%d", dir, names[i].text,
				      st.st_uid, st.st_gid);
	free(names);
	free(dir);
	return ret;
}

static int check_hierarchy(const char *hier)
{
	bool cpuset = !access(rc_fmt(RC_ROOT "/%s/effective_cpus", hier), F_OK), populated;
	int i, ret = 0;

	for (i = 0; i < nr_tasks; i++)
		tasks[i].seen = 0;
	ret = check_root_files(hier) ?: check_group(hier, "/", cpuset, &populated);
	for (i = 0; i < nr_tasks && !ret; i++)
		if (!tasks[i].seen)
			ret = not_yet(STORM_IN_ONE_GROUP, "%d (%s) is nowhere in %s, but says %s",
				      tasks[i].tid, tasks[i].name, hier, tasks[i].rc);
	return ret;
}

/*
 * No removed group is kept by anything but a pid namespace, which it was given, and no
 * proxy by none: a task has one, and one that it shares its groups with.
 */
static int check_counts(int nr_hierarchies)
{
	const char *counts = RC_ROOT "/debug/debug.counts";
	unsigned long long groups = rc_field(counts, "groups");
	unsigned long long proxies = rc_field(counts, "proxies");
	unsigned long long dead = rc_field(counts, "proxies_dead");

	if (groups == ~0ULL)
		return 0;
	if (groups > (unsigned long long)nr_groups + nr_namespaces * nr_hierarchies)
		return not_yet(STORM_GONE_GROUPS, "%lld groups, %ld in the tree, %u namespaces",
			       groups, nr_groups, nr_namespaces);
	if (proxies > 2ULL * nr_tasks + dead + 1)
		return not_yet(STORM_GONE_PROXIES, "%lld proxies (%lld dead) for %d tasks",
			       proxies, dead, nr_tasks);
	return 0;
}

/*
 * What is made and removed now, in a hierarchy that is nobody's, goes, though mounts have
 * seen it: meanwhile the others can only become fewer.
 */
static int check_freed(void)
{
	const char *counts = RC_ROOT "/debug/debug.counts", *name = "/" STORM_QUIET "/gfreed";
	unsigned long long before = rc_field(counts, "groups");
	int ret;

	if (before == ~0ULL)
		return 0;
	ret = rc_mkdir(rc_fmt(RC_ROOT "%s", name));
	if (ret)
		return ret;
	free(rc_text(rc_fmt("%s/rc%s/events", storm->mount, name)));
	ret = rc_rmdir(rc_fmt(RC_ROOT "%s", name));
	if (!ret && !RC_WAIT_FOR(SETTLED, rc_field(counts, "groups") <= before)) {
		storm_wrong(STORM_GONE_GROUPS, "%lld groups for %d s, %lld before one came",
			    rc_field(counts, "groups"), SETTLED, before);
		ret = -EAGAIN;
	}
	return ret;
}

/* A root domain has in its account what some of the deadline tasks need. */
static int check_bandwidth(void)
{
	int i, nr = 0;
	long long odd;

	if (access(RC_ROOT "/cpuset", F_OK))
		return 0;
	for (i = 0; i < nr_tasks; i++)
		nr += sched_getscheduler(tasks[i].tid) == SCHED_DEADLINE;
	odd = storm_odd_bandwidth(nr);
	if (odd)
		return not_yet(STORM_BANDWIDTH, "%lld in an account, for %d tasks with %lld", odd,
			       nr, STORM_DL_BW);
	return 0;
}

static int check_once(void)
{
	static struct storm_name names[32];
	int nr = storm_children(RC_ROOT, names, 32, false), i, ret = 0;

	nr_groups = 0;
	look_at_tasks();
	for (i = 0; i < nr && !ret; i++)
		ret = check_hierarchy(names[i].text);
	ret = ret ?: check_counts(nr) ?: check_bandwidth();
	if (!ret)
		rc_set(&storm->groups, nr_groups);
	return ret;
}

void storm_calm(const char *dir)
{
	struct storm_name *names = malloc(64 * sizeof(*names));
	int nr, i;

	for (i = 0; i < storm_nr_values; i++)
		if (storm_values[i].rest)
			rc_write(rc_fmt("%s/%s", dir, storm_values[i].file),
				 storm_values[i].rest);
	nr = storm_children(dir, names, 64, false);
	for (i = 0; i < nr; i++) {
		char *child = strdup(rc_fmt("%s/%s", dir, names[i].text));

		storm_calm(child);
		free(child);
	}
	free(names);
}

int storm_check_rest(void)
{
	double until = rc_now() + SETTLED;
	int ret;

	while ((ret = check_once()) && rc_now() < until)
		rc_nap();
	if (ret)
		storm_wrong(last_claim, "%s, %d s later still", last_text, SETTLED);
	return ret ?: check_freed();
}
