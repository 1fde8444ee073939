// SPDX-License-Identifier: GPL-2.0
/* CPUs and memory nodes that go off line and come back. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

#define MAX_CPUS	16
#define MAX_NODES	8
#define NODE_DIR	"/sys/devices/system/node"

static bool cpu_off[MAX_CPUS];
static bool node_on[MAX_NODES];

int machine_cpu(int cpu, bool on)
{
	int ret = write_file(fmt("/sys/devices/system/cpu/cpu%d/online", cpu),
			     on ? "1" : "0");

	if (!ret)
		cpu_off[cpu % MAX_CPUS] = !on;
	return ret;
}

/* Blocks cannot go off line for as long as somebody has a page of them in hand. */
static int set_block(const char *path, bool on)
{
	int ret = 0, i;

	for (i = 0; i < 100; i++) {
		ret = write_file(path, on ? "online_movable" : "offline");
		if (ret != -EBUSY && ret != -EAGAIN)
			break;
	}
	/* It is what it is to be already. */
	return ret == -EINVAL ? 0 : ret;
}

int machine_node(int node, bool on)
{
	const char *path = fmt(NODE_DIR "/node%d", node);
	DIR *dir = opendir(path);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return -errno;
	while (!ret && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "memory", 6) ||
		    strspn(entry->d_name + 6, "0123456789") != strlen(entry->d_name + 6))
			continue;
		ret = set_block(fmt(NODE_DIR "/node%d/%s/state", node, entry->d_name), on);
	}
	closedir(dir);
	if (!ret)
		node_on[node % MAX_NODES] = on;
	return ret;
}

void machine_restore(void)
{
	int i;

	for (i = 0; i < MAX_CPUS; i++) {
		if (cpu_off[i] && machine_cpu(i, true))
			die("CPU %d does not come back", i);
	}
	for (i = 0; i < MAX_NODES; i++) {
		if (node_on[i] && machine_node(i, false))
			die("node %d does not go", i);
	}
}
