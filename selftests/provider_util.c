// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "provider_util.h"
#include "rc_util.h"

const char *pr_lacks(void)
{
	if (!rc_has_subsys("cpuset"))
		return "kernel without CONFIG_RC_CPUSET";
	if (access("/proc/cgroups", F_OK) || !pr_line("/proc/cgroups"))
		return "kernel without CONFIG_CPUSETS_CGROUP";
	return NULL;
}

const char *pr_mount(void)
{
	char dir[] = "/tmp/provider_XXXXXX";

	if (!mkdtemp(dir))
		return NULL;
	if (!mount("cgroup", dir, "cgroup2", 0, NULL))
		return strdup(dir);
	rmdir(dir);
	return NULL;
}

int pr_umount(const char *root)
{
	return umount(root) || rmdir(root) ? -errno : 0;
}

bool pr_offers(const char *root)
{
	char *text = rc_text(rc_fmt("%s/cgroup.controllers", root));
	bool ret = text && strstr(text, "cpuset");

	free(text);
	return ret;
}

int pr_enable(const char *root, bool on)
{
	return rc_write(rc_fmt("%s/cgroup.subtree_control", root),
			on ? "+cpuset" : "-cpuset");
}

const char *pr_line(const char *path)
{
	char *text = rc_text(path);
	const char *line = text ? strstr(text, "\ncpuset\t") : NULL;
	const char *ret = NULL;

	if (line)
		ret = rc_fmt("%.*s", (int)strcspn(line + 1, "\n"), line + 1);
	free(text);
	return ret;
}

bool pr_enabled(void)
{
	const char *line = pr_line("/proc/rc/subsystems");

	return line && line[strlen(line) - 1] == '1';
}
