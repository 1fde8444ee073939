// SPDX-License-Identifier: GPL-2.0
/*
 * The storm, see storm.h: sixteen workers do whatever there is to do at random; every
 * few seconds they stand still, and what must hold is looked at. On the kernel's command
 * line, storm.seconds=N is how long, storm.seed=N what the random numbers begin with,
 * storm.only=NAME,... and storm.skip=NAME,... which operations are done, storm.workers=N
 * by how many. It is no part of the selftests, as what it finds is not all explained yet;
 * "make stress" runs it, on a machine with nodes of memory that come and go.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cpuset_util.h"
#include "rc_box.h"
#include "storm.h"

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"
#define MAX_PROXIES "/proc/sys/user/max_rc_proxies"
#define UFFD "/proc/sys/vm/unprivileged_userfaultfd"
/* Low, so that it is reached: proxies that may wait for a grace period, a user. */
#define PROXIES 64
/* Seconds between two rests. */
#define ROUND (rc_debug_kernel() ? 15 : 8)
/* Left out of the short form: what they find is not mended yet, see storm.rst. */
#define UNMENDED "policy"
/* Seconds that workers have to end by themselves. */
#define PATIENCE 15
/* Complaints that are printed. */
#define ENOUGH 12

struct storm *storm;
int storm_memfd = -1;

/* Who is where. The first ones are there also where only a few are asked for. */
static const struct {
	unsigned int who;
	uid_t uid;
	enum rc_box_kind kind;
	/* The group that it was given in each hierarchy. */
	const char *given;
} cast[STORM_MAX_WORKERS] = {
	{ STORM_ROOT }, { STORM_ROOT },
	{ STORM_OWNER, RC_USER, 0, "o-1000" },
	{ STORM_BOX, 0, RC_BOX_ROOT, "o-box" },
	{ STORM_STRANGER, RC_USER + 2 },
	{ STORM_ROOT },
	{ STORM_OWNER, RC_USER + 1, 0, "o-1001" },
	{ STORM_BOX, 0, RC_BOX_USER, "o-user" },
	{ STORM_ROOT }, { STORM_ROOT },
	{ STORM_OWNER, RC_USER, 0, "o-1000" },
	{ STORM_BOX, 0, RC_BOX_BARE, "o-box" },
	{ STORM_BOX, 0, RC_BOX_ROOT, NULL },
	{ STORM_STRANGER, RC_USER + 3 },
	{ STORM_OWNER, RC_USER + 1, 0, "o-1001" },
	{ STORM_BOX, 0, RC_BOX_ROOT, "o-box" },
};

void storm_wrong(enum storm_claim claim, const char *fmt, ...)
{
	static long *said;
	char text[1024];
	va_list ap;

	if (!said)
		said = &storm->said;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	for (char *at = text; *at; at++)
		if (*at == '\n')
			*at = ' ';
	if (__atomic_fetch_add(said, 1, __ATOMIC_RELAXED) < ENOUGH)
		dprintf(STDOUT_FILENO, "# %.0f s: %s: %s\n", rc_now() - storm->start,
			storm_claims[claim], text);
	__atomic_or_fetch(&storm->failed, 1L << claim, __ATOMIC_ACQ_REL);
}

/* The value of a parameter on the kernel's command line, or NULL. */
static char *parameter(const char *name)
{
	char *text = rc_text("/proc/cmdline"), *word, *save, *found = NULL;
	size_t len = strlen(name);

	for (word = strtok_r(text, "\n ", &save); word; word = strtok_r(NULL, "\n ", &save))
		if (!strncmp(word, name, len) && word[len] == '=')
			found = strdup(word + len + 1);
	free(text);
	return found;
}

