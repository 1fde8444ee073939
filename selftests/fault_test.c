// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel asks for fails, one thing after the other: memory, and copies from
 * and to the buffers of users. Each operation either does all that it is to do, or
 * says ENOMEM or EFAULT and leaves everything as it was.
 *
 * An operation is a line in the table below; files are found in the tree, and for
 * those that are to be written something else than what they show, there is a table, too.
 *
 * Machine: numa
 * Kernel: FAULT_INJECTION_USERCOPY
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/rseq.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"
#include "fault_ops.h"
#include "fault_state.h"
#include "rc_box.h"

#define FAIL_NTH "/proc/thread-self/fail-nth"
#define FAULTS "/sys/kernel/debug/"

/* More than any single operation meets. */
#define MAX_FAULTS 3000

/*
 * An operation may meet less than the last time: allocations of kmemleak and of caches
 * come and go. So it has to succeed so often in a row.
 */
#define SUCCESSES 4

#define MAX_GROUPS "/proc/sys/user/max_rc_groups"
#define MAX_LISTS "/proc/sys/user/max_rc_lists"

#define THREADS 3
#define CONTROLLERS "cpuset,cpuacct,cpu,pids,debug,debug2"

/* For whom the box works. */
static struct fault fault;
static int fail_fd = -1;

/* From here on the @nth fault of the caller comes to pass. */
static void arm(int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d", nth);

	if (write(fail_fd, text, len) != len)
		_exit(EXIT_FAILURE);
}

/* Whether it has; ends the waiting for it, for which it may come to pass itself. */
static bool disarm(void)
{
	char text[16] = "";

	if (pread(fail_fd, text, sizeof(text) - 1, 0) < 0)
		return false;
	if (!strcmp(text, "0\n"))
		return true;
	if (write(fail_fd, "0", 1) < 0 && errno != EFAULT)
		_exit(EXIT_FAILURE);
	return false;
}

/* What an operation gave, and whether there was a fault in it. */
struct outcome {
	int ret;
	bool hit;
};

static struct outcome attempt(int nth)
{
	struct outcome outcome;

	if (fault.op->attempt) {
		outcome.ret = fault.op->attempt(&fault, nth, &outcome.hit);
		return outcome;
	}
	arm(nth);
	outcome.ret = fault.op->fn(&fault);
	outcome.hit = disarm();
	return outcome;
}

static int attempt_in_box(struct rc_box *box)
{
	struct outcome outcome;
	int ret = 0;

	if (fail_fd >= 0)
		close(fail_fd);
	fail_fd = rc_open(FAIL_NTH, O_RDWR);
	if (fault.op->prepare)
		ret = fault.op->prepare(&fault);
	if (ret)
		return ret;
	outcome = attempt(atoi(box->a));
	box->slot = outcome.hit;
	if (fault.op->clean)
		fault.op->clean(&fault);
	if (!outcome.ret && fault.op->undo && fault.op->undo(&fault))
		return -EUCLEAN;
	return outcome.ret;
}

/*
 * A new one each time, as the first thing that somebody does opens his account; but the
 * target's user who moves it.
 */
static uid_t user_of(const struct fault_op *op, int nth)
{
	return RC_USER + (op->fn == fault_attach ? 0 : nth);
}

static struct outcome attempt_as(struct rc_box *box, int nth)
{
	const struct fault_op *op = fault.op;
	struct outcome outcome;

	if (box) {
		outcome.ret = rc_box_do(box, attempt_in_box, rc_fmt("%d", nth), NULL);
		outcome.hit = box->slot;
		return outcome;
	}
	outcome.ret = op->prepare ? op->prepare(&fault) : 0;
	if (outcome.ret)
		ksft_exit_fail_msg("cannot be prepared: %d\n", outcome.ret);
	if (op->user && seteuid(user_of(op, nth)))
		ksft_exit_fail_msg("no user\n");
	outcome = attempt(nth);
	if (op->user && seteuid(0))
		ksft_exit_fail_msg("no root\n");
	if (op->clean)
		op->clean(&fault);
	return outcome;
}

/*
 * All tries of an operation.
 * @usual: what it gives without a fault: some writes are refused anyway.
 * @look: after each try rather than at the end, as what changes nothing needs.
 * @before, @done: the state without it, and after a success; @all: with all tasks.
 * @faults: how many there were, and @failed: how many of these made it fail.
 */
