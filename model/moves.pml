/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The protocol by which tasks get other proxies, as kernel/rc/{proxy,home,task,
 * attach}.c have it: a task that forks, unshares and exits, its child, and two
 * who move them, remove the group that they were in, and wait for grace periods.
 *
 * What must hold: no proxy, namespace or group is used after it was freed; no
 * move is undone; no newborn stays in a group that was emptied; no group is
 * removed with a task in it; all end, and nothing is left.
 *
 * Each name in an #ifdef takes one rule away; "make protocol" sees that each is
 * missed. Steps that one lock makes one are written as one, in atomic.
 */

#define NONE	255
#define PROXIES	7
#define ROOT	0
#define A	1
#define B	2
#define GROUPS	3
#define PARENT	0
#define CHILD	1
#define TASKS	2
#define SPACES	2

typedef proxy {
	byte count;
	byte group;
	byte space;		/* its namespaces */
	bool memory;		/* allocated */
	bool hashed;
	bool moved;
	bool dead;
	bool pending;
	bool again;
};

proxy px[PROXIES];
byte nsproxy[TASKS];		/* of each task, or NONE */
byte home[TASKS];		/* group whose list the task is in, or NONE */
bool visible[TASKS];
bool window[TASKS];		/* uses a pointer, and has not slept since it read it */
byte spaces[SPACES];		/* references to namespaces */
byte listed[GROUPS];		/* tasks in lists */
bool removed[GROUPS];
bool tasklock[TASKS];
bool rc_mutex;
byte rc_moving = NONE;		/* one process: PARENT, if it is being moved */
byte readers;			/* of tasklist_lock */
bool writer;
byte running = 2;	/* all but the reaper, who then has nothing to do */
byte wanted = NONE;		/* group that the parent was moved to last */

inline lock(l) { atomic { !l; l = true } }
inline unlock(l) { l = false }
inline read_lock() { atomic { !writer; readers++ } }
inline read_unlock() { readers-- }
inline write_lock() { atomic { !writer && readers == 0; writer = true } }
inline write_unlock() { writer = false }

/* What is forgotten makes states the same. */
inline forget(p)
{
	px[p].memory = false; px[p].hashed = false; px[p].moved = false;
	px[p].dead = false; px[p].pending = false; px[p].again = false;
	px[p].group = 0; px[p].space = 0; px[p].count = 0
}

/* Every look at a proxy's memory. */
inline alive(p) { assert(px[p].memory) }

inline fresh(p)
{
	d_step {
		p = 0;
		do
		:: p < PROXIES && px[p].memory -> p++
		:: else -> break
		od;
		assert(p < PROXIES);
		px[p].memory = true;
		px[p].count = 1
	}
}

/* free_nsproxy(), rc_proxy_free(): the count is 0. */
inline let_go(p, holds)
{
	d_step {
		alive(p);
		if
		:: holds -> assert(spaces[px[p].space] > 0); spaces[px[p].space]--
		:: else
		fi
	}
	atomic {
		if
		:: px[p].moved ->
			/* rc_proxy_bury() */
			if
			:: px[p].pending -> px[p].again = true
			:: else -> px[p].pending = true
			fi;
			px[p].dead = true
		:: else ->
			forget(p)
		fi
	}
}

inline put(p, last)
{
	atomic {
		alive(p);
		assert(px[p].count > 0);
		px[p].count--;
		last = px[p].count == 0
	}
	if
	:: last -> let_go(p, true)
	:: else
	fi
}

/* rc_proxy_get(): under rc_mutex, the task's lock and rc_proxy_lock. */
inline proxy_get(old, to, new, heir)
{
	atomic {
		alive(old);
		px[old].hashed = true;
		heir = false;
		new = 0;
		do
		:: new < PROXIES && !(px[new].memory && px[new].hashed &&
		   px[new].space == px[old].space && px[new].group == to &&
		   (px[new].count > 0 || px[new].dead)) -> new++
		:: else -> break
		od;
		if
		:: new < PROXIES && px[new].count > 0 -> px[new].count++
		:: new < PROXIES && px[new].count == 0 ->
			px[new].dead = false; px[new].count = 2; heir = true
		:: else ->
			fresh(new);
			px[new].group = to; px[new].space = px[old].space;
			px[new].hashed = true; px[new].count = 2; heir = true
		fi;
#ifndef NOT_MARKED
		px[old].moved = true;
#endif
		px[old].count++
	}
}

