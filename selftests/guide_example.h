/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The examples of the user guide: what they start from, and doing what they say.
 * The guide explains the notation.
 */
#ifndef GUIDE_EXAMPLE_H
#define GUIDE_EXAMPLE_H

#include <sys/types.h>

/* No verb or arguments of the notation; no system call says so. */
#define BAD_NOTATION (-250)
/* Nothing that this actor can do: that needs a descriptor. */
#define NOT_CONCERNED (-251)

struct held {
	char *path;
	int fd;
};

/* What the examples start from. */
struct situation {
	pid_t task;
	pid_t other;
	pid_t zombie;
	pid_t bound;
	/* Files that were opened for later. */
	struct held held[8];
	int nr_held;
};

/*
 * Makes the situation that a mark of the guide describes: 0, or what its line
 * *@line gives.  rc_teardown() ends it, after situation_end().
 */
int situation_make(struct situation *sit, const char *guide, const char *mark,
		   const char **line);
void situation_end(struct situation *sit);
/* 0, -errno or BAD_NOTATION. */
int run_example(struct situation *sit, const char *line);

#endif /* GUIDE_EXAMPLE_H */