struct run {
	struct rc_box *box;
	int usual;
	bool look;
	char *all;
	char *before;
	char *done;
	int faults;
	int failed;
};

static bool is_allowed(const struct run *run, int ret)
{
	return ret == -ENOMEM || ret == -EFAULT || ret == run->usual ||
	       (ret && (ret == -fault.op->also[0] || ret == -fault.op->also[1]));
}

/* What has a success changed? Always the same. NULL, or what is wrong. */
static const char *check_success(struct run *run)
{
	const char *now = run->look ? fault_state(getpid()) : NULL;

	if (now && !run->done)
		run->done = strdup(now);
	else if (now && !fault.op->differs && strcmp(run->done, now))
		return rc_fmt("done in part: %s", fault_difference(run->done, now));
	if (!run->box && fault.op->undo && fault.op->undo(&fault))
		return "cannot be undone";
	return NULL;
}

static const char *check_same(const char *before, const char *now)
{
	return strcmp(before, now) ? rc_fmt("has changed: %s", fault_difference(before, now)) :
				     NULL;
}

/* One try, in which the @nth fault comes to pass if there are as many. */
static const char *try_fault(struct run *run, int nth, bool *hit)
{
	struct outcome outcome = attempt_as(run->box, nth);

	*hit = outcome.hit;
	run->faults += outcome.hit;
	if (outcome.ret && !is_allowed(run, outcome.ret))
		return rc_fmt("errno %d", -outcome.ret);
	if (!outcome.hit && outcome.ret != run->usual)
		return rc_fmt("errno %d without a fault", -outcome.ret);
	run->failed += outcome.ret != run->usual;
	if (outcome.ret)
		return run->look ? check_same(run->before, fault_state(getpid())) : NULL;
	return check_success(run);
}

/* Each fault of the operation comes to pass once. NULL, or what is wrong. */
static const char *each_fault(struct run *run)
{
	const char *wrong = NULL;
	int nth, missed = 0;
	bool hit;

	run->all = strdup(fault_state(1));
	run->before = strdup(fault_state(getpid()));
	/* What is to be refused; and what is done for the first time. */
	run->usual = attempt_as(run->box, MAX_FAULTS).ret;
	if (!run->usual)
		wrong = check_success(run);
	for (nth = 1; nth < MAX_FAULTS && missed < SUCCESSES && !wrong; nth++) {
		wrong = try_fault(run, nth, &hit);
		missed = hit ? 0 : missed + 1;
		if (wrong)
			wrong = rc_fmt("fault %d: %s", nth, wrong);
	}
	if (!wrong)
		wrong = missed < SUCCESSES ? "too many faults" :
					       check_same(run->all, fault_state(1));
	free(run->all);
	free(run->before);
	free(run->done);
	run->done = NULL;
	return wrong;
}

FIXTURE(fault)
{
	unsigned long long proxies;
	struct rc_box *box;
};

FIXTURE_VARIANT(fault)
{
	struct fault_op op;
};

#define FAILING(_name, ...) \
	FIXTURE_VARIANT_ADD(fault, _name) { .op = { __VA_ARGS__ } }

/* What the tree is made of. */
#define HIER RC_ROOT "/ksft-0-fault"

FAILING(mkdir_hierarchy, .fn = fault_mkdir, .undo = fault_rmdir, .file = HIER);
FAILING(mkdir_bound_hierarchy, .fn = fault_mkdir, .undo = fault_rmdir,
	.file = RC_ROOT "/" CONTROLLERS, .plain = true);
FAILING(rmdir_hierarchy, .fn = fault_rmdir, .undo = fault_mkdir, .setup = fault_mkdir,
	.file = HIER);
FAILING(rename_hierarchy, .fn = fault_rename, .undo = fault_rename_back, .setup = fault_mkdir,
	.file = HIER, .text = HIER "2");
FAILING(mkdir, .fn = fault_mkdir, .undo = fault_rmdir, .file = "new");
FAILING(mkdir_by_user, .fn = fault_mkdir, .undo = fault_rmdir, .file = "mine/new", .user = true,
	.differs = true);
FAILING(mkdir_and_list, .fn = fault_mkdir_and_list, .undo = fault_rmdir, .file = "new");
FAILING(mkdir_and_open, .fn = fault_mkdir_and_open, .undo = fault_rmdir, .file = "new",
	.text = "new/cpuacct.usage");
