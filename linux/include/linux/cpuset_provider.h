/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Two providers of cpusets in one kernel: what linux/cpuset.h promises is asked of
 * the one that has the controller at the time. Each gives its functions the names
 * of that header, says who it is, and includes this one, to have them called
 * otherwise.
 */
#ifndef _LINUX_CPUSET_PROVIDER_H
#define _LINUX_CPUSET_PROVIDER_H

#include <linux/cpuset.h>

#if defined(CONFIG_CPUSETS_CGROUP) && defined(CONFIG_RC_CPUSET)

/* Do cgroups have the controller? Changes under cpuset_lock(). */
bool cpuset_is_cgroups(void);

#define CPUSET_PROVIDER(who)						\
	int who##_cpuset_init(void);					\
	void who##_cpuset_init_smp(void);				\
	void who##_cpuset_force_rebuild(void);				\
	void who##_cpuset_update_active_cpus(void);			\
	void who##_inc_dl_tasks_cs(struct task_struct *tsk);		\
	void who##_dec_dl_tasks_cs(struct task_struct *tsk);		\
	void who##_cpuset_lock(void);					\
	void who##_cpuset_unlock(void);					\
	void who##_cpuset_cpus_allowed(struct task_struct *tsk,		\
				       struct cpumask *mask);		\
	bool who##_cpuset_cpus_allowed_fallback(struct task_struct *tsk); \
	bool who##_cpuset_cpu_is_isolated(int cpu);			\
	nodemask_t who##_cpuset_mems_allowed(struct task_struct *tsk);	\
	bool who##_cpuset_node_allowed(int node, gfp_t gfp_mask);	\
	bool who##_current_cpuset_is_being_rebound(void);		\
	void who##_cpuset_memory_pressure_bump(void);			\
	int who##_cpuset_mem_spread_node(void);				\
	void who##_rebuild_sched_domains(void);				\
	void who##_cpuset_print_current_mems_allowed(void);		\
	int who##_proc_cpuset_show(struct seq_file *m,			\
				   struct pid_namespace *ns,		\
				   struct pid *pid,			\
				   struct task_struct *tsk)

CPUSET_PROVIDER(cgroup);
CPUSET_PROVIDER(rc);

#ifdef CPUSET_PROVIDER_NAME
#define __CPUSET_NAME(who, name)	who##_##name
#define _CPUSET_NAME(who, name)		__CPUSET_NAME(who, name)
#define CPUSET_NAME(name)		_CPUSET_NAME(CPUSET_PROVIDER_NAME, name)

#define cpuset_init			CPUSET_NAME(cpuset_init)
#define cpuset_init_smp			CPUSET_NAME(cpuset_init_smp)
#define cpuset_force_rebuild		CPUSET_NAME(cpuset_force_rebuild)
#define cpuset_update_active_cpus	CPUSET_NAME(cpuset_update_active_cpus)
#define inc_dl_tasks_cs			CPUSET_NAME(inc_dl_tasks_cs)
#define dec_dl_tasks_cs			CPUSET_NAME(dec_dl_tasks_cs)
#define cpuset_lock			CPUSET_NAME(cpuset_lock)
#define cpuset_unlock			CPUSET_NAME(cpuset_unlock)
#define cpuset_cpus_allowed		CPUSET_NAME(cpuset_cpus_allowed)
#define cpuset_cpus_allowed_fallback	CPUSET_NAME(cpuset_cpus_allowed_fallback)
#define cpuset_cpu_is_isolated		CPUSET_NAME(cpuset_cpu_is_isolated)
#define cpuset_mems_allowed		CPUSET_NAME(cpuset_mems_allowed)
#define cpuset_node_allowed		CPUSET_NAME(cpuset_node_allowed)
#define current_cpuset_is_being_rebound	CPUSET_NAME(current_cpuset_is_being_rebound)
#define __cpuset_memory_pressure_bump	CPUSET_NAME(cpuset_memory_pressure_bump)
#define cpuset_mem_spread_node		CPUSET_NAME(cpuset_mem_spread_node)
#define rebuild_sched_domains		CPUSET_NAME(rebuild_sched_domains)
#define cpuset_print_current_mems_allowed				\
	CPUSET_NAME(cpuset_print_current_mems_allowed)
#define proc_cpuset_show		CPUSET_NAME(proc_cpuset_show)
#endif /* CPUSET_PROVIDER_NAME */

#elif defined(CONFIG_CPUSETS_CGROUP)

static inline bool cpuset_is_cgroups(void)
{
	return true;
}

#else

static inline bool cpuset_is_cgroups(void)
{
	return false;
}

#endif
#endif /* _LINUX_CPUSET_PROVIDER_H */
