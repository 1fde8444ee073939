// SPDX-License-Identifier: GPL-2.0
/* notify_on_release and release_agent: the program run for released groups. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "release_util.h"

/* As kernel/rc/release.c has it. */
#define MAX_AGENTS 4

#define AGENT "--agent-"

/*
 * What agents and test share, in a file beside the agent. This program is the
 * agent, too, under a name that ends with AGENT and what it is to do.
 */
struct agents {
	long started;
	long running;
	long most;
	/* Agents named "wait" do not end before. */
	long gate;
};

/* @flags: O_CREAT for the test alone; a late agent leaves nothing behind. */
static struct agents *map_agents(const char *dir, int flags)
{
	int fd = open(rc_fmt("%s/agents", dir), O_RDWR | O_CLOEXEC | flags,
		      0600);
	struct agents *agents = MAP_FAILED;

	if (fd >= 0 && !ftruncate(fd, sizeof(*agents)))
		agents = mmap(NULL, sizeof(*agents), PROT_READ | PROT_WRITE,
			      MAP_SHARED, fd, 0);
	close(fd);
	return agents == MAP_FAILED ? NULL : agents;
}

static void enter(struct agents *agents)
{
	long now = __atomic_add_fetch(&agents->running, 1, __ATOMIC_SEQ_CST);
	long most = rc_get(&agents->most);

	while (now > most &&
	       !__atomic_compare_exchange_n(&agents->most, &most, now, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
	rc_inc(&agents->started);
}

/* One line for each agent: what it was given, and where it runs. */
static int keep_log(const char *dir, int argc, char **argv)
{
	int fd = rc_open(rc_fmt("%s/log", dir), O_WRONLY | O_APPEND);
	const char *hier = argc > 2 ? argv[2] : "-";
	const char *line;

	line = rc_fmt("%d %s %s %s\n", argc, argc > 1 ? argv[1] : "-", hier,
		      rc_where(getpid(), rc_fmt("/%s", hier)));
	return fd < 0 ? fd : rc_write_fd(fd, line, strlen(line));
}

static int be_agent(int argc, char **argv)
{
	const char *what = strstr(argv[0], AGENT) + strlen(AGENT);
	const char *dir = rc_fmt("%.*s", (int)(strrchr(argv[0], '/') - argv[0]),
				 argv[0]);
	struct agents *agents = map_agents(dir, 0);
	int ret = 0;

	if (!agents)
		return EXIT_FAILURE;
	enter(agents);
	if (!strcmp(what, "wait")) {
		while (!rc_get(&agents->gate))
			rc_nap();
	} else if (!strcmp(what, "slow")) {
		const struct timespec ts = { .tv_nsec = 50000000 };

		nanosleep(&ts, NULL);
	} else if (!strcmp(what, "rmdir")) {
		ret = rmdir(rc_fmt(RC_ROOT "/%s%s", argv[2], argv[1]));
	} else if (!strcmp(what, "fail")) {
		ret = 3;
	} else if (!strcmp(what, "die")) {
		ret = SIGKILL;
	}
	if (keep_log(dir, argc, argv))
		ret = EXIT_FAILURE;
	__atomic_sub_fetch(&agents->running, 1, __ATOMIC_SEQ_CST);
	if (ret == SIGKILL)
		raise(ret);
	return ret;
}

FIXTURE(release)
{
	const char *hier;
	const char *grp;
	pid_t pid;
	char dir[64];
	struct agents *agents;
};

FIXTURE_SETUP(release)
{
	char self_exe[PATH_MAX];
	ssize_t len;

	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->grp = rc_group_new(self->hier);
	ASSERT_TRUE(!!self->grp);
	self->pid = rc_sleeper();
	snprintf(self->dir, sizeof(self->dir), "/tmp/ksft-XXXXXX");
	ASSERT_TRUE(!!mkdtemp(self->dir));
	self->agents = map_agents(self->dir, O_CREAT);
	ASSERT_TRUE(!!self->agents);
	ASSERT_EQ(0, mknod(rc_fmt("%s/log", self->dir), S_IFREG | 0600, 0));
	len = readlink("/proc/self/exe", self_exe, sizeof(self_exe) - 1);
	ASSERT_LT(0, len);
	self_exe[len] = '\0';
	/* All agents are this program. */
	ASSERT_EQ(0, symlink(self_exe, rc_fmt("%s/exe", self->dir)));
}

static void forget(const char *dir, const char *name)
{
	unlink(rc_fmt("%s/%s", dir, name));
}

FIXTURE_TEARDOWN(release)
{
	static const char * const names[] = {
		"agents", "log", "exe", AGENT "wait", AGENT "slow",
		AGENT "rmdir", AGENT "fail", AGENT "die", AGENT "log",
	};
	size_t i;

	rc_set(&self->agents->gate, 1);
	EXPECT_EQ(0, rc_teardown());
	EXPECT_TRUE(RC_WAIT(!rc_get(&self->agents->running)));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		forget(self->dir, names[i]);
	EXPECT_EQ(0, rmdir(self->dir));
}

/* Makes this program the agent that does @what. */
static int set_agent(const char *hier, const char *dir, const char *what)
{
	const char *path = rc_fmt("%s/" AGENT "%s", dir, what);

	if (symlink("exe", path) && errno != EEXIST)
		return -errno;
	return rc_write(agent_of(hier), path);
}

/* A task comes to the group and leaves it. */
static int use(const char *hier, const char *group, pid_t pid)
{
	return rc_attach(group, pid) ?: rc_attach(hier, pid);
}

/* How many agents ran for a group, as the log says. */
static int logged(const char *dir, const char *hier, const char *group)
{
	const char *want = rc_fmt("\n3 %s %s /\n", group + strlen(hier),
				  hier + strlen(RC_ROOT "/"));
	char *text = rc_text(rc_fmt("%s/log", dir)), *log, *pos;
	int nr = 0;

	if (!text)
		return 0;
	if (asprintf(&log, "\n%s", text) < 0)
		return -ENOMEM;
	for (pos = log; (pos = strstr(pos, want)); pos++)
		nr++;
	free(text);
	free(log);
	return nr;
}

static int all_logged(const char *dir)
{
	char *text = rc_text(rc_fmt("%s/log", dir)), *pos;
	int nr = 0;

	for (pos = text; pos && (pos = strchr(pos, '\n')); pos++)
		nr++;
	free(text);
	return nr;
}

/*
 * Releases groups made for that, one after the other, until the agent has run
 * for each. An agent that was to run for something before has run by then.
 */
static int flush(const char *hier, const char *dir, pid_t pid)
{
	int i, ret;

	for (i = 0; i < 2 * MAX_AGENTS; i++) {
		const char *grp = rc_group_new(hier);

		ret = grp ? notify(grp, "1") ?: use(hier, grp, pid) : -errno;
		if (ret)
			return ret;
		if (!RC_WAIT(logged(dir, hier, grp)))
			return -ETIMEDOUT;
		ret = rc_rmdir(grp);
		if (ret)
			return ret;
	}
	return 0;
}

/* Occupies all agents with groups, which it makes; they wait for the gate. */
static int block(const char *hier, const char *dir, pid_t pid,
		 struct agents *agents)
{
	long started = rc_get(&agents->started);
	int i, ret = set_agent(hier, dir, "wait");

	for (i = 0; i < MAX_AGENTS && !ret; i++) {
		const char *grp = rc_group_new(hier);

		ret = grp ? notify(grp, "1") ?: use(hier, grp, pid) : -errno;
	}
	if (!ret && !RC_WAIT(rc_get(&agents->started) == started + MAX_AGENTS))
		ret = -ETIMEDOUT;
	return ret;
}

/* The agent gets the path and the hierarchy, once the last task has gone. */
TEST_F(release, last_task)
{
	const char *sub = rc_group_new(self->grp);
	pid_t other = rc_sleeper();

	ASSERT_TRUE(!!sub);
	ASSERT_EQ(0, set_agent(self->hier, self->dir, "log"));
	ASSERT_EQ(0, notify(sub, "1"));
	ASSERT_EQ(0, rc_attach(sub, other));
	ASSERT_EQ(0, use(self->hier, sub, self->pid));
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	EXPECT_EQ(0, logged(self->dir, self->hier, sub));
	ASSERT_EQ(0, rc_kill(other));
	EXPECT_TRUE(RC_WAIT(logged(self->dir, self->hier, sub) == 1));
	/* Again, each time. */
	ASSERT_EQ(0, use(self->hier, sub, self->pid));
	EXPECT_TRUE(RC_WAIT(logged(self->dir, self->hier, sub) == 2));
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	EXPECT_EQ(2, logged(self->dir, self->hier, sub));
	EXPECT_EQ(0, logged(self->dir, self->hier, self->grp));
}

/* A process that leaves as a whole releases its group once. */
TEST_F(release, process)
{
	pid_t pid = rc_sleeping_threads(5);
	const char *id = rc_fmt("%d", pid);

	ASSERT_LT(0, pid);
	ASSERT_EQ(0, set_agent(self->hier, self->dir, "log"));
	ASSERT_EQ(0, notify(self->grp, "1"));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->grp), id));
	ASSERT_EQ(0, rc_write(rc_fmt("%s/procs", self->hier), id));
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	EXPECT_EQ(1, logged(self->dir, self->hier, self->grp));
}

