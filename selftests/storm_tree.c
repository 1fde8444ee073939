// SPDX-License-Identifier: GPL-2.0
/* The storm in the tree: groups are made, renamed, given away and removed. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storm.h"

#define CHILDREN 24
#define OWN 8
/* Of those of a group; so a random walk comes to all. */
#define SIBLINGS 6

/* What an actor has made, and what it has set there. */
static struct own {
	int fd;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	bool kept;
	char path[256];
} own[OWN];

static int nr_own;

int storm_children(const char *dir, struct storm_name *names, int max, bool files)
{
	DIR *list = opendir(dir);
	struct dirent *entry;
	int nr = 0;

	if (!list)
		return -errno;
	while (nr < max && (entry = readdir(list))) {
		bool dir = entry->d_type == DT_DIR;

		if (*entry->d_name == '.' || dir == files)
			continue;
		snprintf(names[nr++].text, sizeof(*names), "%s", entry->d_name);
	}
	closedir(list);
	return nr;
}

const char *storm_base(struct storm_actor *me)
{
	/* A container has but one mount of proc, its own. */
	if (me->boxed || storm_pick(me, 3))
		return RC_ROOT;
	return rc_fmt("%s/rc", storm->mount);
}

const char *storm_group(struct storm_actor *me)
{
	static struct storm_name names[CHILDREN];
	static char path[3072];
	int nr, depth;

	snprintf(path, sizeof(path), "%s", storm_base(me));
	for (depth = 0; depth < 6; depth++) {
		const char *name;

		nr = storm_children(path, names, CHILDREN, false);
		if (nr <= 0)
			break;
		name = names[storm_pick(me, nr)].text;
		if (!depth && !strcmp(name, STORM_QUIET))
			name = names[(storm_pick(me, nr) + 1) % nr].text;
		if (!depth && !strcmp(name, STORM_QUIET))
			return NULL;
		strcat(strcat(path, "/"), name);
		if (!storm_chance(me, 70))
			break;
	}
	snprintf(me->at, sizeof(me->at), "%.255s", path);
	return depth || nr > 0 ? path : NULL;
}

const char *storm_file(struct storm_actor *me, bool writable)
{
	static struct storm_name names[64];
	static char path[4096];
	const char *grp = storm_group(me);
	struct stat st;
	int nr, i, first;

	nr = grp ? storm_children(grp, names, 64, true) : 0;
	if (nr <= 0)
		return NULL;
	first = storm_pick(me, nr);
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/%s", grp, names[(first + i) % nr].text);
		if (!writable || (!stat(path, &st) && (st.st_mode & 0222)))
			break;
	}
	snprintf(me->at, sizeof(me->at), "%.255s", path);
	return i < nr ? path : NULL;
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static bool is_hierarchy(const char *path)
{
	return !strchr(strstr(path, "/rc/") + 4, '/');
}

static const char *new_name(struct storm_actor *me, char kind)
{
	static const char * const odd[] = {
		" ", ":,", "\t", "\n", "\x80\xff", "%s", "\\", "*", "'\"", "\x7f",
	};
	static char longest[256];

	if (storm_chance(me, 95))
		return rc_fmt("%c%u", kind, storm_pick(me, 12));
	if (storm_chance(me, 80))
		return rc_fmt("%c%s", kind, odd[storm_pick(me, ARRAY_SIZE(odd))]);
	memset(longest, kind, sizeof(longest) - 1);
	longest[storm_chance(me, 50) ? 255 : 200] = '\0';
	return longest;
}

static int make(const char *path)
{
	int ret = rc_mkdir(path);

	if (!ret)
		__atomic_add_fetch(&storm->groups, 1, __ATOMIC_RELAXED);
	return ret;
}

static int take_away(const char *path)
{
	int ret = rc_rmdir(path);

	if (!ret)
		__atomic_sub_fetch(&storm->groups, 1, __ATOMIC_RELAXED);
	return ret;
}

/* From now on its mode and owner are the actor's business alone. */
static void own_it(struct storm_actor *me, const char *path, bool kept)
{
	struct own *o = &own[nr_own];
	struct stat st;

	if (nr_own == OWN)
		return;
	o->fd = open(path, O_PATH | O_CLOEXEC);
	if (o->fd < 0)
		return;
	/* It may be another one of that name by now. */
	if (fstat(o->fd, &st) || !st.st_nlink) {
		close(o->fd);
		return;
	}
	o->mode = st.st_mode;
	o->uid = st.st_uid;
	o->gid = st.st_gid;
	o->kept = kept;
	snprintf(o->path, sizeof(o->path), "%s", path);
	nr_own++;
}

