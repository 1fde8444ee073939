// SPDX-License-Identifier: GPL-2.0
/*
 * Makes the kernel's own test of cgroup's pids, ../cgroup/test_pids.c, find a hierarchy of
 * groups where it looks for a mount of cgroup. The Makefile changes names of files in it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "rc_util.h"

/* As the Makefile has it in place of /proc/self/mounts. */
#define MOUNTS "/tmp/cgroup_pids_mounts"

static pid_t self;

/* Its children come here, too. */
static void __attribute__((destructor)) end(void)
{
	if (getpid() != self)
		return;
	unlink(MOUNTS);
	if (rc_teardown())
		ksft_print_msg("something is left in " RC_ROOT "\n");
}

/* Without the controller there is no mount, and the test says so. */
static void __attribute__((constructor)) begin(void)
{
	const char *hier = NULL;
	FILE *mounts;

	self = getpid();
	if (!rc_setup() && rc_has_subsys("pids"))
		hier = rc_bound_new("pids");
	mounts = fopen(MOUNTS, "w");
	if (hier && mounts)
		fprintf(mounts, "rc %s cgroup2 rw 0 0\n", hier);
	if (mounts)
		fclose(mounts);
}