/* The last child's end releases a group without tasks. */
TEST_F(release, last_child)
{
	const char *one = rc_group_new(self->grp);
	const char *two = rc_group_new(self->grp);

	ASSERT_TRUE(one && two);
	ASSERT_EQ(0, set_agent(self->hier, self->dir, "log"));
	ASSERT_EQ(0, notify(self->grp, "1"));
	ASSERT_EQ(0, rc_rmdir(one));
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	EXPECT_EQ(0, logged(self->dir, self->hier, self->grp));
	ASSERT_EQ(0, rc_rmdir(two));
	EXPECT_TRUE(RC_WAIT(logged(self->dir, self->hier, self->grp) == 1));
	EXPECT_EQ(0, logged(self->dir, self->hier, one));
	EXPECT_EQ(0, logged(self->dir, self->hier, two));
}

/* Neither with a child nor with a task is a group released. */
TEST_F(release, in_use)
{
	const char *sub = rc_group_new(self->grp);
	pid_t other = rc_sleeper();

	ASSERT_TRUE(!!sub);
	ASSERT_EQ(0, set_agent(self->hier, self->dir, "log"));
	ASSERT_EQ(0, notify(self->grp, "1"));
	ASSERT_EQ(0, use(self->hier, self->grp, self->pid));
	ASSERT_EQ(0, use(self->hier, sub, self->pid));
	ASSERT_EQ(0, rc_attach(self->grp, other));
	ASSERT_EQ(0, rc_rmdir(sub));
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	EXPECT_EQ(0, logged(self->dir, self->hier, self->grp));
	EXPECT_EQ(0, logged(self->dir, self->hier, sub));
}

