// SPDX-License-Identifier: GPL-2.0
/* Before and after the storm: what it rages in, and that nothing is left of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cpuset_util.h"
#include "storm.h"

/* As the scheduler counts: of a second, 50 ms for the fair server of each CPU. */
#define SERVER_BW (50LL * (1 << 20) / 1000)
#define COUNTS RC_ROOT "/debug/debug.counts"
/*
 * Kilobytes that need not come back: caches for each CPU, and on the debug kernel what
 * KASAN keeps of others, a thirty-second part of the memory, and stacks that were seen.
 */
#define MEMORY_LEFT (rc_debug_kernel() ? 300000 : 32000)
/* Seconds until all is freed that waits for a grace period. */
#define FREED (rc_debug_kernel() ? 180 : 60)

/* What is not bound by name stays unbound, for hierarchies that come and go. */
static bool is_passing(const char *name)
{
	return !strcmp(name, "example") || !strcmp(name, "debug2");
}

/* The controllers beside those with a hierarchy of their own, in one. */
static const char *all_others(void)
{
	char *text = rc_text(RC_ROOT "/subsystems"), *line, *save;
	static char list[256];
	char name[64];
	int enabled;

	*list = '\0';
	strtok_r(text, "\n", &save);
	while ((line = strtok_r(NULL, "\n", &save))) {
		if (sscanf(line, "%63s %*s %*s %d", name, &enabled) != 2 || !enabled ||
		    is_passing(name) || !strcmp(name, "cpuset") || !strcmp(name, "debug"))
			continue;
		strcat(strcat(list, *list ? "," : ""), name);
	}
	free(text);
	return list;
}

static int give(const char *path, uid_t uid, bool all)
{
	static struct storm_name names[64];
	int nr = storm_children(path, names, 64, true), i;

	for (i = 0; i < nr; i++)
		if (all || !strcmp(names[i].text, "tasks") || !strcmp(names[i].text, "procs"))
			chown(rc_fmt("%s/%s", path, names[i].text), uid, uid);
	return chown(path, uid, uid);
}

/* A group for each user, and for each kind of container. Paths are not freed: they are few. */
static int build_in(const char *name)
{
	const char *hier = strdup(name);
	static const struct {
		const char *name;
		uid_t uid;
		bool all;
	} given[] = {
		{ "o-1000", RC_USER, false }, { "o-1001", RC_USER + 1, true },
		{ "o-box", 0, true }, { "o-user", 100000, true },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(given); i++) {
		char *grp = strdup(rc_fmt("%s/%s", hier, given[i].name));

		if (rc_mkdir(grp))
			return -errno;
		if (!access(rc_fmt("%s/mems", grp), F_OK)) {
			rc_write(rc_fmt("%s/cpus", grp), cs_online_cpus());
			rc_write(rc_fmt("%s/mems", grp), cs_online_mems());
		}
		if (given[i].uid && give(grp, given[i].uid, given[i].all))
			return -errno;
	}
	return 0;
}

int storm_build(void)
{
	const char *others = all_others();
	int ret = 0;

	if (rc_has_subsys("cpuset"))
		ret = build_in(RC_ROOT "/cpuset");
	if (!ret && *others)
		ret = rc_bound_new(others) ? build_in(rc_fmt(RC_ROOT "/%s", others)) : -errno;
	if (!ret && rc_has_subsys("debug"))
		ret = rc_bound_new("debug") ? build_in(RC_ROOT "/debug") : -errno;
	if (!ret)
		ret = rc_bound_new("plain") ? build_in(RC_ROOT "/plain") : -errno;
	if (!ret && !rc_bound_new(STORM_QUIET))
		ret = -errno;
	/* To be ended whoever has made them. */
	rc_track_hier(RC_ROOT "/v0");
	rc_track_hier(RC_ROOT "/v1");
	return ret;
}

int storm_evacuate(const char *grp, const char *to)
{
	pid_t *ids = NULL;
	int nr = rc_list(rc_fmt("%s/tasks", grp), &ids), i, ret = nr < 0 ? nr : 0;

	for (i = 0; i < nr; i++) {
		int err = rc_attach(to, ids[i]);

		if (err && err != -ESRCH)
			ret = err;
	}
	free(ids);
	return ret;
}