static unsigned long long ops_of(char *names)
{
	unsigned long long bits = 0;
	char *name, *save;
	int i;

	for (name = strtok_r(names, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		for (i = 0; i < storm_nr_ops && strcmp(storm_ops[i].name, name); i++)
			;
		if (i == storm_nr_ops)
			ksft_exit_fail_msg("there is no operation %s\n", name);
		bits |= 1ULL << i;
	}
	return bits;
}

static double set_up(void)
{
	char *seed = parameter("storm.seed"), *seconds = parameter("storm.seconds");
	char *only = parameter("storm.only"), *skip = parameter("storm.skip");
	char *workers = parameter("storm.workers");
	int i;

	storm_memfd = memfd_create("storm", 0);
	if (storm_memfd < 0 || ftruncate(storm_memfd, sizeof(*storm)))
		ksft_exit_fail_msg("no shared memory\n");
	storm = mmap(NULL, sizeof(*storm), PROT_READ | PROT_WRITE, MAP_SHARED, storm_memfd, 0);
	if (storm == MAP_FAILED)
		ksft_exit_fail_msg("no shared memory\n");
	storm->start = rc_now();
	storm->seed = seed ? strtoul(seed, NULL, 0) : (unsigned long)time(NULL) % 1000000;
	storm->enabled = (only ? ops_of(only) : ~0ULL) & ~(skip ? ops_of(skip) : 0ULL);
	if (!seconds)
		storm->enabled &= ~ops_of(strdup(UNMENDED));
	storm->bound = rc_debug_kernel() ? 100 : 60;
	storm->nr_workers = workers ? atoi(workers) : STORM_MAX_WORKERS;
	storm->first_pid = getpid();
	for (i = 0; i < STORM_MAX_ACTORS; i++) {
		storm->actor[i].nr = i;
		storm->actor[i].op = -1;
	}
	for (i = 0; i < STORM_MAX_WORKERS; i++) {
		storm->actor[i].who = cast[i].who;
		storm->actor[i].boxed = cast[i].who & STORM_BOX;
		storm->actor[i].uid = cast[i].uid;
	}
	storm_outer_pid();
	return seconds ? atof(seconds) : rc_race_seconds() + 10;
}

/* What a task of the root has that has been elsewhere. */
static void note_all(void)
{
	const char *grp = RC_ROOT "/cpuset/o-box";

	if (access(grp, F_OK))
		return;
	rc_attach(grp, 0);
	rc_attach(RC_ROOT "/cpuset", 0);
	snprintf(storm->all_cpus, sizeof(storm->all_cpus), "%s", cs_cpus_allowed(getpid()));
}

static int boxed_worker(void *arg)
{
	return storm_worker(arg);
}

/* Goes where its container is to be born, and waits for that to end. */
static int keep_box(void *arg)
{
	const struct storm_actor *me = arg;
	static struct storm_name names[32];
	int nr, i, ret;

	prctl(PR_SET_NAME, "storm-keeper");
	nr = cast[me->nr].given ? storm_children(RC_ROOT, names, 32, false) : 0;
	for (i = 0; i < nr; i++)
		rc_write(rc_fmt(RC_ROOT "/%s/%s/procs", names[i].text, cast[me->nr].given), "0");
	ret = rc_run_boxed(cast[me->nr].kind, NULL, boxed_worker, arg);
	if (ret && ret > -1000 && !storm_over())
		dprintf(STDOUT_FILENO, "# the container of actor %d: %s\n", me->nr, strerror(-ret));
	return 0;
}

static pid_t worker_pid[STORM_MAX_WORKERS];

static void start_worker(int i)
{
	struct storm_actor *me = &storm->actor[i];
	int j;

	/* It may have been killed in the middle. */
	me->since = 0;
	me->op = -1;
	if (rc_get(&storm->busy) == i + 1) {
		unlink(STORM_HANG);
		rc_set(&storm->busy, 0);
	}
	for (j = 0; j < STORM_SUBJECTS; j++) {
		storm->actor[STORM_MAX_WORKERS + i * STORM_SUBJECTS + j].pid = 0;
		storm->actor[STORM_MAX_WORKERS + i * STORM_SUBJECTS + j].since = 0;
	}
	if (me->who & STORM_BOX)
		worker_pid[i] = rc_spawn(keep_box, me);
	else if (me->uid)
		worker_pid[i] = rc_spawn_as(me->uid, storm_worker, me);
	else
		worker_pid[i] = rc_spawn(storm_worker, me);
}

/* What others have left comes here as well. */
static void reap(void)
{
	pid_t pid;
	int i;

	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
		for (i = 0; i < storm->nr_workers; i++)
			if (worker_pid[i] == pid)
				worker_pid[i] = -1;
	/* Those for whom there was no process, too: a controller can refuse to fork. */
	for (i = 0; i < storm->nr_workers; i++)
		if (worker_pid[i] < 0 && !storm_over())
			start_worker(i);
}

static bool alive(pid_t pid)
{
	char buf[512], *state;

	if (pid <= 0 || rc_read(rc_fmt("/proc/%d/stat", pid), buf, sizeof(buf)) <= 0)
		return false;
	state = strrchr(buf, ')');
	return state && state[2] != 'Z' && state[2] != 'X';
}

/* An actor that does not stand still yet, or NULL. */
static const struct storm_actor *moving(long pause)
{
	int i;

	for (i = 0; i < STORM_MAX_ACTORS; i++) {
		const struct storm_actor *me = &storm->actor[i];
		bool worker = i < STORM_MAX_WORKERS;

		if (worker && i >= storm->nr_workers)
			continue;
		if (rc_get(&me->parked) != pause && (worker || alive(me->pid)))
			return me;
	}
	return NULL;
}

/* Those in one of the states, and where; of kernel threads, who cannot be interrupted. */
static void tell_of_tasks(const char *states)
{
	static struct storm_name names[1024];
	int nr = storm_children("/proc", names, 1024, false), i;

	for (i = 0; i < nr; i++) {
		const char *dir = rc_fmt("/proc/%s", names[i].text);
		char buf[512], *state, *stack, *at;
		pid_t pid = atoi(names[i].text), parent;

		if (!pid || rc_read(rc_fmt("%s/stat", dir), buf, sizeof(buf)) <= 0)
			continue;
		state = strrchr(buf, ')') + 2;
		parent = atoi(state + 2);
		if (!strchr(parent == 2 ? "DR" : states, *state))
			continue;
		state[1] = '\0';
		stack = rc_text(rc_fmt("%s/stack", dir));
		for (at = stack; at && *at; at++)
			if (*at == '\n')
				*at = ' ';
		dprintf(STDOUT_FILENO, "# %s, child of %d, CPU %d of %s: %.500s\n", buf, parent,
			cs_cpu_of(pid), cs_cpus_allowed(pid), stack ?: "");
		free(stack);
	}
}

/* What the scheduler has to say of a task and its CPU, and on the console where all are. */
static void tell_of_turn(pid_t pid)
{
	int cpu = cs_cpu_of(pid);
	char *text, *line, *save, begin[32];
	bool here = false;

	text = rc_text(rc_fmt("/proc/%d/sched", pid)) ?: strdup("");
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, "policy", 6) || !strncmp(line, "dl.", 3))
			dprintf(STDOUT_FILENO, "# %s\n", line);
	free(text);
	text = rc_text("/sys/kernel/debug/sched/debug") ?: strdup("");
	snprintf(begin, sizeof(begin), "cpu#%d,", cpu);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, "cpu#", 4))
			here = !strncmp(line, begin, strlen(begin));
		if (here)
			dprintf(STDOUT_FILENO, "# %s\n", line);
	}
	free(text);
	rc_write("/proc/sysrq-trigger", "l");
}

