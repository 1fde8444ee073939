// SPDX-License-Identifier: GPL-2.0
/*
 * Why something was refused, in words: /proc/rc/errors.
 *
 * Who refuses says the rule (rc_refuse(), rc_refuse_group()), which waits as a reason of
 * current. Where the operation ends, in fs/proc or in fork, its file, value and group are
 * known: rc_errors_end() makes a record of all of it, or of the errno alone if nobody
 * has said more. Success costs a look at a number.
 *
 * A record has no pointer to a group, which it would keep, and no name, which can change
 * and be nobody's business: it has the serials on the way from the root, by which a
 * reader looks for the group and asks whether he may see it.
 *
 * A user has his last records, as long as he is among those who were refused something
 * last, and that is not too long ago. In any second it is only the first of his refusals
 * that are noted: who has that many learns nothing from more. Who has user namespaces can
 * be many users, and is not to displace all others.
 *
 * Everything is protected by rc_errors_lock, inside which none is taken, and which is
 * taken with interrupts off, as fork refuses under tasklist_lock. Readers walk over the
 * records under RCU.
 */

#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/pid_namespace.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stdarg.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/user_namespace.h>
#include <linux/workqueue.h>

#include "errors.h"
#include "trace.h"

/* Of each user, and in each second. */
#define RC_ERRORS_KEPT		64
#define RC_ERRORS_RATE		256
/* Users; and of them, those in the user namespaces of one. */
#define RC_ERRORS_USERS		256
#define RC_ERRORS_OWNED		32
/* Reasons of operations that have not come to an end, or never will. */
#define RC_REASONS		64
/* How long, after his last, a user's are kept. */
#define RC_ERRORS_AGE		(60 * 60 * HZ)

/**
 * struct rc_errors_user - who was refused something
 * @node: in rc_errors_users
 * @lru: in rc_errors_lru
 * @uid: the user
 * @owner: who has made the user namespace, next to the initial one, in which he was first
 *	refused something; invalid for the initial one
 * @records: his records, oldest first
 * @nr: how many
 * @last: when the last was noted, in jiffies
 * @second: the second that @noted is about
 * @noted: how many were noted in it
 */
struct rc_errors_user {
	struct hlist_node node;
	struct list_head lru;
	kuid_t uid;
	kuid_t owner;
	struct list_head records;
	unsigned int nr;
	unsigned long last;
	time64_t second;
	unsigned int noted;
};

/**
 * struct rc_reason - what somebody who refuses says, until the operation ends
 * @node: in rc_reasons
 * @tsk: whose operation; only compared
 * @seq: when, see rc_errors_begin()
 * @other: the group that is in the way
 * @text: the rule
 */
struct rc_reason {
	struct list_head node;
	const struct task_struct *tsk;
	u64 seq;
	struct rc_errors_path other;
	char text[RC_REASON_TEXT];
};

static DEFINE_SPINLOCK(rc_errors_lock);
static DEFINE_HASHTABLE(rc_errors_users, 6);
/* Who was refused something last comes last. */
static LIST_HEAD(rc_errors_lru);
static unsigned int rc_errors_nr_users;
/* Oldest first; walked under RCU. */
LIST_HEAD(rc_errors);
static LIST_HEAD(rc_reasons);
static unsigned int rc_nr_reasons;
/* Grows with each reason and record. Read without the lock. */
u64 rc_errors_seq;

static void rc_errors_expire(struct work_struct *work);
static DECLARE_DEFERRABLE_WORK(rc_errors_work, rc_errors_expire);

static u64 rc_errors_tick(void)
{
	WRITE_ONCE(rc_errors_seq, rc_errors_seq + 1);
	return rc_errors_seq;
}

static void rc_errors_path(struct rc_errors_path *path, const struct rc_group *grp)
{
	path->nr = 0;
	for (; grp && grp != &rc_top; grp = grp->parent)
		path->serial[path->nr++] = grp->serial;
}

/*
 * Users
 */