/* Not without notify_on_release, and never for a root. */
TEST_F(release, not_wanted)
{
	const char *sub = rc_group_new(self->grp);

	ASSERT_TRUE(!!sub);
	ASSERT_EQ(0, set_agent(self->hier, self->dir, "log"));
	ASSERT_EQ(0, use(self->hier, sub, self->pid));
	ASSERT_EQ(0, rc_rmdir(sub));
	ASSERT_EQ(0, use(self->hier, self->grp, self->pid));
	ASSERT_EQ(0, notify(self->hier, "1"));
	ASSERT_EQ(0, rc_rmdir(self->grp));
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	EXPECT_EQ(2 * MAX_AGENTS, all_logged(self->dir));
}

/* A group is looked at again when its turn has come. */
TEST_F(release, waiting)
{
	const char *used = rc_group_new(self->hier);
	const char *parent = rc_group_new(self->hier);
	const char *off = rc_group_new(self->hier);
	const char *removed = rc_group_new(self->hier);
	const char *renamed = rc_group_new(self->hier);
	const char * const all[] = {
		used, parent, off, removed, renamed, self->grp,
	};
	const char *name = strdup(rc_fmt("%s-too", renamed));
	pid_t other = rc_sleeper();
	size_t i;

	ASSERT_EQ(0, block(self->hier, self->dir, self->pid, self->agents));
	for (i = 0; i < ARRAY_SIZE(all); i++) {
		ASSERT_TRUE(!!all[i]);
		ASSERT_EQ(0, notify(all[i], "1"));
		ASSERT_EQ(0, use(self->hier, all[i], self->pid));
	}
	ASSERT_EQ(0, rc_attach(used, other));
	ASSERT_TRUE(!!rc_group_new(parent));
	ASSERT_EQ(0, notify(off, "0"));
	ASSERT_EQ(0, rc_rmdir(removed));
	ASSERT_EQ(0, rename(renamed, name));
	EXPECT_EQ(MAX_AGENTS, (int)rc_get(&self->agents->started));

	rc_set(&self->agents->gate, 1);
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	EXPECT_TRUE(RC_WAIT(logged(self->dir, self->hier, self->grp) == 1));
	EXPECT_TRUE(RC_WAIT(logged(self->dir, self->hier, name) == 1));
	EXPECT_EQ(0, logged(self->dir, self->hier, used));
	EXPECT_EQ(0, logged(self->dir, self->hier, parent));
	EXPECT_EQ(0, logged(self->dir, self->hier, off));
	EXPECT_EQ(0, logged(self->dir, self->hier, removed));
	EXPECT_EQ(0, logged(self->dir, self->hier, renamed));
	EXPECT_EQ(MAX_AGENTS, (int)self->agents->most);
}

