// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks: each sleeps until it is given an operation, so that only one runs at a
 * time. Processes share no memory but struct shared, and all share one table of
 * descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define STACK		(64 << 10)
/* Seconds after which a task is stuck. */
#define PATIENCE	120
/* An id that no task has. */
#define NOBODY		4194303
#define PF_KTHREAD	0x00200000
#define PF_NO_SETAFFINITY 0x04000000

struct shared *shared;

static void wake(int *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* Until @word is not @val any more, or a second has passed. */
static void wait_while(int *word, int val)
{
	struct timespec second = { .tv_sec = 1 };

	syscall(SYS_futex, word, FUTEX_WAIT, val, &second, NULL, 0);
}

static void wait_for_ever_while(int *word, int val)
{
	syscall(SYS_futex, word, FUTEX_WAIT, val, NULL, NULL, 0);
}

/**
 * struct word - a word of an operation, decoded
 * @text: with a NUL behind it
 * @len: without that
 */
struct word {
	char *text;
	size_t len;
};

/* The number that @name stands for: t3 is a task. */
static pid_t id_of(const char *name)
{
	if (*name == 't') {
		pid_t tid = shared->tasks[atoi(name + 1) % MAX_TASKS].tid;

		return tid ? tid : NOBODY;
	}
	if (!strcmp(name, "kthread"))
		return shared->kthread;
	return !strcmp(name, "bound") ? shared->bound : 0;
}

/* "%41" is a byte, "%{t3}" the id of a task. */
static void decode(const char *from, const char *end, struct word *word)
{
	char *to = word->text;

	while (from < end) {
		if (*from != '%') {
			*to++ = *from++;
		} else if (from[1] == '{') {
			const char *name = from + 2;

			from = strchr(name, '}') + 1;
			to += sprintf(to, "%d", id_of(fmt("%.*s", (int)(from - 1 - name), name)));
		} else {
			*to++ = strtoul(fmt("%.2s", from + 1), NULL, 16);
			from += 3;
		}
	}
	*to = 0;
	word->len = to - word->text;
}

/* Splits a line at blanks, and decodes the words. */
static int split(const char *line, struct word words[MAX_WORDS])
{
	static char room[MAX_WORDS][2 * MAX_LINE];
	int nr;

	for (nr = 0; nr < MAX_WORDS; nr++) {
		size_t len = strcspn(line, " ");

		words[nr].text = room[nr];
		decode(line, line + len, &words[nr]);
		line += len;
		if (!*line)
			return nr + 1;
		line++;
	}
	return nr;
}

/* "/x" is in /proc/rc, "@/x" in the file system of cpusets. */
static const char *path_of(const struct word *word)
{
	if (*word->text == '@')
		return fmt("/cpusets%s", word->text + 1);
	return fmt(RC_ROOT "%s", word->text);
}

static int result(long ret)
{
	return ret < 0 ? -errno : ret;
}

static int do_write(int fd, const struct word *word)
{
	int ret = result(write(fd, word->text, word->len));

	return ret == (int)word->len ? 0 : ret < 0 ? ret : -EMSGSIZE;
}

static int do_read(struct task *task, int fd)
{
	size_t used = 0;
	ssize_t len;

	while ((len = pread(fd, task->text + used, MAX_LINE - used, used)) > 0)
		used += len;
	return len < 0 ? -errno : (int)used;
}

static int with_file(struct task *task, const char *path, int flags,
		     const struct word *text)
{
	int fd = open(path, flags | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = text ? do_write(fd, text) : do_read(task, fd);
	close(fd);
	return ret;
}

static int do_open(const char *path, int flags, int nr)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (shared->handle[nr] >= 0) {
		close(fd);
		return -EEXIST;
	}
	shared->handle[nr] = fd;
	return 0;
}

static int do_close(int nr)
{
	int fd = shared->handle[nr];

	shared->handle[nr] = -1;
	return result(close(fd));
}

static int work(void *arg) __attribute__((noreturn));

/*
 * A process: the agent's child, whoever makes it. It is born in the group that @dir is the
 * directory of, or with its parent.
 */
static int do_fork(int nr, int dir)
{
	struct clone_args args = {
		.flags = CLONE_FILES | (getpid() == shared->agent ? 0 : CLONE_PARENT) |
			 (dir < 0 ? 0 : CLONE_INTO_CGROUP),
		.exit_signal = getpid() == shared->agent ? SIGCHLD : 0,
		.cgroup = dir < 0 ? 0 : dir,
	};
	struct task *task = &shared->tasks[nr];
	long pid;

	memset(task, 0, sizeof(*task));
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		work((void *)(intptr_t)nr);
	}
	if (pid < 0)
		return -errno;
	task->pid = pid;
	task->tid = pid;
	return 0;
}