static void tell_of(const struct storm_actor *me)
{
	pid_t keeper = me->nr < STORM_MAX_WORKERS ? worker_pid[me->nr] : 0;
	char *stack = rc_text(rc_fmt("/proc/%d/stack", alive(me->pid) ? me->pid : keeper));

	storm_wrong(STORM_WAITS, "actor %d (%d, %d) in %s at '%s', step %ld: %s", me->nr,
		    me->pid, keeper, me->op >= 0 ? storm_ops[me->op].name : "nothing", me->at,
		    me->step, stack ?: "");
	free(stack);
	if (rc_get(&storm->said) < ENOUGH) {
		tell_of_tasks("DRTt");
		tell_of_turn(alive(me->pid) ? me->pid : keeper);
	}
}

/* In a process of its own, which does nothing that could wait. */
static int watch(void *arg)
{
	int i;

	prctl(PR_SET_NAME, "storm-look");
	while (!storm_over()) {
		double start = rc_now();

		for (i = 0; i < STORM_MAX_ACTORS; i++) {
			const struct storm_actor *me = &storm->actor[i];
			double since = me->since;

			if (since && start - since > storm->bound && alive(me->pid))
				tell_of(me);
		}
		if (rc_mkdir("/tmp/storm-beat") || rc_rmdir("/tmp/storm-beat"))
			break;
		if (rc_now() - start > storm->beat)
			storm->beat = rc_now() - start;
		rc_nap();
	}
	return 0;
}