FAILING(rmdir, .fn = fault_rmdir, .undo = fault_mkdir, .setup = fault_mkdir, .file = "old");
FAILING(rename, .fn = fault_rename, .undo = fault_rename_back, .setup = fault_mkdir, .file = "old",
	.text = "other");
FAILING(chmod, .fn = fault_chmod, .undo = fault_chmod_back, .setup = fault_mkdir, .file = "old");
FAILING(chown, .fn = fault_chown, .undo = fault_chown_back, .setup = fault_mkdir, .file = "old");
FAILING(mkdir_in_box, .fn = fault_mkdir, .undo = fault_rmdir, .file = "new", .box = true);

/* Which controllers it has. */
FAILING(bind, .fn = fault_write, .undo = fault_write_back, .plain = true, .file = "subsystems",
	.text = CONTROLLERS, .back = "\n");
FAILING(unbind, .fn = fault_write, .undo = fault_write_back, .setup = fault_write_back,
	.plain = true, .file = "subsystems", .text = "\n", .back = CONTROLLERS);

/* Moves. */
FAILING(attach, .fn = fault_attach, .undo = fault_leave, .file = "tasks");
FAILING(attach_process, .fn = fault_attach, .undo = fault_attach_back, .process = true,
	.file = "procs", .back = "sub/procs");
FAILING(attach_migrate, .fn = fault_attach, .undo = fault_attach_back, .migrate = true,
	.file = "far/procs", .back = "near/procs");
FAILING(attach_by_user, .fn = fault_attach, .undo = fault_leave, .file = "mine/tasks",
	.user = true);
FAILING(attach_in_box, .fn = fault_attach, .undo = fault_attach_back, .file = "sub/procs",
	.back = "procs", .box = true);

/* New tasks and namespaces, and those of others. */
FAILING(fork, .fn = fault_fork, .inside = true);
FAILING(start, .fn = fault_start, .prepare = fault_open_group, .clean = fault_close,
	.file = ".");
FAILING(start_uts, .fn = fault_start, .prepare = fault_open_group, .clean = fault_close,
	.file = ".", .flags = CLONE_NEWUTS);
FAILING(clone_ipc, .fn = fault_clone, .flags = CLONE_NEWIPC, .inside = true);
FAILING(clone_mnt, .fn = fault_clone, .flags = CLONE_NEWNS, .inside = true);
FAILING(clone_pid, .fn = fault_clone, .flags = CLONE_NEWPID, .inside = true);
FAILING(clone_user, .fn = fault_clone, .flags = CLONE_NEWUSER, .inside = true,
	.also = { EAGAIN });
FAILING(clone_uts, .fn = fault_clone, .flags = CLONE_NEWUTS, .inside = true);
FAILING(clone_in_box, .fn = fault_clone, .flags = CLONE_NEWPID | CLONE_NEWUTS, .box = true);
FAILING(exec, .attempt = fault_exec, .inside = true, .also = { E2BIG, ENOEXEC });
FAILING(thread, .fn = fault_thread, .undo = fault_thread_gone, .inside = true, .differs = true);
FAILING(unshare, .fn = fault_unshare, .undo = fault_ns_back, .inside = true, .differs = true,
	.flags = CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID);
FAILING(unshare_mnt, .fn = fault_unshare, .undo = fault_ns_back, .flags = CLONE_NEWNS,
	.inside = true, .differs = true);
FAILING(unshare_time, .fn = fault_unshare, .undo = fault_ns_back, .flags = CLONE_NEWTIME,
	.inside = true, .differs = true);
FAILING(setns, .fn = fault_setns, .undo = fault_ns_back, .prepare = fault_open_target_ns,
	.clean = fault_close, .flags = CLONE_NEWUTS, .inside = true, .process = true);
FAILING(setns_process, .fn = fault_setns_process, .undo = fault_ns_back,
	.prepare = fault_open_target, .clean = fault_close, .flags = CLONE_NEWUTS | CLONE_NEWNS,
	.inside = true, .process = true);