/* rc_proxy_inherit() */
inline inherit(to, from, last)
{
	atomic {
		alive(from);
		last = px[from].count == 1;
		if
		:: last -> px[from].count = 0
		:: else
		fi
	}
	if
	:: last -> let_go(from, false)
	:: else ->
#ifndef INHERIT_LATE
		d_step {
			alive(from);
			assert(spaces[px[from].space] > 0);
			spaces[px[from].space]++
		}
		put(from, last)
#else
		put(from, last);
		d_step { assert(spaces[px[to].space] > 0); spaces[px[to].space]++ }
#endif
	fi;
	put(to, last)
}

/* rc_attach() of one task */
inline move(t, to)
{
	lock(rc_mutex);
	if
	:: removed[to] -> unlock(rc_mutex)
	:: else ->
#ifndef NOT_MOVING
		rc_moving = PARENT;
#endif
		from = NONE;
		lock(tasklock[t]);
		if
		:: nsproxy[t] != NONE ->
			from = nsproxy[t];
			if
			:: px[from].group != to -> proxy_get(from, to, new, heir)
			:: else -> from = NONE
			fi
		:: else
		fi;
		unlock(tasklock[t]);
		moved = false;
		if
		:: from != NONE ->
			read_lock();
			lock(tasklock[t]);
			/* rc_switch_proxy(), with both lists' locks */
			atomic {
				if
				:: nsproxy[t] != NONE ->
					moved = true;
					listed[to]++;
					nsproxy[t] = new;
					listed[home[t]]--;
					home[t] = to;
					if
					:: t == PARENT -> wanted = to
					:: else
					fi;
					alive(from);
					assert(px[from].count > 1);
					px[from].count--
				:: else
				fi
			}
			unlock(tasklock[t]);
			read_unlock()
		:: else
		fi;
		rc_moving = NONE;
		unlock(rc_mutex);
		if
		:: from != NONE ->
			if
			:: moved
			:: else -> put(new, last)
			fi;
			if
			:: heir -> inherit(new, from, last)
			:: else -> put(from, last)
			fi
		:: else
		fi
	fi;
	d_step { from = 0; new = 0; last = false; heir = false; moved = false }
}

/* What holds at any time for who looks. */
inline check(t)
{
	d_step {
		if
		:: visible[t] && nsproxy[t] != NONE ->
			assert(px[nsproxy[t]].memory);
			assert(px[nsproxy[t]].count > 0);
			assert(spaces[px[nsproxy[t]].space] > 0);
			assert(!removed[px[nsproxy[t]].group])
		:: else
		fi
	}
}

/* exit_task_namespaces(), then rc_exit() */
inline leave(t)
{
	lock(tasklock[t]);
	ns = nsproxy[t];
	nsproxy[t] = NONE;
	unlock(tasklock[t]);
	put(ns, last);
	/* Until here it is in its group's list. */
	atomic { listed[home[t]]--; home[t] = NONE };
	visible[t] = false
}

inline do_unshare(t)
{
	fresh(new);
	d_step { px[new].space = 1; spaces[1]++ }
#ifdef FILLED_EARLY
	px[new].group = px[nsproxy[t]].group;
#endif
	lock(tasklock[t]);
	do
	:: rc_moving == PARENT ->
		unlock(tasklock[t]);
		lock(rc_mutex);
		unlock(rc_mutex);
		lock(tasklock[t])
	:: else -> break
	od;
	skip;
	d_step {
		ns = nsproxy[t];
		alive(ns);
#ifndef FILLED_EARLY
		px[new].group = px[ns].group;
#endif
		nsproxy[t] = new
	}
	unlock(tasklock[t]);
	put(ns, last);
	assert(px[nsproxy[t]].group == home[t] || rc_moving == PARENT)
}

