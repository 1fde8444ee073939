// SPDX-License-Identifier: GPL-2.0
/* Helpers of the tests of cpuset; see cpuset_util.h. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cpuset_util.h"

#define CPU_DIR "/sys/devices/system/cpu"
#define NODE_DIR "/sys/devices/system/node"

/* What is not as it was found, by us or a child. */
static struct changed {
	cpu_set_t cpus_off;
	/* 0 is a node that never goes. */
	int node_on;
} *changed;

int cs_setup_unbound(void)
{
	changed = rc_shared(sizeof(*changed));
	return changed ? rc_setup() : -ENOMEM;
}

const char *cs_setup(void)
{
	return cs_setup_unbound() ? NULL : rc_bound_new("cpuset");
}

int cs_teardown(void)
{
	int ret = 0, cpu;

	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (changed && CPU_ISSET(cpu, &changed->cpus_off))
			ret = ret ?: cs_online_cpu(cpu, true);
	}
	/* Memory can be put off line when no process of ours has any of it. */
	ret = ret ?: rc_teardown();
	if (changed && changed->node_on)
		ret = ret ?: cs_online_node(changed->node_on, false);
	return ret;
}

const char *cs_lacks(void)
{
	if (!rc_has_subsys("cpuset"))
		return "kernel without CONFIG_RC_CPUSET";
	if (cs_nr_cpus() < 4)
		return "it takes four CPUs";
	return NULL;
}

const char *cs_new(const char *parent, const char *cpus, const char *mems)
{
	const char *grp = rc_group_new(parent);
	int ret;

	if (!grp)
		return NULL;
	ret = cpus ? cs_write(grp, "cpus", cpus) : 0;
	if (!ret && mems)
		ret = cs_write(grp, "mems", mems);
	if (!ret)
		return grp;
	rc_rmdir(grp);
	errno = -ret;
	return NULL;
}

int cs_write(const char *grp, const char *file, const char *text)
{
	return rc_write(rc_fmt("%s/%s", grp, file), text);
}

static void snapshot_dir(FILE *out, const char *dir)
{
	/* Others change by themselves. */
	static const char * const files[] = {
		"cpus", "mems", "effective_cpus", "effective_mems",
		"cpu_exclusive", "mem_exclusive", "mem_hardwall",
		"sched_load_balance", "sched_relax_domain_level",
		"memory_migrate", "memory_spread_page", "memory_spread_slab",
		"memory_pressure_enabled", "notify_on_release",
	};
	DIR *stream = opendir(dir);
	struct dirent *entry;
	unsigned int i;

	fprintf(out, "%s:", dir);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		fprintf(out, " %s %s", files[i], cs_read(dir, files[i]));
	fprintf(out, "\n");
	while (stream && (entry = readdir(stream))) {
		char *path;

		if (entry->d_type != DT_DIR || *entry->d_name == '.' ||
		    asprintf(&path, "%s/%s", dir, entry->d_name) < 0)
			continue;
		snapshot_dir(out, path);
		free(path);
	}
	if (stream)
		closedir(stream);
}

static void snapshot_task(FILE *out, pid_t pid)
{
	fprintf(out, "%d: %s cpus %s mems %s\n", pid, cs_path(pid),
		cs_cpus_allowed(pid), cs_mems_allowed(pid));
}

char *cs_snapshot(const char *dir)
{
	char *tree = rc_snapshot(dir), *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	const pid_t *children;
	int nr = rc_children(&children), i;

	fprintf(out, "%s", tree);
	free(tree);
	snapshot_dir(out, dir);
	snapshot_task(out, getpid());
	for (i = 0; i < nr; i++)
		snapshot_task(out, children[i]);
	fclose(out);
	return text;
}

int cs_try(const char *hier, const char *grp, const char *file,
	   const char *text)
{
	/* Formatted text does not live through a snapshot. */
	char *path = strdup(rc_fmt("%s/%s", grp, file)), *copy = strdup(text);
	char *root = strdup(hier);
	char *before = cs_snapshot(root), *after;
	int ret = rc_write(path, copy);

	after = cs_snapshot(root);
	if (ret && strcmp(before, after)) {
		ksft_print_msg("%s has changed:\n%s", strerror(-ret), after);
		ret = -EUCLEAN;
	}
	free(path);
	free(copy);
	free(root);
	free(before);
	free(after);
	return ret;
}

