// SPDX-License-Identifier: GPL-2.0
/*
 * Everything that can be seen of groups and of our tasks, as keys and values:
 *
 *   d PATH	mode, uid, gid, links of a directory
 *   f PATH	mode, uid, gid, and what the file holds
 *   t NUMBER	a task: its CPUs by status and by sched_getaffinity(2), its nodes,
 *		/proc/PID/cpuset, /proc/PID/rc; of a zombie only the last
 *
 * Only what has changed is sent.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"

#define BUCKETS	4096
#define KINDS	64
/* In one directory. */
#define MAX_FILES 64

enum kind { TEXT, IDS, NUMBER, TABLE, HIDDEN };

static const char * const kind_names[] = { "text", "ids", "number", "table", "hidden" };

static struct {
	char file[64];
	enum kind kind;
} kinds[KINDS];
static int nr_kinds;

/**
 * struct entry - what was seen under a key
 * @next: of the same bucket
 * @seen: in which look
 * @value: what was seen
 * @key: its key
 */
struct entry {
	struct entry *next;
	unsigned int seen;
	char *value;
	char key[];
};

static struct entry *buckets[BUCKETS];
static unsigned int look;

/**
 * struct level - sums of what is below a directory, for files that count
 * @file: which
 * @sum: of all directories in this one
 */
struct level {
	const char *file[4];
	long long sum[4];
};

void dump_kind(const char *file, const char *kind)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kind_names); i++) {
		if (strcmp(kind, kind_names[i]) || nr_kinds == KINDS)
			continue;
		snprintf(kinds[nr_kinds].file, sizeof(kinds->file), "%s", file);
		kinds[nr_kinds++].kind = i;
	}
}

/* @file becomes a name that stays. */
static enum kind kind_of(const char **file)
{
	int i;

	for (i = 0; i < nr_kinds; i++) {
		if (strcmp(kinds[i].file, *file))
			continue;
		*file = kinds[i].file;
		return kinds[i].kind;
	}
	return TEXT;
}

static void send_change(char sign, const char *key, const char *value)
{
	reply_add(&sign, 1);
	reply_escaped(key, strlen(key));
	if (value) {
		reply_add("\t", 1);
		reply_escaped(value, strlen(value));
	}
	reply_add("\n", 1);
}

static struct entry **bucket_of(const char *key)
{
	unsigned int hash = 5381;

	while (*key)
		hash = hash * 33 + (unsigned char)*key++;
	return &buckets[hash % BUCKETS];
}

static void see(const char *key, const char *value)
{
	struct entry **at = bucket_of(key), *entry;

	for (entry = *at; entry; entry = entry->next) {
		if (!strcmp(entry->key, key))
			break;
	}
	if (!entry) {
		entry = calloc(1, sizeof(*entry) + strlen(key) + 1);
		if (!entry)
			die("out of memory");
		strcpy(entry->key, key);
		entry->next = *at;
		*at = entry;
	}
	entry->seen = look;
	if (entry->value && !strcmp(entry->value, value))
		return;
	free(entry->value);
	entry->value = strdup(value);
	send_change('+', key, value);
}

/* What was there at the look before and is not any more. */
static void forget_unseen(bool tell)
{
	int i;

	for (i = 0; i < BUCKETS; i++) {
		struct entry **at = &buckets[i];

		while (*at) {
			struct entry *entry = *at;

			if (entry->seen == look) {
				at = &entry->next;
				continue;
			}
			if (tell)
				send_change('-', entry->key, NULL);
			*at = entry->next;
			free(entry->value);
			free(entry);
		}
	}
}

static int task_of(pid_t tid)
{
	int i;

	for (i = 0; i < MAX_TASKS; i++) {
		if (shared->tasks[i].tid == tid)
			return i;
	}
	return tid == shared->kthread ? MAX_TASKS : -1;
}