/* copy_process(), of a task that shares its parent's proxy */
inline do_fork(t, c)
{
#ifdef NOT_PINNED
	window[t] = true;
	ns = nsproxy[t];
	/* Allocations sleep. */
	window[t] = false;
	atomic { alive(ns); assert(px[ns].count > 0); px[ns].count++ }
#else
	do
	:: window[t] = true;
	   ns = nsproxy[t];
	   atomic {
		alive(ns);
		last = px[ns].count > 0;
		if
		:: last -> px[ns].count++
		:: else
		fi
	   }
	   window[t] = false;
	   if
	   :: last -> break
	   :: else
	   fi
	od;
#endif
	stale = NONE;
	write_lock();
	d_step {
#ifndef NOT_COMPARED
		if
		:: nsproxy[t] != ns ->
			stale = ns;
			ns = nsproxy[t];
			alive(ns);
			px[ns].count++
		:: else
		fi;
#endif
		nsproxy[c] = ns;
		home[c] = px[ns].group;
		listed[home[c]]++;
		visible[c] = true
	}
	write_unlock();
	if
	:: stale != NONE -> put(stale, last)
	:: else
	fi
}

proctype child()
{
	byte ns;
	bool last;

	check(CHILD);
	leave(CHILD);
	running--
}

proctype parent()
{
	byte ns, new, stale;
	bool last;

#ifdef UNSHARE
	do_unshare(PARENT);
#else
	do_fork(PARENT, CHILD);
	running++;
	run child();
#endif
	d_step { ns = 0; new = 0; stale = 0; last = false }
	check(PARENT);
	/* No move was undone. */
	d_step {
		if
		:: wanted != NONE && !rc_mutex -> assert(px[nsproxy[PARENT]].group == wanted)
		:: else
		fi
	}
	leave(PARENT);
	running--
}

/* Empties A and removes it: moves what is listed until nothing is. */
proctype emptier()
{
	byte from, new;
	bool last, heir, moved;

	do
	:: visible[PARENT] && home[PARENT] == A -> move(PARENT, B)
	:: visible[CHILD] && home[CHILD] == A -> move(CHILD, B)
	:: listed[A] == 0 ->
		lock(rc_mutex);
		d_step {
			if
			:: listed[A] == 0 -> removed[A] = true
			:: else
			fi
		}
		unlock(rc_mutex);
		if
		:: removed[A] -> break
		:: else
		fi
	od;
	check(PARENT);
	check(CHILD);
	running--
}

/* Moves the parent to and fro, so that dead proxies are revived. */
proctype mover()
{
	byte from, new;
	bool last, heir, moved;

#ifdef TWICE
	move(PARENT, ROOT);
#endif
	move(PARENT, A);
	check(PARENT);
	running--
}

/* RCU-tasks: who was in a window when the grace period began has left it. */
proctype reaper()
{
	byte p;

end:	do
	:: px[0].pending || px[1].pending || px[2].pending || px[3].pending ||
	   px[4].pending || px[5].pending || px[6].pending ->
	   d_step {
		p = 0;
		do
		:: !px[p].pending -> p++
		:: else -> break
		od
	   }
#ifndef RCU_ONLY
	   !window[PARENT];
	   !window[CHILD];
#endif
	   atomic {
		/* rc_proxy_reap(), under rc_proxy_lock */
		if
#ifndef REVIVED_FREED
		:: !px[p].dead -> px[p].pending = false; px[p].again = false
		:: px[p].dead && px[p].again -> px[p].again = false
		:: px[p].dead && !px[p].again ->
#else
		:: true ->
#endif
			forget(p)
		fi;
		p = 0
	   }
	od
}

init
{
	byte p;

	d_step {
		px[0].memory = true; px[0].count = 1; px[0].group = A;
		px[0].space = 0;
		spaces[0] = 1;
		nsproxy[PARENT] = 0; nsproxy[CHILD] = NONE;
		home[PARENT] = A; home[CHILD] = NONE;
		visible[PARENT] = true;
		listed[A] = 1
	}
	atomic {
		run parent(); run emptier(); run reaper();
#ifdef UNSHARE
		running++; run mover()
#endif
	}
	running == 0 && !(px[0].pending || px[1].pending || px[2].pending ||
			 px[3].pending || px[4].pending || px[5].pending ||
			 px[6].pending);
	d_step {
		p = 0;
		do
		:: p < PROXIES -> assert(!px[p].memory); p++
		:: else -> break
		od;
		assert(spaces[0] == 0 && spaces[1] == 0);
		assert(listed[ROOT] == 0 && listed[A] == 0 && listed[B] == 0)
	}
}
