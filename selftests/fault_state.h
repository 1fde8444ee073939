/* SPDX-License-Identifier: GPL-2.0 */
/* All that an operation which fails must leave as it was. */
#ifndef FAULT_STATE_H
#define FAULT_STATE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Names, modes, owners, links and content of what is in /proc/rc, and of the threads
 * of @top and its descendants their groups, namespaces, CPUs and nodes. 1: of all
 * but the kernel's. The text lives until the next but one is taken.
 */
const char *fault_state(pid_t top);
/* Closes what fault_state() has opened, and so holds. */
void fault_forget(void);
/* The first line of @now that @before does not have, or the other way round. */
const char *fault_difference(const char *before, const char *now);

/* Is it a file that lists tasks, and takes an id? */
bool fault_lists_tasks(const char *path);

/* How many there are, by a hierarchy that has debug. */
unsigned long long fault_proxies(const char *hier);
/*
 * As many groups as directories, as many states of debug and debug2 as groups, no more
 * proxies than that. What waits for a grace period is waited for.
 */
bool fault_nothing_left(const char *hier, unsigned long long proxies);

#endif /* FAULT_STATE_H */