static int fell_below(const char *hier, const char *dir)
{
	struct storm_name *names = malloc(64 * sizeof(*names));
	int nr = storm_children(dir, names, 64, false), i, ret = 0, err;

	for (i = 0; i < nr; i++) {
		char *child = strdup(rc_fmt("%s/%s", dir, names[i].text));

		err = fell_below(hier, child);
		ret = err ?: ret;
		err = storm_evacuate(child, hier);
		ret = err ?: ret;
		err = rc_rmdir(child);
		ret = err && err != -ENOENT ? err : ret;
		free(child);
	}
	free(names);
	return nr < 0 ? nr : ret;
}

int storm_fell(const char *dir)
{
	return fell_below(dir, dir);
}

/* A domain that was made has the servers of its CPUs in its account, or not any more. */
static bool accounts_for(long long bw, int nr_tasks)
{
	int servers;

	for (servers = 0; servers <= sysconf(_SC_NPROCESSORS_CONF); servers++) {
		long long rest = bw - servers * SERVER_BW;

		if (rest >= 0 && rest <= nr_tasks * STORM_DL_BW && !(rest % STORM_DL_BW))
			return true;
	}
	return false;
}

long long storm_odd_bandwidth(int nr_tasks)
{
	char *text = rc_text("/sys/kernel/debug/sched/debug"), *at = text;
	long long odd = 0;

	while (at && !odd && (at = strstr(at, ".dl_bw->total_bw"))) {
		long long bw = atoll(strchr(at, ':') + 1);

		if (!accounts_for(bw, nr_tasks))
			odd = bw;
		at++;
	}
	free(text);
	return odd;
}

static long long memory(void)
{
	char *text, *at;
	long long kilobytes;

	rc_drop_caches();
	text = rc_text("/proc/meminfo");
	at = text ? strstr(text, "MemAvailable:") : NULL;
	kilobytes = at ? atoll(at + strlen("MemAvailable:")) : -1;
	free(text);
	return kilobytes;
}

void storm_note(struct storm_before *before)
{
	before->proxies = rc_field(COUNTS, "proxies");
	before->memory = memory();
}

static bool fells(const char *hier, int *ret)
{
	*ret = storm_fell(hier);
	return !*ret;
}

static void fell_all(void)
{
	static struct storm_name names[32];
	int nr, i, ret;

	if (!access(RC_ROOT "/debug/debug.fail", F_OK))
		rc_write(RC_ROOT "/debug/debug.fail", "none");
	nr = storm_children(RC_ROOT, names, 32, false);
	for (i = 0; i < nr; i++) {
		char *hier = strdup(rc_fmt(RC_ROOT "/%s", names[i].text));

		rc_write(rc_fmt("%s/debug2.fail", hier), "none");
		/* Some may only be on their way out: they hold their groups until then. */
		ret = 0;
		if (!RC_WAIT_FOR(FREED, fells(hier, &ret)))
			storm_wrong(STORM_REMOVABLE, "groups of %s stay: %s", hier,
				    strerror(-ret));
		free(hier);
	}
}

static unsigned long long count(const char *name)
{
	return rc_field(COUNTS, name);
}

void storm_check_end(const struct storm_before *before)
{
	static struct storm_name names[32];
	int hierarchies;

	fell_all();
	if (storm_over() && storm->failed)
		return;
	hierarchies = storm_children(RC_ROOT, names, 32, false);
	if (count("groups") != ~0ULL) {
		if (!RC_WAIT_FOR(FREED, count("groups") <= (unsigned long long)hierarchies))
			storm_wrong(STORM_GONE_GROUPS, "%lld groups are left of %d hierarchies",
				    count("groups"), hierarchies);
		if (!RC_WAIT_FOR(FREED, count("states") == 0))
			storm_wrong(STORM_GONE_GROUPS, "%lld states are left", count("states"));
		if (!RC_WAIT_FOR(FREED, count("proxies") <= before->proxies))
			storm_wrong(STORM_GONE_PROXIES, "%lld proxies are left of %lld",
				    count("proxies"), before->proxies);
	}
	if (!access(RC_ROOT "/cpuset", F_OK) && !RC_WAIT_FOR(FREED, !storm_odd_bandwidth(0)))
		storm_wrong(STORM_BANDWIDTH, "%lld without deadline tasks",
			    storm_odd_bandwidth(0));
	if (!RC_WAIT_FOR(FREED, memory() >= before->memory - MEMORY_LEFT))
		storm_wrong(STORM_MEMORY, "%lld kB available, before %lld", memory(),
			    before->memory);
}