int cs_refuses(const char *hier, const char *grp, const char *file,
	       const char * const *texts, int nr)
{
	char *before = cs_snapshot(hier), *after;
	int ret = 0, i;

	for (i = 0; i < nr; i++) {
		if (cs_write(grp, file, texts[i]) != -EINVAL) {
			ksft_print_msg("%s: '%s'\n", file, texts[i]);
			ret = -EBADMSG;
		}
	}
	after = cs_snapshot(hier);
	if (strcmp(before, after)) {
		ksft_print_msg("has changed:\n%s", after);
		ret = ret ?: -EUCLEAN;
	}
	free(before);
	free(after);
	return ret;
}

const char *cs_list_of(const char *path)
{
	char buf[4096];
	int len = rc_read(path, buf, sizeof(buf));

	if (len < 0)
		return rc_fmt("error %d", -len);
	buf[strcspn(buf, "\n")] = '\0';
	return rc_fmt("%s", buf);
}

const char *cs_read(const char *grp, const char *file)
{
	return cs_list_of(rc_fmt("%s/%s", grp, file));
}

int cs_attach(const char *grp, pid_t tid)
{
	return rc_attach(grp, tid);
}

int cs_evacuate(const char *grp, const char *to)
{
	pid_t *ids;
	int nr = rc_list(rc_fmt("%s/tasks", grp), &ids), i;

	for (i = 0; i < nr; i++)
		cs_attach(to, ids[i]);
	free(ids);
	return rc_count(rc_fmt("%s/tasks", grp));
}

const char *cs_path(pid_t pid)
{
	return cs_list_of(rc_fmt("/proc/%d/cpuset", pid));
}

int cs_parse(const char *list, cpu_set_t *set)
{
	CPU_ZERO(set);
	while (*list) {
		char *end;
		long first, last;

		first = strtol(list, &end, 10);
		if (end == list)
			return -EINVAL;
		last = first;
		if (*end == '-') {
			list = end + 1;
			last = strtol(list, &end, 10);
			if (end == list)
				return -EINVAL;
		}
		if (first < 0 || last < first || last >= CPU_SETSIZE ||
		    (*end && *end != ','))
			return -EINVAL;
		for (; first <= last; first++)
			CPU_SET(first, set);
		list = *end ? end + 1 : end;
	}
	return 0;
}

const char *cs_list(const cpu_set_t *set)
{
	char buf[4096] = "";
	int first, last;

	for (first = 0; first < CPU_SETSIZE; first = last + 1) {
		last = first;
		if (!CPU_ISSET(first, set))
			continue;
		while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, set))
			last++;
		snprintf(buf + strlen(buf), sizeof(buf) - strlen(buf),
			 first == last ? "%s%d" : "%s%d-%d", *buf ? "," : "",
			 first, last);
	}
	return rc_fmt("%s", buf);
}

bool cs_has(const char *list, int nr)
{
	cpu_set_t set;

	return !cs_parse(list, &set) && nr >= 0 && CPU_ISSET(nr, &set);
}

const char *cs_online_cpus(void)
{
	return cs_list_of(CPU_DIR "/online");
}

const char *cs_online_mems(void)
{
	return cs_list_of(NODE_DIR "/has_memory");
}

static int weight(const char *list)
{
	cpu_set_t set;

	return cs_parse(list, &set) ? -EINVAL : CPU_COUNT(&set);
}

int cs_nr_cpus(void)
{
	return weight(cs_online_cpus());
}

int cs_nr_mems(void)
{
	return weight(cs_online_mems());
}

/* The word behind "@name:" in the status of a task. */
static const char *status_field(pid_t tid, const char *name)
{
	char *text = rc_text(rc_fmt("/proc/%d/status", tid)), *line, *save;
	const char *found = "";
	size_t len = strlen(name);

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		line += len + 1;
		found = rc_fmt("%s", line + strspn(line, " \t"));
		break;
	}
	free(text);
	return found;
}

const char *cs_cpus_allowed(pid_t tid)
{
	return status_field(tid, "Cpus_allowed_list");
}

const char *cs_mems_allowed(pid_t tid)
{
	return status_field(tid, "Mems_allowed_list");
}

int cs_set_affinity(pid_t tid, const char *list)
{
	cpu_set_t set;

	if (cs_parse(list, &set))
		return -EILSEQ;
	return sched_setaffinity(tid, sizeof(set), &set) ? -errno : 0;
}