/*
 * Ids become the numbers of tasks. In a root there are others, the agent among them,
 * which has to be; elsewhere there are none.
 */
static const char *ids_to_tasks(const char *ids, bool root)
{
	bool has[MAX_TASKS + 1] = {}, agent = false;
	static char out[MAX_LINE];
	int used = 0, i;
	long last = 0;
	char *end;

	for (*out = 0; *ids; ids = end + 1) {
		long id = strtol(ids, &end, 10);

		if (end == ids || *end != '\n' || id <= last)
			return fmt("not ascending at %s", ids);
		last = id;
		agent |= id == shared->agent;
		i = task_of(id);
		if (i >= 0)
			has[i] = true;
		else if (!root)
			used += sprintf(out + used, "?%ld ", id);
	}
	for (i = 0; i < MAX_TASKS; i++)
		used += has[i] ? sprintf(out + used, "t%d ", i) : 0;
	used += has[i] ? sprintf(out + used, "kthread ") : 0;
	if (root && !agent)
		sprintf(out + used, "without the agent");
	return out;
}

/* Never less than all below it together. */
static const char *number(struct level *above, const struct level *below,
			  const char *file, const char *text)
{
	long long val = atoll(text);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(below->sum) && below->file[i]; i++) {
		if (!strcmp(below->file[i], file) && val < below->sum[i])
			return fmt("%lld is less than %lld", val, below->sum[i]);
	}
	for (i = 0; above && i < ARRAY_SIZE(above->sum); i++) {
		if (above->file[i] && strcmp(above->file[i], file))
			continue;
		above->file[i] = file;
		above->sum[i] += val;
		break;
	}
	return "number";
}

/* Of each line the end of the path and two more columns: the others are controllers'. */
static const char *table(char *text)
{
	static char out[64 << 10];
	char *line, *save;
	size_t used = 0;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t path = strcspn(line, "\t"), len = path, i;

		for (i = 0; i < 2 && line[len]; i++)
			len += 1 + strcspn(line + len + 1, "\t");
		while (path && line[path] != '/')
			path--;
		used += snprintf(out + used, sizeof(out) - used, "%.*s\n", (int)(len - path),
				 line + path);
		if (used >= sizeof(out))
			return "too long";
	}
	return out;
}

/* What the file at descriptor @fd holds; "" and its kind if that is not shown. */
static const char *contents(int fd, const char *file, int depth, struct level *above,
			    struct level *below)
{
	static char text[1 << 20];
	enum kind kind = kind_of(&file);
	size_t used = 0;
	ssize_t len;

	if (kind == HIDDEN)
		return "hidden";
	while ((len = read(fd, text + used, sizeof(text) - 1 - used)) > 0)
		used += len;
	if (len < 0)
		return fmt("errno %d", errno);
	text[used] = 0;
	if (strlen(text) != used)
		return "a NUL";
	if (kind == IDS)
		return ids_to_tasks(text, depth == 1);
	if (kind == TABLE)
		return table(text);
	return kind == NUMBER ? number(above, below, file, text) : text;
}

/* @path is where the file is, below /proc/rc; @depth 0 is that itself. */
static void look_at_file(int dirfd, const char *path, const char *file, int depth,
			 struct level *above, struct level *below)
{
	int fd = openat(dirfd, file, O_RDONLY | O_CLOEXEC);
	static char value[65 << 10];
	const char *key = fmt("f %s/%s", path, file);
	struct stat st;

	if (fd < 0 || fstat(fd, &st)) {
		see(key, fmt("errno %d", errno));
	} else {
		snprintf(value, sizeof(value), "%o %u %u %s", st.st_mode & 07777, st.st_uid,
			 st.st_gid, contents(fd, file, depth, above, below));
		see(key, value);
	}
	if (fd >= 0)
		close(fd);
}

