// SPDX-License-Identifier: GPL-2.0
/*
 * The controllers: which there are, and which hierarchy each is bound to.
 */

#include <linux/init_task.h>
#include <linux/printk.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "errors.h"
#include "internal.h"

unsigned int rc_nr_subsys __ro_after_init;

struct rc_hooks rc_hooks __ro_after_init;

DEFINE_STATIC_KEY_FALSE(rc_census_key);

/* Ids of controllers that the command line turns off. */
static unsigned long rc_disabled __ro_after_init;

/**
 * rc_init_early - give the controllers their ids and the first task its states
 *
 * Context: boot, one task, no allocator.
 */
void __init rc_init_early(void)
{
	unsigned int nr = __stop___rc_subsys - __start___rc_subsys;
	struct rc_subsys *ss;
	struct rc_file *file;
	unsigned int id;

	if (nr > CONFIG_RC_MAX_SUBSYS) {
		pr_warn("rc: %u controllers, but CONFIG_RC_MAX_SUBSYS=%u; the last ones are off\n",
			nr, CONFIG_RC_MAX_SUBSYS);
		nr = CONFIG_RC_MAX_SUBSYS;
	}
	rc_nr_subsys = nr;
	for_each_rc_subsys(ss, id) {
		ss->id = id;
		init_nsproxy.rc.state[id] = ss->top;
		__assign_bit(id, &rc_hooks.can_fork, ss->can_fork);
		__assign_bit(id, &rc_hooks.fork, ss->fork);
		__assign_bit(id, &rc_hooks.exit, ss->exit);
		__assign_bit(id, &rc_hooks.release,
			     ss->release || ss->tally);
		__assign_bit(id, &rc_hooks.ask,
			     ss->can_attach || ss->cancel_attach);
		__assign_bit(id, &rc_hooks.tell, ss->attach);
		__assign_bit(id, &rc_hooks.settle, ss->settle_task);
		__assign_bit(id, &rc_hooks.start, ss->can_start);
		for (file = ss->files; file && file->name; file++)
			file->ss = ss;
	}
	rc_proxy_init_boot();
}

static struct rc_subsys *rc_subsys_find(const char *name, size_t len)
{
	struct rc_subsys *ss;
	unsigned int id;

	for_each_rc_subsys(ss, id)
		if (strlen(ss->name) == len && !memcmp(ss->name, name, len))
			return ss;
	return NULL;
}

/**
 * rc_subsys_enabled - may a controller be bound?
 * @ss: the controller
 *
 * Return: false if the kernel's command line turns it off.
 */
bool rc_subsys_enabled(const struct rc_subsys *ss)
{
	return !test_bit(ss->id, &rc_disabled);
}

/**
 * rc_subsys_available - could a controller be bound, as far as others are concerned?
 * @ss: the controller
 *
 * Context: any. The answer may be outdated at once.
 * Return: false if it is turned off, or somebody beside the hierarchies has it.
 */
bool rc_subsys_available(const struct rc_subsys *ss)
{
	return rc_subsys_enabled(ss) && (!ss->available || ss->available());
}

/**
 * rc_parse_subsys_list - read a list of controllers
 * @list: the list, separated by commas
 * @blanks: there may be blanks too, and several separators in a row; otherwise
 *	this is the name of a hierarchy
 * @mask: set to their ids
 *
 * Return: true if each element is the name of a controller.
 */
bool rc_parse_subsys_list(const char *list, bool blanks, unsigned long *mask)
{
	*mask = 0;
	for (;;) {
		size_t len = strcspn(list, blanks ? ", \t" : ",");
		struct rc_subsys *ss = rc_subsys_find(list, len);

		if (ss)
			__set_bit(ss->id, mask);
		else if (len || !blanks)
			return false;
		if (!list[len])
			return true;
		list += len + 1;
	}
}

static int __init rc_disable_setup(char *list)
{
	unsigned long mask;
	char *name;

	while ((name = strsep(&list, ","))) {
		if (rc_parse_subsys_list(name, false, &mask))
			rc_disabled |= mask;
		else
			pr_warn("rc: rc_disable: there is no controller \"%s\"\n",
				name);
	}
	return 1;
}
__setup("rc_disable=", rc_disable_setup);

/**
 * rc_show_subsys_list - print names of controllers in order of their ids
 * @m: where to
 * @mask: the ids
 * @sep: what stands between two names
 */
void rc_show_subsys_list(struct seq_file *m, unsigned long mask, char sep)
{
	struct rc_subsys *ss;
	bool first = true;
	unsigned int id;

	for_each_rc_subsys_in(ss, id, &mask) {
		if (!first)
			seq_putc(m, sep);
		seq_puts(m, ss->name);
		first = false;
	}
}

/*
 * Binding
 */

static int rc_refuse_off(void)
{
	return rc_refuse_group(-ENOENT, NULL, "turned off by rc_disable=");
}

/**
 * rc_unclaim - undo rc_claim()
 * @mask: as there
 *
 * Context: process context, no lock of rc held; may sleep.
 */
void rc_unclaim(unsigned long mask)
{
	struct rc_subsys *ss;
	unsigned int id;

	for_each_rc_subsys_in(ss, id, &mask)
		if (ss->unclaim)
			ss->unclaim();
}