/* The agent is the one that is set when the group's turn has come. */
TEST_F(release, agent_changed)
{
	ASSERT_EQ(0, block(self->hier, self->dir, self->pid, self->agents));
	ASSERT_EQ(0, notify(self->grp, "1"));
	ASSERT_EQ(0, use(self->hier, self->grp, self->pid));
	ASSERT_EQ(0, set_agent(self->hier, self->dir, "rmdir"));
	rc_set(&self->agents->gate, 1);
	EXPECT_TRUE(RC_WAIT(access(self->grp, F_OK) && errno == ENOENT));
}

/* If there is none by then, none is run. */
TEST_F(release, agent_taken_away)
{
	ASSERT_EQ(0, block(self->hier, self->dir, self->pid, self->agents));
	ASSERT_EQ(0, notify(self->grp, "1"));
	ASSERT_EQ(0, use(self->hier, self->grp, self->pid));
	ASSERT_EQ(0, rc_write(agent_of(self->hier), ""));
	rc_set(&self->agents->gate, 1);
	ASSERT_TRUE(RC_WAIT(all_logged(self->dir) == MAX_AGENTS &&
			    !rc_get(&self->agents->running)));
	EXPECT_EQ(0, logged(self->dir, self->hier, self->grp));
}

/* Agents that hang hold up those of their own hierarchy, and no others. */
TEST_F(release, hanging)
{
	const char *hier = rc_hier_new();

	ASSERT_TRUE(!!hier);
	ASSERT_EQ(0, block(self->hier, self->dir, self->pid, self->agents));
	ASSERT_EQ(0, notify(self->grp, "1"));
	ASSERT_EQ(0, use(self->hier, self->grp, self->pid));
	ASSERT_EQ(0, set_agent(hier, self->dir, "log"));
	ASSERT_EQ(0, flush(hier, self->dir, self->pid));
	EXPECT_EQ(0, logged(self->dir, self->hier, self->grp));
	EXPECT_EQ(MAX_AGENTS, (int)rc_get(&self->agents->running));
	rc_set(&self->agents->gate, 1);
	EXPECT_TRUE(RC_WAIT(logged(self->dir, self->hier, self->grp) == 1));
}

