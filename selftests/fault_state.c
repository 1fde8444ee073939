// SPDX-License-Identifier: GPL-2.0
/* What there is before and after a fault; see fault_state.h. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault_state.h"
#include "rc_util.h"

#define ROOM 1000000
#define MAX_ENTRIES 512
#define MAX_KEPT 1024

/* The text that is being made. */
static char text[2][ROOM];
static unsigned int which;
static char *out;
static size_t len;

static void add(const char *fmt, ...) __printf(1, 2);

static void add(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	len += vsnprintf(out + len, ROOM - len, fmt, ap);
	va_end(ap);
	if (len >= ROOM)
		ksft_exit_fail_msg("the state is too long\n");
}

/*
 * Descriptors are kept, as to look a name up takes most of the time. Those of what
 * has been removed since, and is there once more, are opened anew.
 */
static struct kept {
	char *path;
	int fd;
} kept[MAX_KEPT];
static int nr_kept;

static struct kept *keep(const char *path)
{
	static int last;
	int i;

	/* They are asked for in the same order each time. */
	for (i = 0; i < nr_kept; i++) {
		last = (last + 1) % nr_kept;
		if (!strcmp(kept[last].path, path))
			return &kept[last];
	}
	if (nr_kept == MAX_KEPT)
		ksft_exit_fail_msg("too many files\n");
	kept[nr_kept].path = strdup(path);
	kept[nr_kept].fd = -1;
	return &kept[nr_kept++];
}

/* Its attributes; opened anew if it has gone since. -1: neither can be had. */
static int look_at(const char *path, struct stat *st)
{
	struct kept *one = keep(path);

	if (one->fd >= 0 && !fstat(one->fd, st) && st->st_nlink)
		return one->fd;
	if (one->fd >= 0)
		close(one->fd);
	one->fd = open(path, O_RDONLY | O_CLOEXEC);
	/* What only root may write has no reader. */
	if (one->fd < 0 ? lstat(path, st) : fstat(one->fd, st))
		add("%s error %d\n", path, errno);
	return one->fd;
}

void fault_forget(void)
{
	while (nr_kept) {
		struct kept *one = &kept[--nr_kept];

		if (one->fd >= 0)
			close(one->fd);
		free(one->path);
	}
}

/* A read gives as much as there is, but of lists. */
static void add_fd(int fd, bool list)
{
	off_t pos = 0;
	ssize_t got;

	do {
		got = pread(fd, out + len, ROOM - len - 1, pos);
		len += got > 0 ? got : 0;
		pos += got;
	} while (list && got > 0);
	out[len] = '\0';
	if (got < 0)
		add("error %d\n", errno);
}

static void add_file(const char *path)
{
	struct stat st;

	add_fd(look_at(path, &st), false);
}

/* The lines of a file that begin with one of two words. */
static void add_lines(const char *path, const char *one, const char *two)
{
	char *line, *end = out + len;

	add_file(path);
	for (line = end; *line; ) {
		char *next = strchrnul(line, '\n') + 1;

		if (!strncmp(line, one, strlen(one)) || !strncmp(line, two, strlen(two))) {
			memmove(end, line, next - line);
			end += next - line;
		}
		line = next;
	}
	*end = '\0';
	len = end - out;
}

/* What goes on whatever anybody does, or stays when it is undone, and what counts the calls. */
static bool changes(const char *name)
{
	static const char * const parts[] = {
		"cpuacct.", ".stat", ".trace", ".calls", ".counts", ".peak", "memory_pressure",
		"groups", "namespaces", "errors",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (strstr(name, parts[i]) && strcmp(name, "memory_pressure_enabled"))
			return true;
	return false;
}

static const char *name_of(const char *path)
{
	return strrchr(path, '/') + 1;
}

bool fault_lists_tasks(const char *path)
{
	const char *name = name_of(path);

	return !strcmp(name, "tasks") || !strcmp(name, "procs");
}

static int sort_names(const void *a, const void *b)
{
	return strcmp(*(char **)a, *(char **)b);
}

/* Paths of what is in a directory, in order; to be freed. */
static int paths_in(const char *dir, char **paths)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	int nr = 0;

	while (stream && (entry = readdir(stream)) && nr < MAX_ENTRIES)
		if (entry->d_name[0] != '.' &&
		    asprintf(&paths[nr], "%s/%s", dir, entry->d_name) > 0)
			nr++;
	if (stream)
		closedir(stream);
	qsort(paths, nr, sizeof(*paths), sort_names);
	return nr;
}

