// SPDX-License-Identifier: GPL-2.0
/* What the rc selftests read and write in /proc; see rc_util.h. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "rc_util.h"

#define POOL 64

double rc_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

void rc_nap(void)
{
	const struct timespec ts = { .tv_nsec = 5000000 };

	nanosleep(&ts, NULL);
}

bool rc_debug_kernel(void)
{
	return !access("/sys/kernel/debug/kmemleak", F_OK) ||
	       !access("/proc/self/fail-nth", F_OK);
}

bool rc_preemptible_kernel(void)
{
	struct utsname uts;

	return !uname(&uts) && (strstr(uts.version, " PREEMPT ") ||
				strstr(uts.version, " PREEMPT_RT "));
}

bool rc_booted_with(const char *parameter)
{
	char *text = rc_text("/proc/cmdline"), *word, *save;
	bool found = false;

	for (word = strtok_r(text, "\n ", &save); word && !found;
	     word = strtok_r(NULL, "\n ", &save))
		found = !strcmp(word, parameter);
	free(text);
	return found;
}

const char *rc_fmt(const char *fmt, ...)
{
	static __thread char pool[POOL][PATH_MAX];
	static __thread unsigned int next;
	char *buf = pool[next++ % POOL];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, PATH_MAX, fmt, ap);
	va_end(ap);
	return buf;
}

int rc_drop_caches(void)
{
	int i, err = 0;

	/* What was used since the last time is passed over once. */
	for (i = 0; i < 3 && !err; i++)
		err = rc_write("/proc/sys/vm/drop_caches", "3");
	return err;
}

int rc_mkdir(const char *path)
{
	return mkdir(path, 0755) ? -errno : 0;
}

int rc_rmdir(const char *path)
{
	return rmdir(path) ? -errno : 0;
}

int rc_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int rc_mode(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? -errno : (int)st.st_mode;
}

bool rc_shows(const char *path)
{
	const char *slash = strrchr(path, '/');
	DIR *dir = opendir(rc_fmt("%.*s", (int)(slash - path), path));
	struct dirent *entry;
	int seen = 0;

	while (dir && (entry = readdir(dir)))
		seen += !strcmp(entry->d_name, slash + 1);
	if (dir)
		closedir(dir);
	return seen == 1;
}

int rc_write_fd(int fd, const void *buf, size_t len)
{
	ssize_t ret = write(fd, buf, len);

	if (ret < 0)
		return -errno;
	return (size_t)ret == len ? 0 : -EIO;
}

int rc_write(const char *path, const char *text)
{
	int fd = rc_open(path, O_WRONLY), ret;

	if (fd < 0)
		return fd;
	ret = rc_write_fd(fd, text, strlen(text));
	close(fd);
	return ret;
}

int rc_read_fd(int fd, char *buf, size_t size, size_t piece)
{
	size_t len = 0;

	while (len < size - 1) {
		size_t want = size - 1 - len;
		ssize_t ret = read(fd, buf + len, want < piece ? want : piece);

		if (ret < 0)
			return -errno;
		if (!ret)
			break;
		len += ret;
	}
	buf[len] = '\0';
	return len;
}

int rc_read(const char *path, char *buf, size_t size)
{
	int fd = rc_open(path, O_RDONLY), ret;

	if (fd < 0)
		return fd;
	ret = rc_read_fd(fd, buf, size, size);
	close(fd);
	return ret;
}

char *rc_text(const char *path)
{
	size_t size = 1 << 16;
	char *buf = malloc(size);
	int len;

	/* A buffer that is filled to the brim may have been too small. */
	while ((len = rc_read(path, buf, size)) == (int)size - 1) {
		size *= 2;
		buf = realloc(buf, size);
	}
	if (len >= 0)
		return buf;
	free(buf);
	errno = -len;
	return NULL;
}

int rc_parse_list(const char *text, pid_t **ids)
{
	size_t room = strlen(text) / 2 + 1;
	pid_t last = 0;
	int nr = 0;

	*ids = malloc(room * sizeof(**ids));
	while (*text) {
		char *end;
		long id = strtol(text, &end, 10);

		if (end == text || *end != '\n' || id <= last) {
			free(*ids);
			*ids = NULL;
			return -EBADMSG;
		}
		last = id;
		(*ids)[nr++] = id;
		text = end + 1;
	}
	return nr;
}