/* Many releases in one hierarchy do not hold up the one in another. */
TEST_F_TIMEOUT(release, fair, 4 * TEST_TIMEOUT_DEFAULT)
{
	/* Each takes more than a second of a debug kernel's. */
	const int nr = rc_debug_kernel() ? 80 : 200;
	const char *hier = rc_hier_new(), *grp;
	int i;

	ASSERT_TRUE(!!hier);
	grp = rc_group_new(hier);
	ASSERT_TRUE(!!grp);
	ASSERT_EQ(0, notify(grp, "1"));
	ASSERT_EQ(0, set_agent(self->hier, self->dir, "slow"));
	ASSERT_EQ(0, set_agent(hier, self->dir, "log"));
	ASSERT_EQ(0, notify(self->hier, "1"));
	for (i = 0; i < nr; i++) {
		const char *each = rc_group_new(self->hier);

		ASSERT_TRUE(!!each);
		ASSERT_EQ(0, use(self->hier, each, self->pid));
	}
	ASSERT_EQ(0, use(hier, grp, self->pid));
	ASSERT_TRUE(RC_WAIT(logged(self->dir, hier, grp) == 1));
	/* Far from all had their turn, though they all came before. */
	TH_LOG("%ld of %d agents had started", rc_get(&self->agents->started),
	       nr + 1);
	EXPECT_GT(nr, rc_get(&self->agents->started));
	ASSERT_TRUE(RC_WAIT(rc_get(&self->agents->started) == nr + 1));
}

/* A hierarchy goes with agents waiting for their turn, and its name comes again. */
TEST_F(release, hierarchy_goes)
{
	const char *hier = self->hier;
	int i;

	for (i = 0; i < 3; i++) {
		ASSERT_EQ(0, set_agent(hier, self->dir, "fail"));
		ASSERT_EQ(0, notify(self->grp, "1"));
		ASSERT_EQ(0, use(hier, self->grp, self->pid));
		ASSERT_EQ(0, rc_rmdir(self->grp));
		ASSERT_EQ(0, rc_rmdir(hier));
		ASSERT_EQ(0, rc_mkdir(hier));
		ASSERT_EQ(0, rc_mkdir(self->grp));
	}
}

/* A renamed hierarchy is called so. */
TEST_F(release, renamed_hierarchy)
{
	const char *name = strdup(rc_fmt("%s-too", self->hier));
	const char *grp = strdup(rc_fmt("%s%s", name,
					self->grp + strlen(self->hier)));

	ASSERT_EQ(0, set_agent(self->hier, self->dir, "log"));
	ASSERT_EQ(0, notify(self->grp, "1"));
	rc_track_hier(name);
	ASSERT_EQ(0, rename(self->hier, name));
	ASSERT_EQ(0, use(name, grp, self->pid));
	EXPECT_TRUE(RC_WAIT(logged(self->dir, name, grp) == 1));
	ASSERT_EQ(0, rename(name, self->hier));
}

/* What an agent is for: it removes the group, and so the next one above. */
TEST_F(release, removes)
{
	const char *sub, *subsub;

	ASSERT_EQ(0, set_agent(self->hier, self->dir, "rmdir"));
	ASSERT_EQ(0, notify(self->grp, "1"));
	sub = rc_group_new(self->grp);
	ASSERT_TRUE(!!sub);
	subsub = rc_group_new(sub);
	ASSERT_TRUE(!!subsub);
	ASSERT_EQ(0, rc_attach(subsub, self->pid));
	ASSERT_EQ(0, rc_kill(self->pid));
	EXPECT_TRUE(RC_WAIT(access(self->grp, F_OK)));
	EXPECT_TRUE(RC_WAIT(logged(self->dir, self->hier, self->grp) == 1));
	EXPECT_EQ(1, logged(self->dir, self->hier, sub));
	EXPECT_EQ(1, logged(self->dir, self->hier, subsub));
}