/* What is below comes first, as what counts can only grow until the file here is read. */
static void look_at_dir(const char *full, const char *path, int depth, struct level *above)
{
	char files[MAX_FILES][256], **dirs = NULL;
	struct level below = {};
	int nr_files = 0, nr_dirs = 0, i;
	struct dirent *entry;
	struct stat st;
	DIR *dir = opendir(full);

	if (!dir || fstat(dirfd(dir), &st)) {
		see(fmt("d %s", path), fmt("errno %d", errno));
		return;
	}
	see(fmt("d %s", path), fmt("%o %u %u %lu", st.st_mode & 07777, st.st_uid, st.st_gid,
				   (unsigned long)st.st_nlink));
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.' && (!entry->d_name[1] || !strcmp(entry->d_name, "..")))
			continue;
		if (entry->d_type == DT_DIR) {
			dirs = realloc(dirs, (nr_dirs + 1) * sizeof(*dirs));
			dirs[nr_dirs++] = strdup(entry->d_name);
		} else if (nr_files < MAX_FILES) {
			snprintf(files[nr_files++], sizeof(*files), "%s", entry->d_name);
		}
	}
	for (i = 0; i < nr_dirs; i++) {
		char *name = dirs[i], *sub_full, *sub_path;

		if (asprintf(&sub_full, "%s/%s", full, name) < 0 ||
		    asprintf(&sub_path, "%s/%s", path, name) < 0)
			die("out of memory");
		look_at_dir(sub_full, sub_path, depth + 1, &below);
		free(sub_full);
		free(sub_path);
		free(name);
	}
	free(dirs);
	for (i = 0; i < nr_files; i++)
		look_at_file(dirfd(dir), path, files[i], depth, above, &below);
	closedir(dir);
}

static const char *field(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	if (!at)
		return "none";
	at += strlen(name);
	at += strspn(at, " \t");
	return fmt("%.*s", (int)strcspn(at, "\n"), at);
}

static const char *affinity(pid_t tid)
{
	unsigned long mask = 0;
	cpu_set_t set;
	int cpu;

	if (sched_getaffinity(tid, sizeof(set), &set))
		return fmt("errno %d", errno);
	for (cpu = 0; cpu < 64; cpu++)
		mask |= CPU_ISSET(cpu, &set) ? 1UL << cpu : 0;
	return fmt("%lx", mask);
}

static const char *small_file(pid_t pid, pid_t tid, const char *file)
{
	static char text[4][MAX_LINE];
	static unsigned int next;
	char *to = text[next++ % ARRAY_SIZE(text)];
	int len = read_file(fmt("/proc/%d/task/%d/%s", pid, tid, file), to, sizeof(*text));

	return len < 0 ? fmt("errno %d", -len) : to;
}

static void look_at_task(const char *name, pid_t pid, pid_t tid)
{
	const char *status = small_file(pid, tid, "status");
	const char *state = field(status, "\nState:");
	static char value[3 * MAX_LINE];

	if (*state == 'Z')
		snprintf(value, sizeof(value), "zombie %s", small_file(pid, tid, "rc"));
	else
		snprintf(value, sizeof(value), "%s %s %s %s%s",
			 field(status, "\nCpus_allowed_list:"), affinity(tid),
			 field(status, "\nMems_allowed_list:"), small_file(pid, tid, "cpuset"),
			 small_file(pid, tid, "rc"));
	see(fmt("t %s", name), value);
}

void dump_changes(void)
{
	int i;

	look++;
	look_at_dir(RC_ROOT, "", 0, NULL);
	for (i = 0; i < MAX_TASKS; i++) {
		const struct task *task = &shared->tasks[i];

		char name[16];

		snprintf(name, sizeof(name), "%d", i);
		if (task->tid)
			look_at_task(name, task->pid, task->tid);
	}
	look_at_task("kthread", shared->kthread, shared->kthread);
	forget_unseen(true);
}

void dump_forget(void)
{
	look++;
	forget_unseen(false);
	nr_kinds = 0;
}
