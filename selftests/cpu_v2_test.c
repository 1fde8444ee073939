// SPDX-License-Identifier: GPL-2.0
/*
 * The kernel's own tests of cgroup v2's cpu controller, on groups: its program as it
 * is, with other helpers under it that know where groups are and what their files are
 * called. Usage is in cpuacct.stat.
 *
 * Left out is test_cpucg_subtree_control, as a hierarchy's controllers are in all of its
 * groups. They measure CPU time to two parts in a hundred, some for ten seconds, which
 * neither the debug kernel nor a guest beside another can hold. So they run if races are
 * to run for a minute or more: make check DEBUG=0 T=cpu_v2_test RACE=60.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define main test_cpu_main
#include "../cgroup/test_cpu.c"
#undef main

#include "rc_util.h"

#define CONTROLLERS "cpu,cpuacct"

char *cg_name(const char *root, const char *name)
{
	return strdup(rc_fmt("%s/%s", root, name));
}

char *cg_name_indexed(const char *root, const char *name, int index)
{
	return strdup(rc_fmt("%s/%s_%d", root, name, index));
}

int cg_create(const char *cgroup)
{
	return rc_mkdir(cgroup);
}

/* Zombies do not count, so that nobody is left who has been waited for. */
int cg_destroy(const char *cgroup)
{
	return cgroup ? rc_rmdir(cgroup) : 0;
}

int cg_write(const char *cgroup, const char *control, char *buf)
{
	/* Which is so already. */
	if (!strcmp(control, "cgroup.subtree_control"))
		return strcmp(buf, "+cpu");
	return rc_write(rc_fmt("%s/%s", cgroup, control), buf);
}

int cg_write_numeric(const char *cgroup, const char *control, long value)
{
	return rc_write(rc_fmt("%s/%s", cgroup, control), rc_fmt("%ld", value));
}

long cg_read_key_long(const char *cgroup, const char *control, const char *key)
{
	if (!strcmp(control, "cpu.stat") && strstr(key, "_usec"))
		control = "cpuacct.stat";
	return rc_field(rc_fmt("%s/%s", cgroup, control), key);
}

int cg_run_nowait(const char *cgroup, int (*fn)(const char *cgroup, void *arg), void *arg)
{
	pid_t pid = rc_fork();

	if (!pid)
		_exit(rc_write(rc_fmt("%s/procs", cgroup), "0") || fn(cgroup, arg));
	return pid;
}

int cg_run(const char *cgroup, int (*fn)(const char *cgroup, void *arg), void *arg)
{
	int status, pid = cg_run_nowait(cgroup, fn, arg);

	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* For what is left out. */
int cg_read_strstr(const char *cgroup, const char *control, const char *needle)
{
	return -1;
}

int cg_find_unified_root(char *root, size_t len, bool *nsdelegate)
{
	return -1;
}

static bool is_run(const struct cpucg_test *test)
{
	return test->fn != test_cpucg_subtree_control;
}

int main(void)
{
	const char *hier;
	int nr = 0;

	ksft_print_header();
	if (!rc_has_subsys("cpu") || !rc_has_subsys("cpuacct"))
		ksft_exit_skip("kernel without CONFIG_RC_CPU or CONFIG_RC_CPUACCT\n");
	if (rc_race_seconds() < 60)
		ksft_exit_skip("it measures to two in a hundred, by itself: RACE=60\n");
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		nr += is_run(&tests[i]);
	ksft_set_plan(nr);
	hier = rc_setup() ? NULL : rc_bound_new(CONTROLLERS);
	if (!hier)
		ksft_exit_fail_msg("no hierarchy\n");
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++)
		if (is_run(&tests[i]))
			ksft_test_result_report(tests[i].fn(hier), "%s\n", tests[i].name);
	if (rc_teardown())
		ksft_exit_fail_msg("something was left\n");
	ksft_finished();
}