static int do_start(const char *path, int nr)
{
	int dir, ret;

	if (shared->tasks[nr].tid)
		return -EEXIST;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	ret = do_fork(nr, dir);
	/* Who shares descriptors with the child closes it for both. */
	close(dir);
	return ret;
}

/* The new thread runs only while the others sleep, so that it can share errno. */
static int do_thread(const struct task *self, int nr)
{
	struct task *task = &shared->tasks[nr];
	char *stack;
	int tid;

	if (task->tid)
		return -EEXIST;
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	memset(task, 0, sizeof(*task));
	tid = clone(work, stack + STACK, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
		    CLONE_THREAD | CLONE_SYSVSEM, (void *)(intptr_t)nr);
	if (tid < 0)
		return -errno;
	task->pid = self->pid;
	task->tid = tid;
	return 0;
}

static int do_affinity(pid_t tid, unsigned long mask)
{
	cpu_set_t set;
	size_t i;

	CPU_ZERO(&set);
	for (i = 0; i < 8 * sizeof(mask); i++) {
		if (mask & 1UL << i)
			CPU_SET(i, &set);
	}
	return result(sched_setaffinity(tid, sizeof(set), &set));
}

static int do_poll(struct task *task, int fd)
{
	struct pollfd events = { .fd = fd, .events = POLLPRI };
	int ret = fd < 0 ? -EBADF : result(poll(&events, 1, 0));

	return ret > 0 ? sprintf(task->text, "news") : ret;
}

static int do_setuid(const struct word *words)
{
	return result(syscall(SYS_setresuid, atoi(words[1].text), atoi(words[2].text),
			      atoi(words[3].text)));
}

static int drop_cap(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data))
		return -errno;
	data[cap / 32].effective &= ~(1U << cap % 32);
	data[cap / 32].permitted &= ~(1U << cap % 32);
	data[cap / 32].inheritable &= ~(1U << cap % 32);
	return result(syscall(SYS_capset, &head, data));
}

static int become(uid_t uid)
{
	if (setgroups(0, NULL) || syscall(SYS_setresgid, uid, uid, uid) ||
	    syscall(SYS_setresuid, uid, uid, uid))
		return -errno;
	return 0;
}

/* Operations on files. */
static int do_path(struct task *task, const char *verb, const struct word *words, int nr)
{
	const char *path = path_of(&words[1]);
	bool nowhere = *words[1].text == '@' && !shared->mounted;
	int number = nr > 2 ? strtol(words[2].text, NULL, 8) : 0;

	if (nowhere)
		return -ENOENT;
	if (!strcmp(verb, "mkdir"))
		return result(mkdir(path, number));
	if (!strcmp(verb, "rmdir"))
		return result(rmdir(path));
	if (!strcmp(verb, "rename"))
		return result(rename(path, path_of(&words[2])));
	if (!strcmp(verb, "unlink"))
		return result(unlink(path));
	if (!strcmp(verb, "create")) {
		int fd = open(path, O_CREAT | O_EXCL | O_WRONLY, 0644);

		return fd < 0 ? -errno : close(fd);
	}
	if (!strcmp(verb, "start"))
		return do_start(path, atoi(words[2].text));
	if (!strcmp(verb, "chmod"))
		return result(chmod(path, number));
	if (!strcmp(verb, "chown"))
		return result(chown(path, atoi(words[2].text), atoi(words[3].text)));
	if (!strcmp(verb, "write"))
		return with_file(task, path, O_WRONLY, &words[2]);
	if (!strcmp(verb, "read"))
		return with_file(task, path, O_RDONLY, NULL);
	if (!strcmp(verb, "open"))
		return do_open(path, number ? O_RDWR : O_RDONLY, atoi(words[3].text));
	return -ENOSYS;
}

