/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A walk over the tasks of a group, as kernel/rc/list.c has it, while a task goes from
 * one list of the group to another and back. It is missed only where the count says so.
 *
 * NOT_COUNTED takes the count away. With COUNTED_EARLY it grows before the locks of
 * both lists are held, with COUNTED_LATE when they are free again; "make protocol" sees
 * that each is missed.
 */

#define LISTS	2
#define MOVES	2

bool has_task[LISTS];
bool locked[LISTS];
byte shifts;

proctype move()
{
	byte nr;

	for (nr : 1 .. MOVES) {
#ifdef COUNTED_EARLY
		shifts++;
#endif
		atomic { !locked[0] -> locked[0] = true }
		atomic { !locked[1] -> locked[1] = true }
#if !defined(NOT_COUNTED) && !defined(COUNTED_EARLY) && !defined(COUNTED_LATE)
		shifts++;
#endif
		if
		:: has_task[0] -> has_task[1] = true; has_task[0] = false
		:: else -> has_task[0] = true; has_task[1] = false
		fi;
		locked[1] = false;
		locked[0] = false;
#ifdef COUNTED_LATE
		shifts++
#endif
	}
}

proctype walk()
{
	byte before, list;
	bool found;

	before = shifts;
	for (list : 0 .. LISTS - 1) {
		atomic { !locked[list] -> locked[list] = true }
		found = found || has_task[list];
		locked[list] = false
	}
	assert(found || shifts != before)
}

init
{
	has_task[0] = true;
	atomic { run walk(); run move() }
}