static void disown(struct own *o)
{
	close(o->fd);
	*o = own[--nr_own];
}

static bool as_set(const struct own *o, const struct stat *st)
{
	return st->st_mode == o->mode && st->st_uid == o->uid && st->st_gid == o->gid;
}

/* In the other mount, where nobody renames anything meanwhile. */
static void check_there(struct storm_actor *me, const struct own *o)
{
	char path[4096] = "";
	const char *here = rc_fmt("/proc/self/fd/%d", o->fd), *at;
	struct stat st, there;

	if (me->boxed || !rc_get(&storm->pause) ||
	    readlink(here, path, sizeof(path) - 1) < 0)
		return;
	at = strstr(path, "/rc/");
	if (!at || fstat(o->fd, &st) || !st.st_nlink ||
	    stat(rc_fmt("%s%s", storm->mount, at), &there))
		return;
	if (st.st_ino == there.st_ino && !as_set(o, &there))
		storm_wrong(STORM_OWNERS, "%s has %o %d, set to %o %d, in another mount",
			    path, there.st_mode, there.st_uid, o->mode, o->uid);
}

static bool check_one(struct storm_actor *me, struct own *o)
{
	struct stat st;

	if (fstat(o->fd, &st)) {
		/* Revalidated away: it has gone. */
		st.st_nlink = 0;
	}
	if (!st.st_nlink) {
		/* A container's top may have changed, and it sees it no more. */
		if (o->kept && !me->boxed)
			storm_wrong(STORM_NAMES, "%s of actor %d has gone", o->path, me->nr);
		disown(o);
		return false;
	}
	if (!as_set(o, &st))
		storm_wrong(STORM_OWNERS, "%s of actor %d has %o %d:%d, set to %o %d:%d",
			    o->path, me->nr, st.st_mode, st.st_uid, st.st_gid, o->mode,
			    o->uid, o->gid);
	check_there(me, o);
	return true;
}

void storm_check_own(struct storm_actor *me)
{
	int i;

	for (i = nr_own - 1; i >= 0; i--)
		check_one(me, &own[i]);
}

const char *storm_kept_name(struct storm_actor *me)
{
	return rc_fmt("%c%d-%ld", STORM_KEPT, me->nr, me->step);
}

int storm_op_mkdir(struct storm_actor *me)
{
	static struct storm_name names[CHILDREN];
	const char *grp = storm_group(me), *path;
	bool kept = (me->who & (STORM_ROOT | STORM_OWNER | STORM_BOX)) && nr_own < OWN &&
		    storm_chance(me, 20);
	int ret;

	if (!grp || rc_get(&storm->groups) >= STORM_GROUPS ||
	    storm_children(grp, names, CHILDREN, false) >= SIBLINGS)
		return -EAGAIN;
	if (*(strstr(grp, "/rc/") + 4) == STORM_PASSING)
		kept = false;
	path = rc_fmt("%s/%s", grp, kept ? storm_kept_name(me) : new_name(me, STORM_ANY));
	ret = make(path);
	if (!ret && kept)
		own_it(me, storm_chance(me, 50) ? path : rc_fmt("%s/tasks", path), false);
	return ret;
}

/* One that the actor has kept: in this life, or before it was killed. */
static int remove_kept(struct storm_actor *me, const char *grp)
{
	struct stat st, mine;
	int i;

	if (atoi(base_name(grp) + 1) != me->nr || stat(grp, &st))
		return -EAGAIN;
	for (i = 0; i < nr_own; i++) {
		if (fstat(own[i].fd, &mine) || mine.st_ino != st.st_ino)
			continue;
		if (storm_chance(me, 50))
			return -EAGAIN;
		disown(&own[i]);
		break;
	}
	return take_away(grp);
}

int storm_op_rmdir(struct storm_actor *me)
{
	const char *grp = storm_group(me);

	if (!grp || is_hierarchy(grp))
		return -EAGAIN;
	if (*base_name(grp) == STORM_ANY)
		return take_away(grp);
	if (*base_name(grp) == STORM_KEPT)
		return remove_kept(me, grp);
	return -EAGAIN;
}

