/* SPDX-License-Identifier: GPL-2.0 */
/* What tests of views have in common: groups, a box that is given one, what it does. */
#ifndef VIEW_UTIL_H
#define VIEW_UTIL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../kselftest_harness.h"
#include "rc_box.h"

/* H/above/top is given to the box, H/above/side is somebody else's. */
FIXTURE(view)
{
	const char *hier;
	char *above;
	char *top;
	char *side;
	struct rc_box *box;
};

static inline char *group(const char *parent, const char *name)
{
	char *path = strdup(rc_fmt("%s/%s", parent, name));

	return rc_mkdir(path) ? NULL : path;
}

FIXTURE_SETUP(view)
{
	ASSERT_EQ(0, rc_setup());
	self->hier = rc_hier_new();
	ASSERT_TRUE(!!self->hier);
	self->above = group(self->hier, "above");
	self->top = group(self->above, "top");
	self->side = group(self->above, "side");
	ASSERT_TRUE(self->above && self->top && self->side);
	self->box = rc_box_new(RC_BOX_ROOT, NULL);
	ASSERT_TRUE(!!self->box);
}

FIXTURE_TEARDOWN(view)
{
	EXPECT_EQ(0, rc_teardown());
}

static inline int give(const char *grp, pid_t pid)
{
	return rc_write(rc_fmt("%s/procs", grp), rc_fmt("%d", pid));
}

static inline int box_write(struct rc_box *box, const char *dir, const char *file,
			    const char *text)
{
	return rc_box_do(box, rc_box_write, rc_fmt("%s/%s", dir, file), text);
}

static inline int box_mkdir(struct rc_box *box, const char *dir, const char *name)
{
	return rc_box_do(box, rc_box_mkdir, rc_fmt("%s/%s", dir, name), NULL);
}

static inline int box_rmdir(struct rc_box *box, const char *dir, const char *name)
{
	return rc_box_do(box, rc_box_rmdir, rc_fmt("%s/%s", dir, name), NULL);
}

static inline const char *box_list(struct rc_box *box, const char *dir)
{
	int ret = rc_box_do(box, rc_box_list, dir, NULL);

	return ret ? rc_fmt("%d", ret) : box->text;
}

static inline const char *box_read(struct rc_box *box, const char *dir, const char *file)
{
	int ret = rc_box_do(box, rc_box_read, rc_fmt("%s/%s", dir, file), NULL);

	return ret ? rc_fmt("%d", ret) : box->text;
}

/* Only in the box. */
static inline int where_op(struct rc_box *box)
{
	snprintf(box->text, sizeof(box->text), "%s",
		 rc_where(atoi(box->b), box->a));
	return 0;
}

/* The path of a task, as the box sees it. */
static inline const char *box_where(struct rc_box *box, const char *hier, pid_t pid)
{
	rc_box_do(box, where_op, hier, rc_fmt("%d", pid));
	return box->text;
}

static inline int inode_op(struct rc_box *box)
{
	struct stat st;

	if (stat(box->a, &st))
		return -errno;
	sprintf(box->text, "%llu %d", (unsigned long long)st.st_ino,
		(int)st.st_nlink);
	return 0;
}

/* Number and links of a directory, as the box sees it. */
static inline const char *box_inode(struct rc_box *box, const char *path)
{
	int ret = rc_box_do(box, inode_op, path, NULL);

	return ret ? rc_fmt("%d", ret) : box->text;
}

static inline const char *inode(const char *path)
{
	struct stat st;

	return stat(path, &st) ? "" :
	       rc_fmt("%llu %d", (unsigned long long)st.st_ino, (int)st.st_nlink);
}

#define ROOT_FILES "events groups namespaces notify_on_release procs release_agent subsystems tasks"
#define GROUP_FILES "events freeze groups kill namespaces notify_on_release procs tasks"

#endif /* VIEW_UTIL_H */
