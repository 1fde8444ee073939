// SPDX-License-Identifier: GPL-2.0
/*
 * Locks that an operation takes, of which caches and contention depend; on kernels
 * that count them, see Documentation/locking/lockstat.rst.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

#define REPEAT		2000
#define MAX_CLASSES	4096

/**
 * struct class - locks that have the same name
 * @name: the name
 * @nr: how often one of them was taken
 */
struct class {
	char name[64];
	unsigned long nr;
};

static struct class classes[MAX_CLASSES];
static size_t nr_classes;

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die("%s", path);
	close(fd);
}

/* What lockdep follows as if it were a lock. */
static bool is_no_lock(const char *name)
{
	static const char * const names[] = {
		"rcu_read_lock", "rcu_callback", "fs_reclaim",
		"wait-type-override",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strstr(name, names[i]))
			return true;
	return false;
}

/* "  NAME:  ...", whose eighth number is wanted. Readers and writers have a line each. */
static void read_class(char *line)
{
	char *colon = strrchr(line, ':'), *name = line + strspn(line, " ");
	struct class *class = &classes[nr_classes];
	unsigned long nr;

	if (!colon || sscanf(colon + 1, "%*s %*s %*s %*s %*s %*s %*s %lu", &nr) != 1 || !nr)
		return;
	*colon = '\0';
	if (is_no_lock(name))
		return;
	if (nr_classes == MAX_CLASSES)
		die("more classes of locks than there is room for");
	snprintf(class->name, sizeof(class->name), "%s", name);
	class->nr = nr;
	nr_classes++;
}

static void read_classes(void)
{
	FILE *f = fopen("/proc/lock_stat", "r");
	char line[512];

	if (!f)
		die("/proc/lock_stat");
	nr_classes = 0;
	while (fgets(line, sizeof(line), f)) {
		if (strstr(line, "lock debugging disabled"))
			die("the kernel has stopped to count locks");
		read_class(line);
	}
	fclose(f);
	if (!nr_classes)
		die("no locks in /proc/lock_stat");
}

/* A row for all locks together, and one for each class that each run takes. */
static void measure(const struct op_row *row, void (*op)(void *arg), void *arg)
{
	unsigned long sum = 0;
	char name[256];

	for (int i = 0; i < 20; i++)
		op(arg);
	rest(2000);
	put("/proc/lock_stat", "0");
	put("/proc/sys/kernel/lock_stat", "1");
	for (int i = 0; i < REPEAT; i++)
		op(arg);
	put("/proc/sys/kernel/lock_stat", "0");
	read_classes();

	for (size_t i = 0; i < nr_classes; i++) {
		const struct class *class = &classes[i];

		sum += class->nr;
		if (class->nr < REPEAT / 2)
			continue;
		snprintf(name, sizeof(name), "lock %.63s in %.60s", class->name,
			 strchr(row->name, ' ') + 1);
		report_value(name, row->x, (double)class->nr / REPEAT);
	}
	report_value(row->name, row->x, (double)sum / REPEAT);
}

void locks_run(void)
{
	put("/proc/sys/kernel/lock_stat", "0");
	op_in_groups((struct op_row){ "locks vfork+exit", 0, measure }, op_vfork);
	op_in_groups((struct op_row){ "locks vfork+exit", 1, measure }, op_vfork);
	op_in_groups((struct op_row){ "locks vfork+exit", 4, measure }, op_vfork);
	op_in_groups((struct op_row){ "locks thread", 1, measure }, op_thread);
	op_in_groups((struct op_row){ "locks switch", 1, measure }, op_switch);
	op_in_groups((struct op_row){ "locks unshare", 0, measure }, op_unshare);
	op_in_groups((struct op_row){ "locks unshare", 4, measure }, op_unshare);
	op_about_groups((struct op_row){ "locks attach", 1, measure }, op_attach);
	op_about_groups((struct op_row){ "locks mkdir+rmdir", 1, measure }, op_group);
}