/* A release in a hierarchy that is nobody's: its agent removes the group. */
static void probe(void)
{
	static double since;
	const char *grp = RC_ROOT "/" STORM_QUIET "/gprobe";
	pid_t pid;

	if (since && access(grp, F_OK)) {
		rc_inc(&storm->probes);
		since = 0;
	}
	if (since && rc_now() - since > storm->bound)
		storm_wrong(STORM_AGENTS, "one was not run in %.0f s", rc_now() - since);
	if (since || rc_mkdir(grp))
		return;
	since = rc_now();
	rc_write(rc_fmt("%s/notify_on_release", grp), "1");
	pid = rc_fork();
	if (!pid)
		_exit(rc_write(rc_fmt("%s/tasks", grp), "0") != 0);
}

/* A user's proxies that wait for a grace period have a bound, so all have. */
static void check_dead_proxies(void)
{
	unsigned long long dead = rc_field(RC_ROOT "/debug/debug.counts", "proxies_dead");

	if (dead != ~0ULL && dead > PROXIES * 8 + STORM_MAX_WORKERS * 64)
		storm_wrong(STORM_GONE_PROXIES, "%lld dead proxies wait, of 8 users with %d each",
			    dead, PROXIES);
}

static void rage(double seconds)
{
	double until = rc_now() + seconds;

	while (rc_now() < until && !storm_over()) {
		reap();
		probe();
		check_dead_proxies();
		rc_nap();
	}
}

static void rest(void)
{
	static long number;
	const struct storm_actor *me = NULL;
	double until = rc_now() + storm->bound;

	rc_set(&storm->pause, ++number);
	while (!storm_over() && (me = moving(number)) && rc_now() < until) {
		storm_calm(RC_ROOT);
		reap();
		probe();
		rc_nap();
	}
	if (!storm_over() && me)
		tell_of(me);
	/* Its child, which is about to be gone, is in a group. */
	while (!storm_over() && !access(RC_ROOT "/" STORM_QUIET "/gprobe", F_OK)) {
		reap();
		probe();
		rc_nap();
	}
	if (!storm_over())
		storm_check_rest();
	rc_set(&storm->pause, 0);
}

static void print_counts(void)
{
	int i;

	for (i = 0; i < storm_nr_ops; i++)
		if (storm->count[i].calls)
			ksft_print_msg("%-16s %8ld, %8ld good, %6.2f s at most\n",
				       storm_ops[i].name, storm->count[i].calls,
				       storm->count[i].good, storm->count[i].worst);
	ksft_print_msg("%ld releases; what has nothing to do with groups took %.2f s at most\n",
		       storm->probes, storm->beat);
}

static void print_trails(void)
{
	int i, j;

	for (i = 0; i < storm->nr_workers; i++) {
		const struct storm_actor *me = &storm->actor[i];
		char text[512] = "";

		for (j = 1; j <= STORM_TRAIL; j++) {
			strcat(text, " ");
			strcat(text, storm_ops[me->trail[(me->step + j) % STORM_TRAIL]].name);
		}
		ksft_print_msg("actor %d, up to step %ld:%s\n", i, me->step, text);
	}
}

/*
 * Those whose parent has been killed: who has been given other credentials since, or was
 * executed by a thread, does not end with it, and may be stopped.
 */
static void kill_children(void)
{
	static struct storm_name names[1024];
	int nr = storm_children("/proc", names, 1024, false), i;

	for (i = 0; i < nr; i++) {
		char buf[512];
		pid_t pid = atoi(names[i].text), parent = 0;

		if (pid && rc_read(rc_fmt("/proc/%d/stat", pid), buf, sizeof(buf)) > 0)
			sscanf(strrchr(buf, ')') + 1, " %*c %d", &parent);
		if (parent == getpid())
			kill(pid, SIGKILL);
	}
}

