/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the model's program in the guest share. */
#ifndef MODEL_AGENT_H
#define MODEL_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#ifndef RC_ROOT
#define RC_ROOT		"/proc/rc"
#endif
#define MAX_TASKS	24
#define MAX_HANDLES	8
#define MAX_LINE	(16 << 10)
#define MAX_WORDS	8

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof(*(a)))

/**
 * struct task - a thread that does what it is told
 * @pid: its process
 * @tid: its id, 0 while there is none
 * @zombie: it has ended
 * @asked: how many operations it was given
 * @done: how many it has done
 * @ret: what the last one gave: 0 or more, or a negative errno
 * @line: the operation
 * @text: what was read, @ret bytes
 */
struct task {
	pid_t pid;
	pid_t tid;
	bool zombie;
	int asked;
	int done;
	int ret;
	char line[MAX_LINE];
	char text[MAX_LINE];
};

/**
 * struct shared - what all tasks see
 * @tasks: the tasks, by the numbers that the host gives them
 * @handle: descriptors by number, -1 for none: all share one table of them
 * @mounted: the file system of cpusets is
 * @agent: the agent's process
 * @kthread: a kernel thread that can be moved
 * @bound: one that cannot
 */
struct shared {
	struct task tasks[MAX_TASKS];
	int handle[MAX_HANDLES];
	bool mounted;
	pid_t agent;
	pid_t kthread;
	pid_t bound;
};

extern struct shared *shared;

/* agent.c */
void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
const char *fmt(const char *text, ...) __attribute__((format(printf, 1, 2)));
/* The whole file up to @size - 1 bytes and a NUL; their number, or -errno. */
int read_file(const char *path, char *buf, size_t size);
int write_file(const char *path, const char *text);

/* tasks.c: tasks, and what they are told to do */
void tasks_find_kthreads(void);
/* The first four: root, root without CAP_SYS_ADMIN, and two users. */
void tasks_start(void);
void tasks_end(void);
/* Does @line as task @nr. */
int task_do(int nr, const char *line);
/* All wake up once. */
void tasks_ping(void);
/* After an operation that can have killed some: until they have ended. */
void tasks_settle(void);
int task_kill(int nr);
int task_reap(int nr);
/* Forgets threads that have gone; waits for @nr, which is about to end. */
int task_wait_end(int nr);

/* machine.c: CPUs and memory nodes */
int machine_cpu(int cpu, bool on);
int machine_node(int node, bool on);
void machine_restore(void);

/* dump.c: all that can be seen */
/* @kind is text, ids, number or hidden. */
void dump_kind(const char *file, const char *kind);
/* Nothing has been seen, and no kinds have been told. */
void dump_forget(void);
/* Appends to the reply what has changed since the last time. */
void dump_changes(void);

/* reply.c: text for the host */
void reply_add(const char *text, size_t len);
void reply_escaped(const char *text, size_t len);
void reply_send(int fd);

#endif /* MODEL_AGENT_H */