const char *cs_affinity(pid_t tid)
{
	cpu_set_t set;

	if (sched_getaffinity(tid, sizeof(set), &set))
		return rc_fmt("error %d", errno);
	return cs_list(&set);
}

int cs_cpu_of(pid_t tid)
{
	char buf[1024], *field;
	int ret = rc_read(rc_fmt("/proc/%d/stat", tid), buf, sizeof(buf)), i;

	if (ret < 0)
		return ret;
	/* The name, the second field, may hold anything; processor is the 39th. */
	field = strrchr(buf, ')');
	for (i = 2; field && i < 39; i++)
		field = strchr(field + 1, ' ');
	return field ? atoi(field) : -EBADMSG;
}

bool cs_stays_on(pid_t tid, const char *list, int samples)
{
	cpu_set_t set;
	int i;

	if (cs_parse(list, &set))
		return false;
	for (i = 0; i < samples; i++) {
		int cpu = cs_cpu_of(tid);

		if (cpu < 0 || !CPU_ISSET(cpu, &set))
			return false;
		rc_nap();
	}
	return true;
}

int cs_online_cpu(int cpu, bool online)
{
	const char *file = rc_fmt(CPU_DIR "/cpu%d/online", cpu);
	int ret;

	CPU_SET(cpu, &changed->cpus_off);
	ret = rc_write(file, online ? "1" : "0");
	if (!ret && online)
		CPU_CLR(cpu, &changed->cpus_off);
	return ret;
}

/* Calls @fn with each block of memory of a node until it fails. */
static int visit_blocks(int node, int (*fn)(const char *block))
{
	DIR *dir = opendir(rc_fmt(NODE_DIR "/node%d", node));
	struct dirent *entry;
	int ret = 0, nr = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir)) && !ret) {
		const char *name = entry->d_name;

		if (strncmp(name, "memory", 6) || !isdigit(name[6]))
			continue;
		ret = fn(rc_fmt(NODE_DIR "/node%d/%s", node, name));
		nr++;
	}
	closedir(dir);
	return ret || nr ? ret : -ENOENT;
}

static bool block_is(const char *block, const char *state)
{
	return !strcmp(cs_read(block, "state"), state);
}

static int block_online(const char *block)
{
	if (block_is(block, "online"))
		return 0;
	return rc_write(rc_fmt("%s/state", block), "online_movable");
}

static int block_offline(const char *block)
{
	const char *state = rc_fmt("%s/state", block);
	double until = rc_now() + RC_PATIENCE;
	int ret;

	if (block_is(block, "offline"))
		return 0;
	/* A page that is just being used cannot be moved away. */
	do {
		ret = rc_write(state, "offline");
	} while (ret == -EBUSY && rc_now() < until);
	return ret;
}

int cs_online_node(int node, bool online)
{
	int ret;

	changed->node_on = node;
	ret = visit_blocks(node, online ? block_online : block_offline);
	if (!ret && !online)
		changed->node_on = 0;
	return ret;
}

static int block_removable(const char *block)
{
	return block_is(block, "offline") ? 0 : -EBUSY;
}

int cs_removable_node(void)
{
	cpu_set_t nodes;
	int node;

	if (cs_parse(cs_list_of(NODE_DIR "/possible"), &nodes))
		return -1;
	for (node = 0; node < CPU_SETSIZE; node++) {
		if (CPU_ISSET(node, &nodes) &&
		    !visit_blocks(node, block_removable))
			return node;
	}
	return -1;
}

int cs_show_domains(bool on)
{
	return rc_write("/sys/kernel/debug/sched/verbose", on ? "Y" : "N");
}

/* A mask as the kernel prints it, in groups of 32 bits, as a list. */
static const char *mask_to_list(const char *mask)
{
	unsigned long bits = 0;
	cpu_set_t set;
	int cpu;

	for (; *mask && *mask != ' '; mask++) {
		if (*mask != ',')
			bits = bits << 4 | strtoul(rc_fmt("%c", *mask), NULL, 16);
	}
	CPU_ZERO(&set);
	for (cpu = 0; cpu < 64; cpu++) {
		if (bits & 1UL << cpu)
			CPU_SET(cpu, &set);
	}
	return cs_list(&set);
}