static struct rc_errors_user *rc_errors_find(kuid_t uid)
{
	struct rc_errors_user *user;

	hash_for_each_possible(rc_errors_users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

static void rc_errors_drop(struct rc_errors_user *user)
{
	struct rc_error *rec = list_first_entry(&user->records, struct rc_error, own);

	list_del(&rec->own);
	list_del_rcu(&rec->node);
	user->nr--;
	kfree_rcu(rec, rcu);
}

static void rc_errors_forget(struct rc_errors_user *user)
{
	while (user->nr)
		rc_errors_drop(user);
	hash_del(&user->node);
	list_del(&user->lru);
	rc_errors_nr_users--;
	kfree(user);
}

/* What is old goes; as long as there is anything left, somebody looks again. */
static void rc_errors_expire(struct work_struct *work)
{
	struct rc_errors_user *user, *next;

	spin_lock_irq(&rc_errors_lock);
	list_for_each_entry_safe(user, next, &rc_errors_lru, lru) {
		if (time_before(jiffies, user->last + RC_ERRORS_AGE))
			break;
		rc_errors_forget(user);
	}
	if (rc_errors_nr_users)
		schedule_delayed_work(&rc_errors_work, RC_ERRORS_AGE / 4);
	spin_unlock_irq(&rc_errors_lock);
}

/* Is this one more than is noted in a second? */
static bool rc_errors_muted(kuid_t uid)
{
	struct rc_errors_user *user;
	unsigned long flags;
	bool ret;

	spin_lock_irqsave(&rc_errors_lock, flags);
	user = rc_errors_find(uid);
	ret = user && user->second == ktime_get_seconds() && user->noted >= RC_ERRORS_RATE;
	spin_unlock_irqrestore(&rc_errors_lock, flags);
	return ret;
}

static kuid_t rc_errors_owner(void)
{
	struct user_namespace *ns;
	kuid_t owner = INVALID_UID;

	for (ns = current_user_ns(); ns != &init_user_ns; ns = ns->parent)
		owner = ns->owner;
	return owner;
}

/* Who goes if @fresh comes, or NULL. */
static struct rc_errors_user *rc_errors_victim(const struct rc_errors_user *fresh)
{
	struct rc_errors_user *user, *oldest = NULL;
	unsigned int owned = 0;

	if (uid_valid(fresh->owner)) {
		list_for_each_entry(user, &rc_errors_lru, lru) {
			if (!uid_eq(user->owner, fresh->owner))
				continue;
			oldest = oldest ?: user;
			owned++;
		}
	}
	if (owned >= RC_ERRORS_OWNED)
		return oldest;
	if (rc_errors_nr_users < RC_ERRORS_USERS)
		return NULL;
	return list_first_entry(&rc_errors_lru, struct rc_errors_user, lru);
}

/* @fresh has the user's id, and is used if he has none yet; returns what is not used. */
static struct rc_errors_user *
rc_errors_enter(struct rc_error *rec, struct rc_errors_user *fresh)
{
	struct rc_errors_user *user = rc_errors_find(rec->uid), *victim;

	if (user) {
		list_move_tail(&user->lru, &rc_errors_lru);
	} else {
		victim = rc_errors_victim(fresh);
		if (victim)
			rc_errors_forget(victim);
		user = fresh;
		fresh = NULL;
		rc_errors_nr_users++;
		hash_add(rc_errors_users, &user->node, __kuid_val(user->uid));
		list_add_tail(&user->lru, &rc_errors_lru);
	}
	if (user->second != ktime_get_seconds()) {
		user->second = ktime_get_seconds();
		user->noted = 0;
	}
	user->noted++;
	user->last = jiffies;
	if (user->nr++ == RC_ERRORS_KEPT)
		rc_errors_drop(user);
	list_add_tail(&rec->own, &user->records);
	list_add_tail_rcu(&rec->node, &rc_errors);
	return fresh;
}

/*
 * Reasons
 */

static void rc_reason_drop(struct rc_reason *reason)
{
	list_del(&reason->node);
	rc_nr_reasons--;
}

/* Takes that of current which is younger than @since, or NULL. */
static struct rc_reason *rc_reason_take(u64 since)
{
	struct rc_reason *reason, *found = NULL;
	unsigned long flags;

	if (READ_ONCE(rc_errors_seq) == since)
		return NULL;
	spin_lock_irqsave(&rc_errors_lock, flags);
	list_for_each_entry(reason, &rc_reasons, node) {
		if (reason->tsk == current) {
			found = reason;
			rc_reason_drop(found);
			break;
		}
	}
	spin_unlock_irqrestore(&rc_errors_lock, flags);
	if (found && found->seq <= since) {
		/* Nobody has asked for it: of an operation that went well in the end. */
		kfree(found);
		found = NULL;
	}
	return found;
}

static void rc_reason_add(struct rc_reason *reason)
{
	struct rc_reason *pos, *old = NULL;
	unsigned long flags;

	spin_lock_irqsave(&rc_errors_lock, flags);
	reason->seq = rc_errors_tick();
	list_for_each_entry(pos, &rc_reasons, node)
		if (pos->tsk == current)
			old = pos;
	if (!old && rc_nr_reasons == RC_REASONS)
		old = list_first_entry(&rc_reasons, struct rc_reason, node);
	if (old)
		rc_reason_drop(old);
	list_add_tail(&reason->node, &rc_reasons);
	rc_nr_reasons++;
	spin_unlock_irqrestore(&rc_errors_lock, flags);
	kfree(old);
}

static __printf(2, 0)
void rc_reason_say(const struct rc_group *other, const char *fmt, va_list args)
{
	struct rc_reason *reason;

	if (rc_errors_muted(current_euid()))
		return;
	/* Where it is not to be had, it is said by the errno alone. */
	reason = kmalloc(sizeof(*reason), GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!reason)
		return;
	reason->tsk = current;
	rc_errors_path(&reason->other, other);
	vscnprintf(reason->text, sizeof(reason->text), fmt, args);
	rc_reason_add(reason);
}

/**
 * rc_refuse - say why something is refused
 * @err: the errno, which is returned
 * @other: the state of a group that is in the way, whose path is printed behind the
 *	text for who may see it; or NULL. The group is held by the caller
 * @fmt: format of the rule and the value that it is about, such as "not within the
 *	parent's %*pbl". Has no newline, and none of the names of groups: who reads it may not
 *	be allowed to see them. The group that was asked for, the file and what was written
 *	are printed before it.
 *
 * For a controller, in any callback that can fail; each errno but -ENOMEM should be
 * given so. Once for an operation: the last counts.
 *
 * Context: any in which the operation's task is current; also with interrupts off.
 * Return: @err.
 */
int rc_refuse(int err, const struct rc_state *other, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rc_reason_say(other ? READ_ONCE(other->group) : NULL, fmt, args);
	va_end(args);
	return err;
}

/**
 * rc_refuse_group - rc_refuse() for the core
 * @err: as there
 * @other: a group in place of its state
 * @fmt: as there
 *
 * Context: as there.
 * Return: @err.
 */
int rc_refuse_group(int err, const struct rc_group *other, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	rc_reason_say(other, fmt, args);
	va_end(args);
	return err;
}

/*
 * Records
 */

static const char *rc_errors_rule(int err)
{
	switch (err) {
	case -EINVAL:
		return "no value that can be written there";
	case -E2BIG:
		return "longer than the file can mean";
	case -ESRCH:
		return "no such task, or it is exiting";
	case -EACCES:
		return "not permitted";
	case -EPERM:
		return "not permitted to who has opened the file, or through this view";
	case -EBUSY:
		return "in use";
	case -ENOENT:
		return "not there";
	case -EEXIST:
		return "the name is taken";
	case -ENAMETOOLONG:
		return "the name is too long";
	case -ENOSPC:
		return "no room";
	case -ENODEV:
		return "the group was removed";
	case -ENOMEM:
		return "out of memory";
	}
	return "refused";
}

static struct rc_error *rc_errors_make(int err, const struct rc_group *grp,
				       struct pid_namespace *view, const char *what,
				       const char *value, const struct rc_reason *reason)
{
	static const struct rc_errors_path none;
	const struct rc_errors_path *other = reason ? &reason->other : &none;
	struct rc_errors_path path;
	const char *rule = reason ? reason->text : rc_errors_rule(err);
	const char *blank = value && *value ? " " : "";
	struct rc_error *rec;
	size_t size;

	rc_errors_path(&path, grp);
	if (!value)
		value = "";
	size = snprintf(NULL, 0, "%s%s%.*s: %s", what, blank, RC_ERROR_VALUE, value, rule) + 1;
	rec = kmalloc(struct_size(rec, serial, path.nr + other->nr) + size,
		      GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!rec)
		return NULL;
	rec->uid = current_euid();
	rec->time = ktime_get_real_seconds();
	rec->pid = task_tgid_nr(current);
	rec->view_pid = task_tgid_nr_ns(current, view);
	/* Not get_task_comm(): fork refuses with siglock held, inside which is no task_lock. */
	strscpy_pad(rec->comm, current->comm);
	rec->nr = path.nr;
	rec->nr_other = other->nr;
	memcpy(rec->serial, path.serial, path.nr * sizeof(u64));
	memcpy(rec->serial + path.nr, other->serial, other->nr * sizeof(u64));
	rec->text = (char *)(rec->serial + path.nr + other->nr);
	snprintf(rec->text, size, "%s%s%.*s: %s", what, blank, RC_ERROR_VALUE, value, rule);
	return rec;
}

static void rc_errors_add(struct rc_error *rec, struct pid_namespace *view)
{
	struct rc_errors_user *fresh;
	unsigned long flags;

	fresh = kmalloc(sizeof(*fresh), GFP_NOWAIT | __GFP_NOWARN | __GFP_ACCOUNT);
	if (!fresh) {
		kfree(rec);
		return;
	}
	*fresh = (struct rc_errors_user) {
		.uid = rec->uid, .owner = rc_errors_owner(),
	};
	INIT_LIST_HEAD(&fresh->records);
	spin_lock_irqsave(&rc_errors_lock, flags);
	rec->seq = rc_errors_tick();
	if (!view->rc_id)
		WRITE_ONCE(view->rc_id, rec->seq);
	rec->view = view->rc_id;
	if (!rc_errors_nr_users)
		schedule_delayed_work(&rc_errors_work, RC_ERRORS_AGE / 4);
	fresh = rc_errors_enter(rec, fresh);
	spin_unlock_irqrestore(&rc_errors_lock, flags);
	kfree(fresh);
}

/**
 * rc_errors_end - an operation has ended
 * @err: 0, or the errno with which it has failed
 * @since: from rc_errors_begin()
 * @grp: the group that it was about, or &rc_top; held
 * @view: the pid namespace of the mount through which it was done
 * @what: the name of the operation, or of the file
 * @value: what was written, or a name; or NULL. Is cut at RC_ERROR_VALUE bytes
 *
 * Context: any.
 * Return: @err.
 */
int rc_errors_end(int err, u64 since, const struct rc_group *grp,
		  struct pid_namespace *view, const char *what, const char *value)
{
	struct rc_reason *reason;
	struct rc_error *rec;

	if (likely(err >= 0) || err == -EFAULT || err == -EINTR)
		return err;
	reason = rc_reason_take(since);
	rc_trace_refused(grp, err, what, reason ? reason->text : rc_errors_rule(err));
	if (!rc_errors_muted(current_euid())) {
		rec = rc_errors_make(err, grp, view, what, value, reason);
		if (rec)
			rc_errors_add(rec, view);
	}
	kfree(reason);
	return err;
}
