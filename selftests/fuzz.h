/* SPDX-License-Identifier: GPL-2.0 */
/* What the files of fuzz_test share. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FUZZ_PATH 4200
#define FUZZ_TEXT 8192
#define FUZZ_ENTRIES 256
#define FUZZ_FDS 12
#define FUZZ_WORKERS 4

/**
 * struct fuzz - one worker and what it works with
 * @state: of its random numbers; the seed, and how many it has drawn, say all
 * @inputs: how many it has tried, seen by others
 * @went_well: how many did not fail
 * @workers: ids that a text may hold: of workers, and of none
 * @paths: what is there, found by walking, a while ago
 * @is_dir: the same of each
 * @nr_paths: how many
 * @fd: descriptors of any kind, -1 for none
 * @pipe: a pipe that does not block
 * @file: an ordinary file in memory
 * @buf: room
 */
struct fuzz {
	unsigned long state;
	long *inputs;
	long *went_well;
	pid_t workers[FUZZ_WORKERS + 2];
	char *paths[FUZZ_ENTRIES];
	bool is_dir[FUZZ_ENTRIES];
	int nr_paths;
	int fd[FUZZ_FDS];
	int pipe[2];
	int file;
	char *buf;
};

typedef long (*fuzz_op)(struct fuzz *f);

/* fuzz_input.c */
unsigned long fuzz_random(struct fuzz *f);
/* Less than @nr. */
unsigned int fuzz_pick(struct fuzz *f, unsigned int nr);
/* True once in @nr times. */
bool fuzz_one_in(struct fuzz *f, unsigned int nr);
/* Small, huge, negative, at borders. */
long long fuzz_number(struct fuzz *f);
unsigned int fuzz_flags(struct fuzz *f, const unsigned int *flags, int nr);
/* What is there; looked for again every now and then. */
void fuzz_look(struct fuzz *f);
const char *fuzz_dir(struct fuzz *f);
const char *fuzz_entry(struct fuzz *f);
/* What may be there or not, with names of any bytes but '/' and NUL. */
const char *fuzz_path(struct fuzz *f);
/* A text for @path in @f->buf; its length. */
size_t fuzz_text(struct fuzz *f, const char *path);
/* One of the descriptors, open or not. */
int fuzz_fd(struct fuzz *f);
/* Keeps @fd in place of another one. */
long fuzz_keep(struct fuzz *f, int fd);

#define FUZZ_FLAGS(f, ...) ({						\
	static const unsigned int __flags[] = { __VA_ARGS__ };		\
									\
	fuzz_flags(f, __flags, sizeof(__flags) / sizeof(*__flags));	\
})

/* fuzz_files.c, fuzz_dirs.c, fuzz_watch.c: the operations, up to NULL */
extern const fuzz_op fuzz_file_ops[];
extern const fuzz_op fuzz_dir_ops[];
extern const fuzz_op fuzz_watch_ops[];

#endif /* FUZZ_H */