/* Operations on descriptors, and on tasks. */
static int do_number(struct task *task, const char *verb, const struct word *words, int nr)
{
	int number;

	if (nr < 2)
		return -ENOSYS;
	number = atoi(words[1].text);
	if (!strcmp(verb, "put"))
		return do_write(shared->handle[number], &words[2]);
	if (!strcmp(verb, "get"))
		return do_read(task, shared->handle[number]);
	if (!strcmp(verb, "poll"))
		return do_poll(task, shared->handle[number]);
	if (!strcmp(verb, "close"))
		return do_close(number);
	if (!strcmp(verb, "fork"))
		return shared->tasks[number].tid ? -EEXIST : do_fork(number, -1);
	if (!strcmp(verb, "thread"))
		return do_thread(task, number);
	if (!strcmp(verb, "affinity"))
		return do_affinity(number, strtoul(words[2].text, NULL, 16));
	if (!strcmp(verb, "setuid"))
		return do_setuid(words);
	if (!strcmp(verb, "become"))
		return become(number);
	if (!strcmp(verb, "drop"))
		return drop_cap(number);
	return -ENOSYS;
}

static int do_line(struct task *task)
{
	struct word words[MAX_WORDS] = {};
	int nr = split(task->line, words);
	const char *verb = words[0].text;

	if (!strcmp(verb, "nop"))
		return 0;
	if (!strcmp(verb, "unshare"))
		return result(unshare(CLONE_NEWUTS));
	if (!strcmp(verb, "exit"))
		syscall(SYS_exit, 0);
	if (nr > 1 && (*words[1].text == '/' || *words[1].text == '@'))
		return do_path(task, verb, words, nr);
	return do_number(task, verb, words, nr);
}

static int work(void *arg)
{
	struct task *task = &shared->tasks[(intptr_t)arg];
	int done = 0;

	for (;;) {
		int asked;

		while ((asked = __atomic_load_n(&task->asked, __ATOMIC_ACQUIRE)) == done)
			wait_for_ever_while(&task->asked, done);
		task->ret = do_line(task);
		done = asked;
		__atomic_store_n(&task->done, done, __ATOMIC_RELEASE);
		wake(&task->done);
	}
}

static void start_operation(struct task *task, const char *line)
{
	snprintf(task->line, sizeof(task->line), "%s", line);
	__atomic_store_n(&task->asked, task->asked + 1, __ATOMIC_RELEASE);
	wake(&task->asked);
}

int task_do(int nr, const char *line)
{
	struct task *task = &shared->tasks[nr];
	int i, done;

	if (!task->tid || task->zombie)
		return -ECHILD;
	start_operation(task, line);
	if (!strcmp(line, "exit"))
		return task_wait_end(nr);
	for (i = 0; i < PATIENCE; i++) {
		done = __atomic_load_n(&task->done, __ATOMIC_ACQUIRE);
		if (done == task->asked)
			return task->ret;
		wait_while(&task->done, done);
	}
	die("task %d does not come back from: %s", nr, line);
}

static bool is_there(const struct task *task)
{
	return !access(fmt("/proc/%d/task/%d", task->pid, task->tid), F_OK);
}

static bool is_zombie(int nr)
{
	const struct task *task = &shared->tasks[nr];
	char text[512], *state;

	if (read_file(fmt("/proc/%d/task/%d/stat", task->pid, task->tid), text,
		      sizeof(text)) < 0)
		return false;
	state = strrchr(text, ')');
	return state && state[2] == 'Z';
}

