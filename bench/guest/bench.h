/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of the benchmark's program share. */
#ifndef BENCH_H
#define BENCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* As many as the kernel has slots for by default. */
#define MAX_HIERARCHIES	8
#define MAX_SAMPLES	2000

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof(*(a)))

/* measure.c: time, results */

/* Ends the program, and with it the benchmark. */
void die(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

uint64_t now(void);
void rest(unsigned int ms);
uint64_t idle_time(void);
void sample_start(void);
void sample(uint64_t val);
void report(const char *row, unsigned long x);
void report_value(const char *row, unsigned long x, double val);
void report_none(const char *row, unsigned long x, const char *reason);

extern bool endless;

/* Each but the first @warm runs of @op is a sample. */
#define SAMPLE(nr, warm, op) do {					\
	sample_start();							\
	for (int __i = -(warm); __i < (int)(nr); __i += !endless) {	\
		uint64_t __start = now();				\
									\
		op;							\
		if (__i >= 0 && !endless)				\
			sample(now() - __start);			\
	}								\
} while (0)

/* The same, each after @ms in which what the one before has left gets done. */
#define SAMPLE_RESTED(nr, ms, op) do {					\
	for (int __n = 0; __n < (int)(nr); __n++) {			\
		rest(ms);						\
		SAMPLE(1, 0, op);					\
	}								\
} while (0)

/* backend.c: groups, whoever provides them */

enum controller { PLAIN, CPUACCT, CPUSET, CPU, PIDS };

/**
 * struct place - groups of the same name in some hierarchies
 * @nr: how many hierarchies; 0 where the kernel has no groups
 * @depth: how deep the group is, 1 for a child of the root
 * @controller: what the first hierarchy has; the others have nothing
 * @hier: directories of the hierarchies
 */
struct place {
	unsigned int nr;
	unsigned int depth;
	enum controller controller;
	char hier[MAX_HIERARCHIES][64];
};

bool backend_init(const char *name);
const char *backend_name(void);
bool backend_has_groups(void);
const char *backend_lacks(enum controller controller);
const char *backend_file(bool process);
const char *backend_membership(void);
void place_make(struct place *place, enum controller controller,
		unsigned int nr, unsigned int depth);
void place_end(struct place *place);
void place_limit(const struct place *place, const char *max);
void place_enter(const struct place *place);
void place_path(const struct place *place, unsigned int hier, const char *name,
		char *path);
void group_make(const struct place *place, const char *name);
void group_remove(const struct place *place, const char *name);
void groups_each(const struct place *place, unsigned int nr,
		 void (*func)(const struct place *place, const char *name));
int group_open(const struct place *place, unsigned int hier, const char *name,
	       bool process, int flags);
int group_open_cpuset(const struct place *place, const char *name,
		      const char *file);
void group_configure(int fd, const char *text);
void group_attach(int fd, const char *id, int len);

/* tasks.c: processes that are there to be measured */

/**
 * struct crowd - processes or threads that sleep
 * @pid: the first of them
 * @id: the same as it is written to a group
 * @len: length of @id
 * @fd: when this is closed, they end
 */
struct crowd {
	pid_t pid;
	char id[16];
	int len;
	int fd;
};

void in_child(const struct place *place, void (*func)(void *arg), void *arg);
void in_container(const struct place *place, void (*func)(void *arg),
		  void *arg);
void crowd_start(struct crowd *crowd, const struct place *place,
		 unsigned int nr);
void crowd_start_threads(struct crowd *crowd, unsigned int nr);
void crowd_end(struct crowd *crowd);
void crowd_killed(struct crowd *crowd);

/**
 * struct swing - a task that moves to and fro between two groups
 * @place: where they are
 * @fd: files of them
 * @to: which it has moved to last
 * @task: the task
 */
struct swing {
	struct place place;
	int fd[2];
	int to;
	struct crowd task;
};

void swing_start(struct swing *swing);
void swing_move(struct swing *swing);
void swing_end(struct swing *swing);

/**
 * struct echo - a process that sends back each byte that it gets
 * @pid: its id
 * @to: where to write
 * @from: where to read
 */
struct echo {
	pid_t pid;
	int to;
	int from;
};

void echo_start(struct echo *echo);
void echo_end(struct echo *echo);
void round_trip(const struct echo *echo);
void vfork_exit(void);
void vfork_refused(void);
void thread_create_join(void);
void thread_refused(void);
void mkdir_or_die(const char *path);
void mkdir_rmdir(const char *path);
void open_read_close(const char *path);

/* ops.c: operations that are repeated */

/**
 * struct op_row - what is measured, and where
 * @name: the row's name
 * @x: how many hierarchies it is in a group of
 * @measure: repeats an operation, and reports about it
 */
struct op_row {
	const char *name;
	unsigned long x;
	void (*measure)(const struct op_row *row, void (*op)(void *arg), void *arg);
};

/* For op_in_groups() the first four, for op_about_groups() the others. */
void op_vfork(void *row);
void op_thread(void *row);
void op_switch(void *row);
void op_unshare(void *row);
void op_attach(void *row);
void op_group(void *row);
void op_in_groups(struct op_row row, void (*op)(void *row));
void op_about_groups(struct op_row row, void (*op)(void *row));

/* rows*.c and sets.c: operations that are measured one by one */

/**
 * struct row - what is measured, and where
 * @name: the row's name
 * @x: what it depends on, for the name and for @func
 */
struct row {
	const char *name;
	unsigned long x;
};

bool row_lacks(const struct row *row, enum controller controller);

void vfork_plain_row(const struct row *row);
void vfork_pids_row(const struct row *row);
void vfork_limit_row(const struct row *row);
void vfork_refused_row(const struct row *row);
void thread_plain_row(const struct row *row);
void thread_pids_row(const struct row *row);
void thread_limit_row(const struct row *row);
void thread_refused_row(const struct row *row);
void vfork_row(const struct row *row);
void thread_row(const struct row *row);
void switch_row(const struct row *row);
void unshare_row(const struct row *row);
void fault_row(const struct row *row);
void fault_cpuset_row(const struct row *row);

int start_program(int argc, char **argv);
void start_in_row(const struct row *row);
void start_moved_row(const struct row *row);
void start_exec_nowhere_row(const struct row *row);
void start_exec_row(const struct row *row);
void start_exec_moved_row(const struct row *row);
void start_exec_mover_row(const struct row *row);

void list_row(const struct row *row);
void list_beside_row(const struct row *row);
void membership_row(const struct row *row);
void membership_depth_row(const struct row *row);
void list_dir_new_row(const struct row *row);
void list_dir_new_cpuset_row(const struct row *row);
void stat_files_row(const struct row *row);
void stat_group_row(const struct row *row);
void stat_group_view_row(const struct row *row);
void groups_row(const struct row *row);
void ps_row(const struct row *row);
void kill_row(const struct row *row);
void freeze_row(const struct row *row);
void refused_value_row(const struct row *row);
void refused_name_row(const struct row *row);
void namespaces_row(const struct row *row);

void set_cpus_beside_row(const struct row *row);
void set_remove_beside_row(const struct row *row);
void set_cpus_siblings_row(const struct row *row);
void set_mems_siblings_row(const struct row *row);
void set_remove_siblings_row(const struct row *row);

/* What is measured: operations one by one, memory, locks, many CPUs together. */
void rows_run(const char *name, unsigned long x);
void whole_run(void);
void memory_run(void);
void memory_groups_row(const char *row, enum controller controller);
void cpu_run(const char *name, unsigned long x);
void locks_run(void);
void load_run(unsigned int ms);
void latency_run(void);

#endif /* BENCH_H */
