/* SPDX-License-Identifier: GPL-2.0 */
/* What the pids controller's tests may see of it. */
#ifndef _RC_PIDS_H
#define _RC_PIDS_H

#include <kunit/visibility.h>
#include <linux/rc.h>
#include <linux/threads.h>

/* More than there can be. */
#define PIDS_NO_LIMIT	(PID_MAX_LIMIT + 1)

/**
 * struct pids - how many tasks there are in a group and below it
 * @st: for the core
 * @depth: 0 at the top, which keeps no count; never changes
 * @limit: how many there may be, or PIDS_NO_LIMIT
 * @count: their number, but for what pids was not told yet
 * @peak: the highest number that was seen; @count can be a higher one
 * @end: the lowest group on the way up from which on there is no limit, as it was when
 *	the core asked last, which it does before births and ends
 * @refused: how often the group's own tasks could not fork; read without a lock
 *
 * All that changes is protected by tasklist_lock, which is held where tasks are born
 * and reaped anyway; @count and @end are also read under RCU alone; @limit is also
 * written under rc_mutex, and @peak by who reads the count, under the lock for reading.
 */
struct pids {
	struct rc_state st;
	unsigned int depth;
	long limit;
	long count;
	long peak;
	struct pids *end;
	unsigned long refused;
};

#if IS_ENABLED(CONFIG_KUNIT)
extern struct rc_subsys pids_subsys;

void pids_set_limit(struct pids *pids, int limit);
long pids_sum(const struct pids *pids);
long pids_peak(const struct pids *pids);
#endif

#endif /* _RC_PIDS_H */