static void stop_all(void)
{
	double until = rc_now() + PATIENCE;
	int i;

	rc_set(&storm->stop, 1);
	unlink(STORM_HANG);
	/* They end by themselves; who does not is waited for when killed. */
	for (i = 0; i < storm->nr_workers && rc_now() < until; i++)
		while (worker_pid[i] > 0 && !waitpid(worker_pid[i], NULL, WNOHANG | __WALL) &&
		       rc_now() < until)
			rc_nap();
	until = rc_now() + storm->bound;
	do {
		kill_children();
		i = waitpid(-1, NULL, WNOHANG | __WALL);
		if (!i)
			rc_nap();
	} while (i >= 0 && rc_now() < until);
	if (i >= 0) {
		storm_wrong(STORM_WAITS, "some cannot be killed");
		tell_of_tasks("DRTtSZ");
	}
	rc_end_children();
}

static void run(double seconds)
{
	double until = rc_now() + seconds;
	int i;

	rc_spawn(watch, NULL);
	for (i = 0; i < storm->nr_workers; i++)
		start_worker(i);
	while (rc_now() < until && !storm_over()) {
		double left = until - rc_now();

		rage(left < ROUND ? left : ROUND);
		rest();
		rc_inc(&storm->rests);
	}
}

static int as_asked(int argc, char **argv)
{
	if (argc == 3 && *argv[1] == '/')
		return storm_agent(argv[1], argv[2]);
	if (argc == 5 && !strcmp(argv[1], "subject")) {
		storm_memfd = atoi(argv[3]);
		storm = mmap(NULL, sizeof(*storm), PROT_READ | PROT_WRITE, MAP_SHARED,
			     storm_memfd, 0);
		if (storm == MAP_FAILED)
			return 1;
		prctl(PR_SET_NAME, atoi(argv[4]) ? STORM_ASKED : "storm-subject");
		/* What it has done was to exec. */
		storm->actor[atoi(argv[2])].since = 0;
		storm->actor[atoi(argv[2])].op = -1;
		storm_act(&storm->actor[atoi(argv[2])]);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct storm_before before;
	char *cores, *proxies, *uffd, *masks;
	double seconds;
	int i;

	if (argc > 1)
		return as_asked(argc, argv);
	ksft_print_header();
	ksft_set_plan(STORM_NR_CLAIMS);
	if (rc_has_subsys("cpuset") ? !cs_setup() : rc_setup())
		ksft_exit_fail_msg("no beginning: %s\n", strerror(errno));
	seconds = set_up();
	snprintf(storm->mount, sizeof(storm->mount), "%s", rc_proc_mount("") ?: "/proc");
	cores = rc_text(CORE_PATTERN);
	proxies = rc_text(MAX_PROXIES);
	uffd = rc_text(UFFD);
	masks = rc_text(CPUMASK);
	rc_write(CORE_PATTERN, storm->seed % 2 ? "|/stress/storm_test core" : "/dev/null");
	rc_write(MAX_PROXIES, rc_fmt("%d", PROXIES));
	rc_write(UFFD, "1");
	i = storm_build();
	if (i)
		ksft_exit_fail_msg("nothing to rage in: %s\n", strerror(-i));
	rc_write(RC_ROOT "/" STORM_QUIET "/release_agent", "/stress/storm_test");
	note_all();
	storm->node = cs_removable_node();
	storm_note(&before);
	ksft_print_msg("seed %lu, %.0f s\n", storm->seed, seconds);

	run(seconds);
	stop_all();
	storm_restore_machine();
	if (!storm->failed)
		storm_check_end(&before);

	rc_write(CORE_PATTERN, cores);
	rc_write(MAX_PROXIES, proxies);
	rc_write(UFFD, uffd);
	rc_write(CPUMASK, masks);
	print_counts();
	ksft_print_msg("seed %lu: %ld rests in %.0f s\n", storm->seed, storm->rests,
		       rc_now() - storm->start);
	if (storm->failed)
		print_trails();
	for (i = 0; i < STORM_NR_CLAIMS; i++)
		ksft_test_result(!(storm->failed & (1L << i)), "%s\n", storm_claims[i]);
	i = rc_has_subsys("cpuset") ? cs_teardown() : rc_teardown();
	if (i && !storm->failed)
		ksft_print_msg("left behind: %s\n", strerror(-i));
	ksft_finished();
}
