/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of cpusets beside those of cgroup v2 share. */
#ifndef PROVIDER_UTIL_H
#define PROVIDER_UTIL_H

#include <stdbool.h>

/* Why a kernel has not both, or NULL. */
const char *pr_lacks(void);

/* Mounts cgroup v2 somewhere; NULL with errno. For pr_umount(). */
const char *pr_mount(void);
int pr_umount(const char *root);

/* Can a cgroup be given cpusets below it? */
bool pr_offers(const char *root);
/* Lets cgroups below have cpusets, or no more; 0 or -errno. */
int pr_enable(const char *root, bool on);

/* The line of a table that is about cpuset, as /proc/cgroups; NULL if there is none. */
const char *pr_line(const char *path);
/* Is the controller to be had, says /proc/rc/subsystems? */
bool pr_enabled(void);

#endif /* PROVIDER_UTIL_H */