/* Files: what is read, but for what is found below /proc/rc. */
FAILING(list, .fn = fault_list, .file = ".");
FAILING(list_all, .fn = fault_list, .file = RC_ROOT);
FAILING(list_in_box, .fn = fault_list, .box = true, .file = ".");
FAILING(stat, .fn = fault_stat, .file = "tasks");
FAILING(poll, .fn = fault_poll, .file = "events");
FAILING(watch, .fn = fault_watch, .file = "events");
FAILING(read_groups, .fn = fault_read, .file = "/proc/self/rc", .inside = true);
FAILING(read_tasks_by_user, .fn = fault_read, .file = "mine/tasks", .user = true);
FAILING(read_namespaces, .fn = fault_read, .file = "namespaces", .inside = true);
FAILING(read_table, .fn = fault_read, .file = "groups", .user = true);
FAILING(read_errors, .fn = fault_read, .file = RC_ROOT "/errors");
FAILING(read_cpuset, .fn = fault_read, .file = "/proc/self/cpuset", .inside = true);
FAILING(read_groups_in_box, .fn = fault_read, .file = "/proc/self/rc", .box = true);

/* Files: what is written, each with another value than it has. */
#define WRITE(_name, _text, _back, ...) \
	FAILING(_name, .fn = fault_write, .undo = fault_write_back, .text = _text, .back = _back, \
		__VA_ARGS__)
WRITE(cpus, "1", "0-3", .file = "cpus", .inside = true);
WRITE(cpus_of_process, "1", "0", .file = "sub/cpus", .process = true);
WRITE(mems, "\n", "0-1", .file = "mems");
WRITE(mems_migrate, "1", "0", .file = "near/mems", .migrate = true);
WRITE(cpu_exclusive, "1", "0", .file = "cpu_exclusive");
WRITE(mem_exclusive, "1", "0", .file = "mem_exclusive");
WRITE(mem_hardwall, "1", "0", .file = "mem_hardwall");
WRITE(sched_load_balance, "0", "1", .file = "sched_load_balance");
WRITE(sched_load_balance_root, "0", "1", .file = "../sched_load_balance");
WRITE(sched_relax_domain_level, "1", "-1", .file = "sched_relax_domain_level");
WRITE(memory_migrate, "0", "1", .file = "memory_migrate");
WRITE(memory_spread_page, "1", "0", .file = "memory_spread_page", .inside = true);
WRITE(memory_spread_slab, "1", "0", .file = "memory_spread_slab", .inside = true);
WRITE(memory_pressure_enabled, "1", "0", .file = "../memory_pressure_enabled");
WRITE(notify_on_release, "1", "0", .file = "notify_on_release");
WRITE(freeze, "1", "0", .file = "freeze");
WRITE(kill, "1", "1", .file = "kill");
WRITE(release_agent, "/bin/true", "\n", .file = "../release_agent");
WRITE(cpu_weight, "50", "100", .file = "cpu.weight", .inside = true);
WRITE(cpu_max, "50000 100000", "max 100000", .file = "cpu.max", .inside = true);
WRITE(cpu_idle, "1", "0", .file = "cpu.idle", .inside = true);
WRITE(pids_max, "50", "max", .file = "pids.max", .inside = true);
WRITE(debug_fail, "create 99 12", "none", .file = "../debug.fail");

/* Mounts, and what is found in one for the first time. */
FAILING(mount_proc, .fn = fault_mount_proc);
FAILING(mount_proc_in_box, .fn = fault_mount_proc, .box = true);
FAILING(make_cpuset, .fn = fault_make_cpuset, .undo = fault_rmdir, .plain = true, .file = CS_ROOT);
FAILING(first_lookup, .fn = fault_look_in_mount, .prepare = fault_prepare_mount,
	.clean = fault_close);
FAILING(first_lookup_in_box, .fn = fault_look_in_mount, .prepare = fault_prepare_mount,
	.clean = fault_close, .box = true);

/* @name, which is absolute or in the group; as it is in the box, if that works there. */
static char *path_of(const char *name)
{
	if (!name || name[0] == '/')
		return name ? strdup(name) : NULL;
	return strdup(rc_fmt("%s/%s", fault.op->box ? fault.hier : fault.grp, name));
}

/* What is written is no path. */
static char *text_of(const char *text)
{
	bool path = fault.op->fn == fault_rename || fault.op->fn == fault_mkdir_and_open;

	return path ? path_of(text) : (char *)text;
}

static int fill(const char *grp, const char *cpus, const char *mems)
{
	return rc_mkdir(grp) ?: cs_write(grp, "cpus", cpus) ?: cs_write(grp, "mems", mems) ?:
	       cs_write(grp, "memory_migrate", "1");
}

static int fill_sub(const char *name, const char *mems)
{
	return fill(rc_fmt("%s/%s", fault.grp, name), "0", mems);
}

static int give(const char *name)
{
	return chmod(rc_fmt("%s/%s", fault.grp, name), 0777) ? -errno : 0;
}