/* The widest domain of a CPU, "" if there is none. */
static const char *domain_of(int cpu)
{
	char *text = rc_text("/proc/schedstat"), *line, *save;
	const char *dir = rc_fmt(CS_DOMAINS "/cpu%d", cpu);
	const char *list = "";
	int nr = 0, at = -1;

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "cpu%d ", &at) == 1 || at != cpu ||
		    strncmp(line, "domain", 6))
			continue;
		list = mask_to_list(strchr(line, ' ') + 1);
		nr++;
	}
	free(text);
	if (!access(rc_fmt("%s/domain%d", dir, nr), F_OK) ||
	    (nr && access(rc_fmt("%s/domain%d", dir, nr - 1), F_OK)))
		return rc_fmt("%s, but not so in debugfs", list);
	return list;
}

const char *cs_domains(void)
{
	char text[1024] = "";
	int nr = weight(cs_list_of(CPU_DIR "/present")), cpu;

	for (cpu = 0; cpu < nr; cpu++) {
		strcat(text, cpu ? "|" : "");
		strcat(text, domain_of(cpu));
	}
	return rc_fmt("%s", text);
}

static int work(void *arg)
{
	struct cs_worker *worker = arg;
	long done = 0;

	do {
		while (rc_get(&worker->asked) == done)
			rc_nap();
		worker->ret = worker->fn(worker);
		rc_set(&worker->done, ++done);
	} while (worker->fn);
	return 0;
}

struct cs_worker *cs_worker_new(void)
{
	struct cs_worker *worker = rc_shared(sizeof(*worker));

	if (!worker)
		return NULL;
	worker->pid = rc_spawn(work, worker);
	return worker->pid > 0 ? worker : NULL;
}

static bool is_zombie(pid_t pid)
{
	return *status_field(pid, "State") == 'Z';
}

int cs_do(struct cs_worker *worker, int (*fn)(struct cs_worker *worker))
{
	long asked = worker->asked + 1;

	worker->fn = fn;
	rc_set(&worker->asked, asked);
	if (!RC_WAIT(rc_get(&worker->done) == asked || is_zombie(worker->pid)))
		return -ETIMEDOUT;
	return rc_get(&worker->done) == asked ? worker->ret : -ESRCH;
}

int cs_map(struct cs_worker *worker)
{
	long page = sysconf(_SC_PAGESIZE), i;
	char *mem;

	if (!worker->nr_pages)
		worker->nr_pages = 64;
	/* What has another protection on both sides is a mapping of its own. */
	mem = mmap(NULL, (worker->nr_pages + 2) * page, PROT_NONE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		return -errno;
	mem += page;
	if (mprotect(mem, worker->nr_pages * page, PROT_READ | PROT_WRITE))
		return -errno;
	for (i = 0; i < worker->nr_pages; i++)
		mem[i * page] = 1;
	worker->mem = mem;
	return 0;
}

int cs_pages_on(const struct cs_worker *worker, int node)
{
	long page = sysconf(_SC_PAGESIZE), i;
	void *pages[worker->nr_pages];
	int status[worker->nr_pages];
	int nr = 0;

	for (i = 0; i < worker->nr_pages; i++)
		pages[i] = worker->mem + i * page;
	if (syscall(SYS_move_pages, worker->pid, worker->nr_pages, pages, NULL,
		    status, 0))
		return -errno;
	for (i = 0; i < worker->nr_pages; i++)
		nr += status[i] == node;
	return nr;
}

/* The line of the pages in numa_maps, behind the address. */
static const char *numa_maps_line(const struct cs_worker *worker)
{
	const char *start = rc_fmt("%lx ", (unsigned long)worker->mem);
	char *text = rc_text(rc_fmt("/proc/%d/numa_maps", worker->pid));
	char *line, *save;
	const char *found = "";

	for (line = text ? strtok_r(text, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		if (!strncmp(line, start, strlen(start)))
			found = rc_fmt("%s", line + strlen(start));
	}
	free(text);
	return found;
}

int cs_numa_maps(const struct cs_worker *worker, int node)
{
	const char *line = numa_maps_line(worker);
	const char *field = strstr(line, rc_fmt(" N%d=", node));

	if (!*line)
		return -ENOENT;
	return field ? atoi(strchr(field, '=') + 1) : 0;
}

const char *cs_policy(const struct cs_worker *worker)
{
	const char *line = numa_maps_line(worker);

	return rc_fmt("%.*s", (int)strcspn(line, " "), line);
}
