// SPDX-License-Identifier: GPL-2.0
/*
 * What fuzz_test puts in. Texts are mostly what a file holds, changed a little, so that
 * files that come later are written in their own grammar, too.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "rc_util.h"

/* How many inputs use the same list of what is there. */
#define LOOK_EVERY 400

static const char *const names[] = {
	"a",
	"b",
	"c",
	"x y",
	"cpuset",
	"cpuacct",
	"births,debug",
	"debug2",
	"jobs",
	"tasks",
	"cpus",
	"subsystems",
	"cgroup.procs",
	"...",
	"\\040",
	"\xc3\xa0",
	"\x7f",
	"\n",
	":",
	"a:b",
	"a,b",
};

static const char *const words[] = {
	"0",
	"1",
	"-1",
	"2",
	"max",
	"0-3",
	"0-1,3",
	"0-3:1/2",
	"all",
	"N",
	"none",
	"0x1",
	"00",
	"+1",
	"4294967295",
	"4294967296",
	"9223372036854775807",
	"18446744073709551616",
	"-9223372036854775808",
	"cpuset",
	"cpuacct",
	"cpu",
	"pids",
	"births",
	"debug debug2",
	"cpuset,cpuacct",
	"tape",
	"/none",
	"/x y",
	"1K",
	"4G",
	"50000 100000",
	"max 100000",
	"create 1 12",
	"can_attach 1 5",
	"can_fork 1 11",
	"bind 1 22",
	" ",
	"\n",
	"\t",
	"\r\n",
	",",
	";",
	"%s%n",
	"../../..",
};

/* xorshift64*: a seed says all that follows. */
unsigned long fuzz_random(struct fuzz *f)
{
	f->state ^= f->state >> 12;
	f->state ^= f->state << 25;
	f->state ^= f->state >> 27;
	return f->state * 0x2545f4914f6cdd1dUL;
}

unsigned int fuzz_pick(struct fuzz *f, unsigned int nr)
{
	return (fuzz_random(f) >> 32) % nr;
}

bool fuzz_one_in(struct fuzz *f, unsigned int nr)
{
	return !fuzz_pick(f, nr);
}

long long fuzz_number(struct fuzz *f)
{
	static const long long borders[] = {
		0,
		1,
		4095,
		4096,
		4097,
		65535,
		INT32_MAX,
		UINT32_MAX,
		INT64_MAX,
		INT64_MIN,
		-1,
		-4096,
		INT64_MAX - 4095,
		1LL << 32,
		1LL << 44,
	};

	switch (fuzz_pick(f, 4)) {
	case 0:
		return borders[fuzz_pick(f, ARRAY_SIZE(borders))];
	case 1:
		return (long long)fuzz_random(f);
	default:
		return fuzz_pick(f, 300);
	}
}

unsigned int fuzz_flags(struct fuzz *f, const unsigned int *flags, int nr)
{
	unsigned int found = 0, i;

	if (fuzz_one_in(f, 50))
		return fuzz_random(f);
	for (i = fuzz_pick(f, 4); i; i--)
		found |= flags[fuzz_pick(f, nr)];
	return found;
}

static void add_path(struct fuzz *f, const char *path, bool is_dir)
{
	if (f->nr_paths == FUZZ_ENTRIES)
		return;
	free(f->paths[f->nr_paths]);
	f->paths[f->nr_paths] = strdup(path);
	f->is_dir[f->nr_paths++] = is_dir;
}

/* Directories are met in random order, as there may be more than there is room for. */
static void walk(struct fuzz *f, const char *path, int depth)
{
	DIR *dir = depth < 40 ? opendir(path) : NULL;
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) && f->nr_paths < FUZZ_ENTRIES) {
		char *sub;

		if (!strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, "..") ||
		    asprintf(&sub, "%s/%s", path, entry->d_name) < 0)
			continue;
		if (entry->d_type != DT_DIR || !fuzz_one_in(f, 4))
			add_path(f, sub, entry->d_type == DT_DIR);
		if (entry->d_type == DT_DIR)
			walk(f, sub, depth + 1);
		free(sub);
	}
	if (dir)
		closedir(dir);
}

void fuzz_look(struct fuzz *f)
{
	if (f->nr_paths && !fuzz_one_in(f, LOOK_EVERY))
		return;
	f->nr_paths = 0;
	add_path(f, RC_ROOT, true);
	add_path(f, "/proc/self/rc", false);
	walk(f, RC_ROOT, 0);
}

const char *fuzz_entry(struct fuzz *f)
{
	return f->paths[fuzz_pick(f, f->nr_paths)];
}