/* An agent that fails, dies or is not there does no harm to the next one. */
TEST_F(release, bad_agents)
{
	static const char * const paths[] = {
		"/ksft-none", "/tmp", "relative", "/proc/rc/subsystems",
	};
	int i;

	ASSERT_EQ(0, notify(self->grp, "1"));
	for (i = 0; i < 3 * MAX_AGENTS; i++) {
		ASSERT_EQ(0, rc_write(agent_of(self->hier),
				      paths[i % ARRAY_SIZE(paths)]));
		ASSERT_EQ(0, use(self->hier, self->grp, self->pid));
	}
	ASSERT_EQ(0, set_agent(self->hier, self->dir, "fail"));
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	ASSERT_EQ(0, set_agent(self->hier, self->dir, "die"));
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	ASSERT_EQ(0, set_agent(self->hier, self->dir, "log"));
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	EXPECT_EQ(0, rc_rmdir(self->grp));
}

/*
 * However many groups are released at a time, a few agents run at a time, and
 * none of the groups that are left is forgotten.
 */
TEST_F_TIMEOUT(release, storm, 4 * TEST_TIMEOUT_DEFAULT)
{
	const int nr = rc_debug_kernel() ? 100 : 500;
	const char *groups[nr];
	double start;
	int i;

	ASSERT_EQ(0, set_agent(self->hier, self->dir, "slow"));
	ASSERT_EQ(0, notify(self->hier, "1"));
	for (i = 0; i < nr; i++) {
		groups[i] = rc_group_new(self->hier);
		ASSERT_TRUE(!!groups[i]);
	}
	start = rc_now();
	for (i = 0; i < nr; i++) {
		ASSERT_EQ(0, use(self->hier, groups[i], self->pid));
		/* Every fifth one goes at once. */
		if (i % 5 == 4)
			ASSERT_EQ(0, rc_rmdir(groups[i]));
	}
	TH_LOG("%ld agents have started when %d groups are released",
	       rc_get(&self->agents->started), nr);
	for (i = 0; i < nr; i++) {
		if (i % 5 == 4)
			continue;
		ASSERT_TRUE(RC_WAIT(logged(self->dir, self->hier, groups[i]))) {
			TH_LOG("group %d", i);
		}
	}
	TH_LOG("%ld agents in %.1f s, %ld at a time", self->agents->started,
	       rc_now() - start, self->agents->most);
	EXPECT_GE(MAX_AGENTS, self->agents->most);
	for (i = 0; i < nr; i++)
		EXPECT_GE(1, logged(self->dir, self->hier, groups[i]));
}

/*
 * Groups that went while they waited are not handed to agents, nor does their
 * memory wait.
 */
TEST_F(release, storm_of_removals)
{
	const int nr = 200;
	const char *counts = NULL;
	long groups = 0;
	int i;

	if (rc_has_subsys("debug")) {
		ASSERT_TRUE(!!rc_bound_new("debug"));
		counts = RC_ROOT "/debug/debug.counts";
	}
	ASSERT_EQ(0, block(self->hier, self->dir, self->pid, self->agents));
	if (counts)
		groups = rc_field(counts, "groups");
	ASSERT_EQ(0, notify(self->hier, "1"));
	for (i = 0; i < nr; i++) {
		const char *grp = rc_group_new(self->hier);

		ASSERT_TRUE(!!grp);
		ASSERT_EQ(0, use(self->hier, grp, self->pid));
		ASSERT_EQ(0, rc_rmdir(grp));
	}
	if (counts)
		EXPECT_TRUE(RC_WAIT((long)rc_field(counts, "groups") <=
				    groups));
	rc_set(&self->agents->gate, 1);
	ASSERT_EQ(0, flush(self->hier, self->dir, self->pid));
	EXPECT_EQ(3 * MAX_AGENTS, all_logged(self->dir));
}

int main(int argc, char **argv)
{
	if (strstr(argv[0], AGENT))
		return be_agent(argc, argv);
	return test_harness_run(argc, argv);
}