/*
 * @depth: 0 for /proc/rc, 1 for hierarchies: who is in no group is in their roots, where
 * the kernel's tasks come and go.
 */
static void add_tree(const char *dir, int depth)
{
	char *paths[MAX_ENTRIES];
	int nr = paths_in(dir, paths), i;

	for (i = 0; i < nr; i++) {
		bool list = fault_lists_tasks(paths[i]);
		struct stat st = { };
		int fd = look_at(paths[i], &st);

		add("%s %o %d:%d %d\n", paths[i], st.st_mode, st.st_uid, st.st_gid,
		    (int)st.st_nlink);
		if (S_ISDIR(st.st_mode))
			add_tree(paths[i], depth + 1);
		else if (fd >= 0 && !changes(name_of(paths[i])) && !(depth == 1 && list))
			add_fd(fd, list);
		free(paths[i]);
	}
}

static void add_thread(const char *dir)
{
	static const char * const links[] = {
		"ns/cgroup", "ns/ipc", "ns/mnt", "ns/net", "ns/pid", "ns/pid_for_children",
		"ns/time", "ns/time_for_children", "ns/user", "ns/uts",
	};
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	add("%s\n", dir);
	add_file(rc_fmt("%s/rc", dir));
	add_lines(rc_fmt("%s/status", dir), "Cpus_allowed_list:", "Mems_allowed_list:");
	for (i = 0; i < ARRAY_SIZE(links); i++) {
		char link[64];
		ssize_t size = readlinkat(fd, links[i], link, sizeof(link));

		add("%.*s\n", size < 0 ? 0 : (int)size, link);
	}
	close(fd);
}

/* The threads of @pid, and of all that it and its descendants have begotten. */
static void add_family(const char *pid)
{
	char *paths[MAX_ENTRIES], *child, *save;
	int nr = paths_in(rc_fmt("/proc/%s/task", pid), paths), i;
	char buf[4096];

	for (i = 0; i < nr; i++) {
		add_thread(paths[i]);
		free(paths[i]);
	}
	if (rc_read(rc_fmt("/proc/%s/task/%s/children", pid, pid), buf, sizeof(buf)) < 0)
		return;
	for (child = strtok_r(buf, "\n ", &save); child; child = strtok_r(NULL, "\n ", &save))
		add_family(child);
}

const char *fault_state(pid_t top)
{
	out = text[which++ % 2];
	len = 0;
	add_tree(RC_ROOT, 0);
	add_family(rc_fmt("%d", top));
	return out;
}

const char *fault_difference(const char *before, const char *now)
{
	const char *line = now, *path = now;

	while (*before && *before == *now) {
		if (*now == '\n')
			line = now + 1;
		/* What is of a file comes after a line that begins with its path. */
		if (now == line && *now == '/')
			path = line;
		before++;
		now++;
	}
	before -= now - line;
	return rc_fmt("%.*s: '%.*s', was '%.*s'", (int)strcspn(path, "\n "), path,
		      (int)strcspn(line, "\n"), line, (int)strcspn(before, "\n"), before);
}

/* Directories in @dir and in those below, as deep as they are made here. */
static unsigned long long count_dirs(const char *dir)
{
	unsigned long long nr = 0;
	const char *deeper = rc_fmt("%s/*/", dir);
	glob_t found;

	while (!glob(deeper, 0, NULL, &found)) {
		nr += found.gl_pathc;
		globfree(&found);
		deeper = rc_fmt("%s*/", deeper);
	}
	return nr;
}

unsigned long long fault_proxies(const char *hier)
{
	return rc_field(rc_fmt("%s/debug.counts", hier), "proxies");
}

static bool nothing_left(const char *hier, unsigned long long proxies)
{
	const char *one = rc_fmt("%s/debug.counts", hier);
	const char *two = rc_fmt("%s/debug2.counts", hier);

	return rc_field(one, "groups") == count_dirs(RC_ROOT) &&
	       rc_field(one, "states") == count_dirs(hier) &&
	       rc_field(two, "states") == count_dirs(hier) && fault_proxies(hier) <= proxies;
}

bool fault_nothing_left(const char *hier, unsigned long long proxies)
{
	return RC_WAIT(nothing_left(hier, proxies));
}