const char *fuzz_dir(struct fuzz *f)
{
	int tries, i;

	for (tries = 0; tries < 20; tries++) {
		i = fuzz_pick(f, f->nr_paths);
		if (f->is_dir[i])
			return f->paths[i];
	}
	return RC_ROOT;
}

/* Up to 300 bytes of any kind. */
static const char *random_name(struct fuzz *f)
{
	static char name[304];
	size_t len = fuzz_one_in(f, 4) ? 250 + fuzz_pick(f, 10) :
					 1 + fuzz_pick(f, 12),
	       i;

	for (i = 0; i < len; i++) {
		name[i] = fuzz_random(f) >> 40;
		if (!name[i] || name[i] == '/')
			name[i] = 'n';
	}
	name[len] = 0;
	return name;
}

const char *fuzz_path(struct fuzz *f)
{
	static char path[4][FUZZ_PATH];
	static unsigned int next;
	char *to = path[next++ % ARRAY_SIZE(path)];
	const char *name = names[fuzz_pick(f, ARRAY_SIZE(names))];

	if (fuzz_one_in(f, 3))
		return fuzz_entry(f);
	if (fuzz_one_in(f, 6))
		name = random_name(f);
	snprintf(to, FUZZ_PATH, "%s/%s", fuzz_dir(f), name);
	if (fuzz_one_in(f, 40))
		strncat(to, fuzz_one_in(f, 2) ? "/" : "/.",
			FUZZ_PATH - strlen(to) - 1);
	return to;
}

/* Changes some bytes: one is another, some go, some are there twice. */
static size_t mutate(struct fuzz *f, size_t len)
{
	unsigned int changes = fuzz_pick(f, 4);

	for (; changes && len && len < FUZZ_TEXT / 2; changes--) {
		size_t at = fuzz_pick(f, len),
		       some = 1 + fuzz_pick(f, len - at);

		switch (fuzz_pick(f, 4)) {
		case 0:
			f->buf[at] = fuzz_random(f) >> 40;
			break;
		case 1:
			f->buf[at] = '0' + fuzz_pick(f, 10);
			break;
		case 2:
			memmove(f->buf + at, f->buf + at + some,
				len - at - some);
			len -= some;
			break;
		case 3:
			memmove(f->buf + at + some, f->buf + at, len - at);
			len += some;
			break;
		}
	}
	return len;
}

static size_t words_text(struct fuzz *f)
{
	size_t len = 0;
	int i;

	for (i = fuzz_pick(f, 4); i >= 0; i--)
		len += sprintf(f->buf + len, "%s%s",
			       words[fuzz_pick(f, ARRAY_SIZE(words))],
			       i ? (fuzz_one_in(f, 2) ? " " : ",") : "");
	return len;
}

static size_t noise(struct fuzz *f)
{
	size_t len = fuzz_one_in(f, 20) ? FUZZ_TEXT : fuzz_pick(f, 64), i;

	for (i = 0; i < len; i++)
		f->buf[i] = fuzz_random(f) >> 40;
	return len;
}

/* Those of the workers: what else runs here is nobody's to move. */
static size_t ids_text(struct fuzz *f)
{
	pid_t id = f->workers[fuzz_pick(f, ARRAY_SIZE(f->workers))];

	return sprintf(f->buf, fuzz_one_in(f, 2) ? "%d\n" : "%d", id);
}

static bool holds_ids(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && (!strcmp(name, "/tasks") || !strcmp(name, "/procs") ||
			!strcmp(name, "/cgroup.procs"));
}

size_t fuzz_text(struct fuzz *f, const char *path)
{
	ssize_t len = -1;
	int fd;

	if (holds_ids(path))
		return fuzz_one_in(f, 4) ? words_text(f) : ids_text(f);
	switch (fuzz_pick(f, 5)) {
	case 0:
		return words_text(f);
	case 1:
		return noise(f);
	case 2:
		return sprintf(f->buf, "%s\n", words[fuzz_pick(f, 8)]);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0) {
		len = read(fd, f->buf, FUZZ_TEXT / 4);
		close(fd);
	}
	return len < 0 ? words_text(f) : mutate(f, len);
}

int fuzz_fd(struct fuzz *f)
{
	return f->fd[fuzz_pick(f, FUZZ_FDS)];
}

long fuzz_keep(struct fuzz *f, int fd)
{
	int i = fuzz_pick(f, FUZZ_FDS);

	if (fd < 0)
		return fd;
	if (f->fd[i] >= 0)
		close(f->fd[i]);
	f->fd[i] = fd;
	return fd;
}