int rc_list(const char *path, pid_t **ids)
{
	char *text = rc_text(path);
	int nr;

	*ids = NULL;
	if (!text)
		return -errno;
	nr = rc_parse_list(text, ids);
	free(text);
	return nr;
}

int rc_count(const char *path)
{
	pid_t *ids;
	int nr = rc_list(path, &ids);

	free(ids);
	return nr;
}

bool rc_listed(const char *path, pid_t id)
{
	pid_t *ids;
	int nr = rc_list(path, &ids), i;
	bool found = false;

	for (i = 0; i < nr; i++)
		found |= ids[i] == id;
	free(ids);
	return found;
}

unsigned long long rc_number(const char *path)
{
	char buf[64], *end;
	unsigned long long number;

	if (rc_read(path, buf, sizeof(buf)) <= 0)
		return ~0ULL;
	number = strtoull(buf, &end, 10);
	return end == buf || strcmp(end, "\n") ? ~0ULL : number;
}

unsigned long long rc_field(const char *path, const char *name)
{
	char *text = rc_text(path), *line, *save;
	unsigned long long number = ~0ULL;
	size_t len = strlen(name);

	if (!text)
		return ~0ULL;
	for (line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, name, len) && isblank(line[len]))
			number = strtoull(line + len + 1, NULL, 10);
	}
	free(text);
	return number;
}

int rc_attach(const char *group, pid_t tid)
{
	return rc_write(rc_fmt("%s/tasks", group), rc_fmt("%d\n", tid));
}

const char *rc_where_file(const char *file, const char *hier)
{
	const char *name = strrchr(hier, '/') + 1;
	size_t len = strlen(name);
	char buf[1 << 14], *line, *save;

	if (rc_read(file, buf, sizeof(buf)) < 0)
		return "";
	for (line = strtok_r(buf, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *path;

		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		path = strchr(line + len + 1, ':');
		return path ? rc_fmt("%s", path + 1) : "";
	}
	return "";
}

const char *rc_where(pid_t tid, const char *hier)
{
	return rc_where_file(rc_fmt("/proc/%d/rc", tid), hier);
}

static void snapshot_text(FILE *out, const char *path)
{
	char *text = rc_text(path);

	fprintf(out, "%s: %s", path, text ?: "-\n");
	free(text);
}

/* The root of a hierarchy has members that are nobody's business. */
static bool is_group(const char *dir)
{
	const char *hier = dir + strlen(RC_ROOT "/");

	return strlen(dir) > strlen(RC_ROOT "/") && strchr(hier, '/');
}

static void snapshot_dir(FILE *out, const char *dir)
{
	struct dirent **list;
	int nr = scandir(dir, &list, NULL, alphasort), i;

	for (i = 0; i < nr; i++) {
		char *path = NULL;
		struct stat st;

		if (asprintf(&path, "%s/%s", dir, list[i]->d_name) < 0 ||
		    !strcmp(list[i]->d_name, ".") ||
		    !strcmp(list[i]->d_name, "..") || lstat(path, &st))
			goto next;
		fprintf(out, "%s %o %d:%d %d\n", path, st.st_mode, st.st_uid,
			st.st_gid, (int)st.st_nlink);
		if (!strcmp(list[i]->d_name, "tasks") && is_group(dir))
			snapshot_text(out, path);
		if (S_ISDIR(st.st_mode))
			snapshot_dir(out, path);
next:
		free(path);
		free(list[i]);
	}
	if (nr >= 0)
		free(list);
}

char *rc_snapshot(const char *dir)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);
	const pid_t *children;
	int nr = rc_children(&children), i;

	snapshot_dir(out, dir);
	snapshot_text(out, RC_ROOT "/subsystems");
	snapshot_text(out, "/proc/thread-self/rc");
	fprintf(out, "%s", rc_ns_links(getpid()));
	for (i = 0; i < nr; i++)
		snapshot_text(out, rc_fmt("/proc/%d/rc", children[i]));
	fclose(out);
	return text;
}

const char *rc_ns_links(pid_t pid)
{
	static const char * const names[] = {
		"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children",
		"time", "time_for_children", "user", "uts",
	};
	char text[1024] = "";
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char link[64];
		ssize_t len = readlink(rc_fmt("/proc/%d/ns/%s", pid, names[i]),
				       link, sizeof(link) - 1);

		link[len < 0 ? 0 : len] = '\0';
		strcat(strcat(text, link), "\n");
	}
	return rc_fmt("%s", text);
}