static int sleep_on(void *arg)
{
	while (pause())
		;
	return 0;
}

/* Those that an operation asks for. */
static int make_groups(const struct fault_op *op)
{
	int ret = op->process || op->box ? fill_sub("sub", "0") : 0;

	if (op->migrate)
		ret = ret ?: fill_sub("near", "0") ?: fill_sub("far", "1");
	if (op->user)
		ret = ret ?: fill_sub("mine", "0") ?: give("mine") ?: give("mine/tasks");
	return ret;
}

static int make_target(const struct fault_op *op)
{
	const char *grp = op->process ? "sub" : "near";
	struct cs_worker *worker;

	if (op->user && op->fn == fault_attach)
		fault.target = rc_spawn_as(RC_USER, sleep_on, NULL);
	if (op->process)
		fault.target = rc_sleeping_threads(THREADS);
	if (op->migrate) {
		worker = cs_worker_new();
		if (!worker || cs_do(worker, cs_map))
			return -ECHILD;
		fault.target = worker->pid;
	}
	if (!op->process && !op->migrate)
		return 0;
	return rc_write(rc_fmt("%s/%s/procs", fault.grp, grp), rc_fmt("%d", fault.target));
}

static int make_tree(const struct fault_op *op)
{
	const char *hier = op->plain ? rc_hier_new() : rc_bound_new(CONTROLLERS);

	if (!hier)
		return -errno;
	fault.hier = strdup(hier);
	fault.grp = op->plain ? fault.hier : strdup(rc_fmt("%s/grp", hier));
	return op->plain ? 0 : fill(fault.grp, "0-3", "0-1") ?: make_groups(op);
}

/* Requests may be GFP_KERNEL, of a page, and for user space: pages that migrate. */
static int inject(const char *dir)
{
	return rc_write(rc_fmt(FAULTS "%s/verbose", dir), "0") ?:
	       rc_write(rc_fmt(FAULTS "%s/ignore-gfp-wait", dir), "N");
}

static int prepare(const struct fault_op *op)
{
	int ret;

	fault.op = op;
	/* A hierarchy that is half done goes with the test. */
	if (op->fn != fault_read && op->file &&
	    !strncmp(op->file, RC_ROOT "/", strlen(RC_ROOT "/")))
		rc_track_hier(op->file);
	ret = make_tree(op) ?: make_target(op) ?: fault_save_ns(&fault);
	fault.file = path_of(op->file);
	fault.text = text_of(op->text);
	fault.back = op->fn == fault_attach ? path_of(op->back) : (char *)op->back;
	if (!ret && op->setup)
		ret = op->setup(&fault);
	return ret;
}

static bool cannot_inject(void)
{
	return access(FAIL_NTH, F_OK) || access(FAULTS "fail_usercopy", F_OK);
}

/* The kernel kills who cannot be told there that he was preempted, for a fault say. */
static void leave_rseq(void)
{
	syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset,
		sizeof(struct rseq), RSEQ_FLAG_UNREGISTER, RSEQ_SIG);
}

/* All that the caller needs to have faults as he works. */
static int begin(const struct fault_op *op)
{
	int ret = cs_nr_mems() < 2 ? -ENODEV : rc_setup();

	leave_rseq();
	ret = ret ?: inject("failslab") ?: inject("fail_page_alloc") ?:
	      rc_write(FAULTS "fail_usercopy/verbose", "0") ?:
	      rc_write(FAULTS "fail_page_alloc/min-order", "0") ?:
	      rc_write(FAULTS "fail_page_alloc/ignore-gfp-highmem", "N") ?: prepare(op);
	if (!ret && op->inside)
		ret = rc_attach(fault.grp, 0);
	fail_fd = rc_open(FAIL_NTH, O_RDWR);
	return ret ?: fail_fd < 0 ? fail_fd : 0;
}

FIXTURE_SETUP(fault)
{
	if (cannot_inject())
		SKIP(return, "kernel without fault injection");
	ASSERT_EQ(0, begin(&variant->op));
	if (variant->op.box) {
		self->box = rc_box_new(RC_BOX_ROOT, fault.grp);
		ASSERT_TRUE(!!self->box);
	}
	self->proxies = fault_proxies(fault.hier);
}

FIXTURE_TEARDOWN(fault)
{
	EXPECT_EQ(0, rc_teardown());
}