/* The same one, as fast as can be. */
int storm_op_make_again(struct storm_actor *me)
{
	const char *grp = storm_group(me), *path;
	int i, ret = 0;

	if (!grp)
		return -EAGAIN;
	path = rc_fmt("%s/%s", grp, storm_kept_name(me));
	for (i = 0; i < 100 && !ret; i++)
		ret = rc_mkdir(path) ?: rc_rmdir(path);
	return ret;
}

int storm_op_rename(struct storm_actor *me)
{
	const char *grp = storm_group(me);
	char *old, *dir;
	int ret;

	if (!grp || is_hierarchy(grp) || *base_name(grp) != STORM_ANY)
		return -EAGAIN;
	old = strdup(grp);
	dir = strdup(grp);
	*strrchr(dir, '/') = '\0';
	if (storm_chance(me, 10)) {
		const char *other = storm_group(me);

		free(dir);
		dir = strdup(other ?: RC_ROOT);
	}
	ret = rename(old, rc_fmt("%s/%s", dir, new_name(me, STORM_ANY))) ? -errno : 0;
	/* That is no other file system. */
	if (ret == -EXDEV && me->boxed)
		storm_wrong(STORM_ERRORS, "rename of %s to %s: EXDEV", old, dir);
	free(old);
	free(dir);
	return ret == -EXDEV ? -EPERM : ret;
}

/*
 * A group gets a name that nobody else ever says, and another one its old name,
 * which others may be about to remove or rename just then.
 */
int storm_op_keep(struct storm_actor *me)
{
	const char *grp = storm_group(me), *name, *path, *kept;
	struct stat before, after;
	int ret;

	if (!grp || *(strstr(grp, "/rc/") + 4) == STORM_PASSING || nr_own == OWN ||
	    rc_get(&storm->groups) >= STORM_GROUPS)
		return -EAGAIN;
	name = rc_fmt("%c%u", STORM_ANY, storm_pick(me, 3));
	path = rc_fmt("%s/%s", grp, name);
	kept = rc_fmt("%s/%s", grp, storm_kept_name(me));
	ret = make(path);
	if (ret)
		return ret;
	if (stat(path, &before) || rename(path, kept))
		return -errno;
	make(path);
	/* Another one may have had the name when it was renamed: that is kept as well. */
	ret = stat(kept, &after) ? -errno : 0;
	if (ret == -ENOENT && !me->boxed && !access(grp, F_OK)) {
		/* Unless what is above has another name now. */
		rc_nap();
		if (!access(grp, F_OK) && access(kept, F_OK) && !access(path, F_OK))
			storm_wrong(STORM_NAMES, "%s has gone, %s has not", kept, path);
	}
	if (!ret)
		own_it(me, kept, true);
	return ret;
}

/* Sets it, and has others look at it at that moment. */
int storm_op_chmod(struct storm_actor *me)
{
	struct own *o = &own[storm_pick(me, OWN)];
	mode_t mode = 0700 | (storm_pick(me, 8) << 3) | storm_pick(me, 8);
	int tries = 20, ret = 0;

	if (o >= own + nr_own)
		return -EAGAIN;
	snprintf(me->at, sizeof(me->at), "%s", o->path);
	while (tries-- && !ret) {
		ret = chmod(rc_fmt("/proc/self/fd/%d", o->fd), mode) ? -errno : 0;
		if (!ret)
			o->mode = (o->mode & S_IFMT) | mode;
		if (!check_one(me, o))
			return ret;
		mode ^= 0011;
	}
	return ret;
}

int storm_op_chown(struct storm_actor *me)
{
	static const uid_t uids[] = { 0, RC_USER, RC_USER + 1, 100000 };
	struct own *o = &own[storm_pick(me, OWN)];
	uid_t uid = uids[storm_pick(me, ARRAY_SIZE(uids))];
	int ret;

	if (o >= own + nr_own)
		return -EAGAIN;
	snprintf(me->at, sizeof(me->at), "%s", o->path);
	ret = chown(rc_fmt("/proc/self/fd/%d", o->fd), uid, uid) ? -errno : 0;
	if (!ret) {
		o->uid = uid;
		o->gid = uid;
	}
	check_one(me, o);
	return ret;
}
