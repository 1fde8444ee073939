/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A look at all tasks in order of their ids, as kernel/rc/list.c has it, while threads
 * that call exec take their leaders' ids. Who lives all the time has to be found.
 *
 * Each process has two ids, of which exec's thread has the second one and then the
 * first. NOT_WAITED and NOT_ODD each take a rule away, NOT_BEFORE the first count of
 * an exchange, NOT_AFTER the second; "make protocol" sees that each is missed.
 */

#define PROCESSES	2
#define IDS		(2 * PROCESSES)

#ifdef NOT_ODD
#define WITHIN(_count)	false
#else
#define WITHIN(_count)	((_count) % 2)
#endif

bool has_thread[IDS];		/* or the leader, which has exited */
byte exchanged;
byte readers;			/* of tasklist_lock */
bool writer;

proctype exec(byte id)
{
	atomic { !writer && !readers -> writer = true }
#ifndef NOT_BEFORE
	exchanged++;
#endif
	has_thread[id + 1] = false;
	has_thread[id] = true;
#ifndef NOT_AFTER
	exchanged++;
#endif
	writer = false
}

proctype look()
{
	bool found[PROCESSES];
	byte before, id, again;

	before = exchanged;
	for (again : 0 .. 1) {
		for (id : 0 .. IDS - 1) {
			found[id / 2] = found[id / 2] || has_thread[id]
		}
		if
		:: exchanged == before && !WITHIN(before) -> break
		:: else
		fi;
#ifndef NOT_WAITED
		atomic { !writer -> readers++ };
		readers--
#endif
	}
	assert(found[0] && found[1])
}

init
{
	has_thread[1] = true;
	has_thread[3] = true;
	atomic { run look(); run exec(0); run exec(2) }
}