int task_wait_end(int nr)
{
	struct task *task = &shared->tasks[nr];
	time_t until = time(NULL) + PATIENCE;

	/* A leader stays until it is waited for; another thread is a zombie for a moment. */
	task->zombie = task->tid == task->pid;
	while (task->zombie ? !is_zombie(nr) : is_there(task)) {
		if (time(NULL) > until)
			die("task %d does not end", nr);
		sched_yield();
	}
	if (!task->zombie)
		task->tid = 0;
	return 0;
}

/* The whole process: as soon as its end can be waited for, all of it has ended. */
static int wait_killed(pid_t pid)
{
	siginfo_t info;
	int i;

	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		return -errno;
	for (i = 0; i < MAX_TASKS; i++) {
		struct task *task = &shared->tasks[i];

		if (task->pid != pid)
			continue;
		task->zombie = task->tid == pid;
		if (!task->zombie)
			task->tid = 0;
	}
	return 0;
}

int task_kill(int nr)
{
	pid_t pid = shared->tasks[nr].pid;

	if (!shared->tasks[nr].tid || kill(pid, SIGKILL))
		return -ESRCH;
	return wait_killed(pid);
}

static bool has_ended(int nr)
{
	const struct task *task = &shared->tasks[nr];

	return task->tid == task->pid ? is_zombie(nr) : !is_there(task);
}

static void settle(int nr)
{
	struct task *task = &shared->tasks[nr];
	time_t until = time(NULL) + PATIENCE;

	start_operation(task, "nop");
	while (__atomic_load_n(&task->done, __ATOMIC_ACQUIRE) != task->asked) {
		if (has_ended(nr)) {
			if (wait_killed(task->pid))
				die("task %d cannot be waited for", nr);
			return;
		}
		if (time(NULL) > until)
			die("task %d neither ends nor comes back", nr);
		sched_yield();
	}
}

/* Some may be about to end, and these do nothing any more that they are asked for. */
void tasks_settle(void)
{
	int i;

	for (i = 0; i < MAX_TASKS; i++)
		if (shared->tasks[i].tid && !shared->tasks[i].zombie)
			settle(i);
}

int task_reap(int nr)
{
	struct task *task = &shared->tasks[nr];

	if (!task->tid || waitpid(task->pid, NULL, WNOHANG) != task->pid)
		return -ECHILD;
	task->tid = 0;
	return 0;
}

void tasks_ping(void)
{
	int i;

	for (i = 0; i < MAX_TASKS; i++) {
		if (shared->tasks[i].tid && !shared->tasks[i].zombie)
			task_do(i, "nop");
	}
}

void tasks_start(void)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (do_fork(i, -1))
			die("no process: %s", strerror(errno));
		if (i > 1 && task_do(i, fmt("become %d", 1000 + i - 2)))
			die("task %d is not user %d", i, 1000 + i - 2);
	}
	if (task_do(1, fmt("drop %d", CAP_SYS_ADMIN)))
		die("task 1 keeps its capability");
}

void tasks_end(void)
{
	int i;

	for (i = 0; i < MAX_TASKS; i++) {
		if (shared->tasks[i].tid)
			kill(shared->tasks[i].pid, SIGKILL);
		shared->tasks[i].tid = 0;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static unsigned int flags_of(pid_t pid)
{
	unsigned int flags = 0;
	char text[512], *rest;

	if (read_file(fmt("/proc/%d/stat", pid), text, sizeof(text)) > 0) {
		rest = strrchr(text, ')');
		if (rest)
			sscanf(rest, ") %*c %*d %*d %*d %*d %*d %u", &flags);
	}
	return flags;
}

void tasks_find_kthreads(void)
{
	pid_t pid;

	/* kthreadd, number 2, is refused for a reason of its own. */
	for (pid = 3; pid < 500; pid++) {
		unsigned int flags = flags_of(pid);

		if (!(flags & PF_KTHREAD))
			continue;
		if (flags & PF_NO_SETAFFINITY)
			shared->bound = pid;
		else if (!shared->kthread)
			shared->kthread = pid;
	}
	if (!shared->kthread || !shared->bound)
		die("there are no kernel threads");
}