/**
 * rc_claim - keep controllers for hierarchies
 * @mask: their ids
 *
 * Some can be used by others than hierarchies. One that is bound is claimed once;
 * who is about to bind has one claim more for each of those that he wants, whether
 * it is bound already or not. It is the caller who counts: binding takes a claim
 * over, unbinding leaves one to rc_unclaim().
 *
 * Context: process context, no lock of rc held; sleeps, killably.
 * Return: 0, -EBUSY somebody else uses one of them, -ENOENT one is turned off, or
 * -EINTR; then none is kept.
 */
int rc_claim(unsigned long mask)
{
	struct rc_subsys *ss;
	unsigned int id;
	int err;

	/* Nobody is to give up for it what will not be had. */
	if (mask & rc_disabled)
		return rc_refuse_off();
	for_each_rc_subsys_in(ss, id, &mask) {
		err = ss->claim ? ss->claim() : 0;
		if (err) {
			rc_unclaim(mask & (BIT(id) - 1));
			return err;
		}
	}
	return 0;
}

static void rc_unbind(unsigned long mask)
{
	unsigned int id = rc_nr_subsys;

	while (id--) {
		struct rc_subsys *ss = rc_subsys_by_id(id);

		if (!test_bit(id, &mask))
			continue;
		WRITE_ONCE(ss->top->group, NULL);
		WRITE_ONCE(ss->hier, NULL);
		if (ss->bind)
			ss->bind(NULL);
	}
}

/* All controllers of @mask or none. */
static int rc_bind(struct rc_hierarchy *hier, unsigned long mask)
{
	struct rc_subsys *ss;
	unsigned int id;
	int err;

	if (mask & rc_disabled)
		return rc_refuse_off();
	for_each_rc_subsys_in(ss, id, &mask)
		if (ss->hier)
			return rc_refuse_group(-EBUSY, &ss->hier->root,
					       "%s is bound to", ss->name);
	if (!hier->census && (mask & (rc_hooks.can_fork | rc_hooks.release))) {
		hier->census = true;
		static_branch_inc(&rc_census_key);
	}
	for_each_rc_subsys_in(ss, id, &mask) {
		err = ss->bind ? ss->bind(hier) : 0;
		if (err) {
			rc_unbind(mask & (BIT(id) - 1));
			return err;
		}
		/* Readers under RCU find a hierarchy that has its name. */
		smp_store_release(&ss->hier, hier);
		/* As that. */
		smp_store_release(&ss->top->group, &hier->root);
	}
	return 0;
}

/**
 * rc_rebind_begin - give a hierarchy more controllers, which it does not show yet
 * @hier: the hierarchy
 * @mask: ids of those that it shall have, in place of its own
 *
 * Context: rc_mutex held; may sleep. Either rc_rebind_abort() or
 * rc_rebind_commit() follows on success.
 * Return: 0; -EBUSY a controller is bound elsewhere or the hierarchy has groups;
 * -ENOENT a controller is turned off; or what a controller says.
 */
int rc_rebind_begin(struct rc_hierarchy *hier, unsigned long mask)
{
	lockdep_assert_held(&rc_mutex);
	if (!RB_EMPTY_ROOT(&hier->root.children))
		return rc_refuse_group(-EBUSY, NULL, "the hierarchy has groups");
	return rc_bind(hier, mask & ~hier->subsys_mask);
}

/**
 * rc_rebind_abort - undo rc_rebind_begin()
 * @hier: as there
 * @mask: as there
 */
void rc_rebind_abort(struct rc_hierarchy *hier, unsigned long mask)
{
	lockdep_assert_held(&rc_mutex);
	rc_unbind(mask & ~hier->subsys_mask);
}

/**
 * rc_rebind_commit - let go of controllers after rc_rebind_begin()
 * @hier: as there
 * @mask: as there
 */
void rc_rebind_commit(struct rc_hierarchy *hier, unsigned long mask)
{
	unsigned long gone = hier->subsys_mask & ~mask;

	lockdep_assert_held(&rc_mutex);
	WRITE_ONCE(hier->subsys_mask, mask);
	rc_unbind(gone);
}

/**
 * rc_group_bind - give a new hierarchy its controllers
 * @grp: from rc_group_create(); a group that is no root has those of its
 *	hierarchy
 *
 * Context: rc_mutex held; may sleep.
 * Return: 0, after which either rc_group_unbind() or rc_group_publish() follows;
 * -EBUSY a controller is bound elsewhere; -ENOENT one is turned off; or what a
 * controller says.
 */
int rc_group_bind(struct rc_group *grp)
{
	lockdep_assert_held(&rc_mutex);
	return rc_is_root(grp) ? rc_bind(grp->hier, grp->hier->subsys_mask) : 0;
}

/**
 * rc_group_unbind - undo rc_group_bind()
 * @grp: as there
 *
 * Context: rc_mutex held; may sleep.
 */
void rc_group_unbind(struct rc_group *grp)
{
	lockdep_assert_held(&rc_mutex);
	if (rc_is_root(grp))
		rc_unbind(grp->hier->subsys_mask);
}