/* Without a fault, until what was removed is on nobody's account any more. */
static int act_as(uid_t user)
{
	int ret = -ENOSPC;

	if (seteuid(user))
		return -errno;
	RC_WAIT((ret = fault.op->fn(&fault)) != -ENOSPC);
	if (seteuid(0))
		return -errno;
	return ret ?: fault.op->undo ? fault.op->undo(&fault) : 0;
}

/* Nothing is left on the accounts of those who have tried, and have no group or list. */
static int use_accounts(int tries)
{
	char *groups = rc_text(MAX_GROUPS), *lists = rc_text(MAX_LISTS);
	int ret = rc_write(MAX_GROUPS, "1") ?: rc_write(MAX_LISTS, "1"), nth;

	for (nth = 1; nth <= tries && !ret; nth++)
		ret = act_as(user_of(fault.op, nth));
	return rc_write(MAX_GROUPS, groups) ?: rc_write(MAX_LISTS, lists) ?: ret;
}

TEST_F(fault, each)
{
	struct run run = { .box = self->box, .look = true };
	const char *wrong = each_fault(&run);

	EXPECT_EQ(NULL, wrong) {
		TH_LOG("%s", wrong);
	}
	EXPECT_LT(0, run.failed);
	TH_LOG("%d faults, %d failures", run.faults, run.failed);
	fault_forget();
	/* Who has other namespaces than before keeps the home that he has been in with him. */
	if (variant->op.inside) {
		EXPECT_EQ(0, rc_attach(fault.hier, 0));
		EXPECT_EQ(0, rc_attach(fault.grp, 0));
	}
	if (!variant->op.plain) {
		EXPECT_TRUE(fault_nothing_left(fault.hier, self->proxies)) {
			TH_LOG("%s", rc_text(rc_fmt("%s/debug.counts", fault.hier)));
		}
	}
	if (variant->op.user)
		EXPECT_EQ(0, use_accounts(run.faults));
}

/* For files that are found: the caller is in the group, whatever it may have written. */
static const struct fault_op reading = { .fn = fault_read, .inside = true };
static const struct fault_op writing = {
	.fn = fault_write,
	.undo = fault_come_back,
	.inside = true,
};

FIXTURE(found)
{
	unsigned long long proxies;
	glob_t files;
};

FIXTURE_VARIANT(found)
{
	const struct fault_op *op;
	int mode;
};

FIXTURE_VARIANT_ADD(found, read) { &reading, 0444 };
FIXTURE_VARIANT_ADD(found, written) { &writing, 0222 };

FIXTURE_SETUP(found)
{
	if (cannot_inject())
		SKIP(return, "kernel without fault injection");
	ASSERT_EQ(0, begin(variant->op));
	self->proxies = fault_proxies(fault.hier);
	ASSERT_EQ(0, glob(RC_ROOT "/*", 0, NULL, &self->files));
	ASSERT_EQ(0, glob(RC_ROOT "/*/*", GLOB_APPEND, NULL, &self->files));
	ASSERT_EQ(0, glob(RC_ROOT "/*/*/*", GLOB_APPEND, NULL, &self->files));
}

FIXTURE_TEARDOWN(found)
{
	EXPECT_EQ(0, rc_teardown());
}

/* What a file takes, as a rule: what it shows; lists: the id of the caller. */
static char *value_for(const char *path)
{
	char *text = rc_mode(path) & 0444 && !fault_lists_tasks(path) ? rc_text(path) : NULL;

	return !text ? strdup("0") : *text ? text : strdup("\n");
}

/* Each file that there is. */
TEST_F(found, each)
{
	struct run run = { };
	int nr = 0;
	size_t i;

	for (i = 0; i < self->files.gl_pathc; i++) {
		const char *wrong;
		int mode;

		fault.file = self->files.gl_pathv[i];
		mode = rc_mode(fault.file);
		if (S_ISDIR(mode) || !(mode & variant->mode))
			continue;
		fault.text = value_for(fault.file);
		wrong = each_fault(&run);
		EXPECT_EQ(NULL, wrong) {
			TH_LOG("%s: %s", fault.file, wrong);
		}
		free(fault.text);
		nr++;
	}
	EXPECT_LT(30, nr);
	EXPECT_LT(nr, run.failed);
	fault_forget();
	EXPECT_TRUE(fault_nothing_left(fault.hier, self->proxies));
	TH_LOG("%d files, %d faults, %d failures", nr, run.faults, run.failed);
}

TEST_HARNESS_MAIN
