/* SPDX-License-Identifier: GPL-2.0 */
/* Those for whom others would have to wait, as slow as a user can make them. */
#ifndef WAITS_HOLDERS_H
#define WAITS_HOLDERS_H

#include <stdbool.h>
#include <sys/types.h>

#define HOLDER_HOGS 20
#define HOLDER_STALLED 64

/*
 * @hier: where his group, @grp, is.
 * @turns: how often he has done what he does, or how often he was stopped in it.
 * @at: what he is at.
 */
struct holder {
	const char *hier;
	const char *grp;
	long turns;
	char at[128];
	pid_t pid[2];
	pid_t hogs[HOLDER_HOGS];
	int nr_hogs;
	/* Two groups between which he moves @victim. */
	char *between[2];
	pid_t victim;
};

/* Makes and starts one: 0 or -errno. */

/* He gets the CPU for a moment now and then, and does all that there is to do. */
int holder_starved(struct holder *holder);
/* Some sleep in a page fault for each file that they read or write, and as they list. */
int holder_stalled(struct holder *holder);
/* A task that moves has to go to where it never gets its turn. */
int holder_realtime(struct holder *holder);
/* So many groups, of which one comes and goes, and which are listed. */
int holder_groups(struct holder *holder);
/* A process of so many threads moves, and is listed. */
int holder_threads(struct holder *holder);
/* A process with so much memory moves from node to node. */
int holder_memory(struct holder *holder);
/* So many groups and threads are frozen and thawed, and many processes killed. */
int holder_signals(struct holder *holder);

/* Called again and again while others go on, who have been round so often. */
void holder_turn(struct holder *holder, long rounds);
/* Nobody has to wait for him any more. */
void holder_end(struct holder *holder);

#endif /* WAITS_HOLDERS_H */
