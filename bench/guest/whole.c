// SPDX-License-Identifier: GPL-2.0
/*
 * All the work that an operation sets off, what is done later in the background
 * included: the time in which the CPU is not idle, until all has come to rest.
 */
#include "bench.h"

#define REPEAT	2000

/* Instructions, those of idle time left out. */
static double work(void)
{
	double idle = idle_time();

	return now() - idle;
}

static double work_of(void (*op)(void *arg), void *arg)
{
	double start;

	rest(2000);
	start = work();
	for (int i = 0; op && i < REPEAT; i++)
		op(arg);
	/* Longer than grace periods of RCU and what waits for them. */
	rest(20000);
	return work() - start;
}

/* Prints what an operation adds to what goes on anyway. */
static void measure(const struct op_row *row, void (*op)(void *arg), void *arg)
{
	double nothing = work_of(NULL, NULL);

	report_value(row->name, row->x,
		     (work_of(op, arg) - nothing) / REPEAT);
}

void whole_run(void)
{
	op_in_groups((struct op_row){ "whole vfork+exit", 0, measure }, op_vfork);
	op_in_groups((struct op_row){ "whole vfork+exit", 1, measure }, op_vfork);
	op_in_groups((struct op_row){ "whole vfork+exit", 4, measure }, op_vfork);
	op_in_groups((struct op_row){ "whole thread", 1, measure }, op_thread);
	op_in_groups((struct op_row){ "whole switch", 1, measure }, op_switch);
	op_about_groups((struct op_row){ "whole attach", 1, measure }, op_attach);
	op_about_groups((struct op_row){ "whole mkdir+rmdir", 1, measure }, op_group);
}
