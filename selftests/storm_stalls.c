// SPDX-License-Identifier: GPL-2.0
/*
 * Those in the storm whom nothing makes go on: stalled in a page fault, on a CPU that
 * somebody keeps for himself, or as release agents. Everybody else goes on.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "storm.h"

/* Operations of others that have to be finished before a stall ends. */
#define ENOUGH 150
#define HOGS 3
#define READ 16
#define RELEASED 6

/* In a child: memory whose first use stalls for good. */
static char *trap(void)
{
	char *mem;

	if (rc_trap(4 * sysconf(_SC_PAGESIZE), 0, &mem) < 0)
		_exit(1);
	return mem;
}

int storm_op_stall_read(struct storm_actor *me)
{
	const char *path = storm_file(me, false);
	pid_t pid = path ? storm_fork() : -1;

	if (!pid)
		_exit(read(rc_open(path, O_RDONLY), trap(), 256) < 0);
	storm_let_others(me, ENOUGH);
	storm_end(pid);
	return 0;
}

int storm_op_stall_write(struct storm_actor *me)
{
	const char *path = storm_file(me, true);
	pid_t pid = path ? storm_fork() : -1;

	if (!pid)
		_exit(write(rc_open(path, O_WRONLY), trap(), 2) < 0);
	storm_let_others(me, ENOUGH);
	storm_end(pid);
	return 0;
}

/* In a mount of its own: in the same one, others wait as in every file system. */
int storm_op_stall_list(struct storm_actor *me)
{
	pid_t pid = storm_fork();

	if (!pid) {
		const char *grp;

		if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
		    mount("proc", "/proc", "proc", 0, NULL))
			_exit(1);
		grp = storm_group(me);
		if (grp)
			syscall(SYS_getdents64, rc_open(grp, O_RDONLY | O_DIRECTORY), trap(),
				4096);
		_exit(0);
	}
	storm_let_others(me, ENOUGH);
	storm_end(pid);
	return 0;
}

struct fork_stall {
	long go_on;
	int uffd;
	char *mem;
};

static void *serve_fork(void *arg)
{
	struct fork_stall *stall = arg;
	struct uffdio_zeropage zero = {
		.range = { (unsigned long)stall->mem, sysconf(_SC_PAGESIZE) },
	};

	while (!rc_get(&stall->go_on))
		rc_nap();
	ioctl(stall->uffd, UFFDIO_ZEROPAGE, &zero);
	return NULL;
}

/* Where the id of its child is written nothing can be, for a while. */
static int stalled_parent(struct fork_stall *stall)
{
	pthread_t thread;
	int pid;

	stall->uffd = rc_trap(4 * sysconf(_SC_PAGESIZE), 0, &stall->mem);
	if (stall->uffd < 0 || pthread_create(&thread, NULL, serve_fork, stall))
		return 1;
	pid = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, NULL, stall->mem, NULL, 0);
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	pthread_join(thread, NULL);
	return 0;
}

int storm_op_stall_fork(struct storm_actor *me)
{
	struct fork_stall *stall = rc_shared(sizeof(*stall));
	pid_t pid, mover;
	int i;

	if (!stall)
		return -ENOMEM;
	pid = storm_fork();
	if (!pid)
		_exit(stalled_parent(stall));
	mover = storm_fork();
	if (!mover) {
		for (i = 0; i < 500; i++) {
			const char *grp = storm_group(me);

			if (grp)
				rc_write(rc_fmt("%s/%s", grp, i % 2 ? "tasks" : "procs"),
					 rc_fmt("%d", pid + storm_pick(me, 3)));
		}
		_exit(0);
	}
	storm_let_others(me, ENOUGH);
	storm_end(mover);
	rc_set(&stall->go_on, 1);
	waitpid(pid, NULL, 0);
	munmap(stall, sizeof(*stall));
	return 0;
}

/* Answers what an open of the file needs, and no read of it. */
static int serve_fuse(int fuse)
{
	static char buf[FUSE_MIN_READ_BUFFER * 20];

	for (;;) {
		struct fuse_in_header *in = (void *)buf;
		struct {
			struct fuse_out_header hdr;
			union {
				struct fuse_init_out init;
				struct fuse_attr_out attr;
				struct fuse_open_out open;
			};
		} out = { };

		if (read(fuse, buf, sizeof(buf)) < 0) {
			if (errno == EINTR || errno == ENOENT)
				continue;
			return 0;
		}
		out.hdr.unique = in->unique;
		out.hdr.len = sizeof(out.hdr);
		if (in->opcode == FUSE_INIT) {
			out.init.major = FUSE_KERNEL_VERSION;
			out.init.minor = FUSE_KERNEL_MINOR_VERSION;
			out.init.max_write = 4096;
			out.hdr.len += sizeof(out.init);
		} else if (in->opcode == FUSE_GETATTR) {
			out.attr.attr_valid = 3600;
			out.attr.attr.mode = S_IFREG | 0666;
			out.attr.attr.nlink = 1;
			out.attr.attr.size = 1 << 20;
			out.attr.attr.ino = 1;
			out.hdr.len += sizeof(out.attr);
		} else if (in->opcode == FUSE_OPEN) {
			out.hdr.len += sizeof(out.open);
		} else if (in->opcode == FUSE_READ || in->opcode == FUSE_INTERRUPT ||
			   in->opcode == FUSE_FORGET || in->opcode == FUSE_BATCH_FORGET) {
			continue;
		} else {
			out.hdr.error = -ENOSYS;
		}
		if (write(fuse, &out, out.hdr.len) < 0)
			continue;
	}
}

/* Has pages of its own, and then its mmap_lock for good. */
static int keep_lock(const char *file)
{
	int fd = open(file, O_RDONLY), mem = open("/proc/self/mem", O_RDONLY);
	char *own = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	struct stat st;
	char *page, byte;

	if (fd < 0 || mem < 0 || own == MAP_FAILED || fstat(fd, &st))
		return 1;
	memset(own, 1, 1 << 20);
	page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	return page == MAP_FAILED || pread(mem, &byte, 1, (off_t)page) < 0;
}

static const char *cpuset_child(struct storm_actor *me)
{
	static struct storm_name names[16];
	int nr = storm_children(RC_ROOT "/cpuset", names, 16, false);

	return nr > 0 ? rc_fmt(RC_ROOT "/cpuset/%s", names[storm_pick(me, nr)].text) : "/";
}

/* Moves the process whose memory cannot be looked at, and has its sets changed. */
static int move_stalled(struct storm_actor *me, pid_t pid)
{
	int i;

	for (i = 0; i < 200; i++) {
		const char *grp = cpuset_child(me);

		rc_write(rc_fmt("%s/cpus", grp), "0-7");
		rc_write(rc_fmt("%s/memory_migrate", grp), "1");
		rc_write(rc_fmt("%s/mems", grp), i % 2 ? "0" : "0-1");
		rc_write(rc_fmt("%s/procs", grp), rc_fmt("%d", pid));
		rc_write(rc_fmt("%s/mems", grp), i % 2 ? "1" : "0");
	}
	return 0;
}

int storm_op_stall_memory(struct storm_actor *me)
{
	const char *file = rc_fmt("/tmp/storm-fuse%d", me->nr);
	int fuse = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	pid_t server, keeper, mover;

	if (fuse < 0 || access(RC_ROOT "/cpuset", F_OK)) {
		close(fuse);
		return -ENOENT;
	}
	umount2(file, MNT_DETACH);
	close(open(file, O_CREAT | O_RDWR, 0600));
	if (mount("storm", file, "fuse", 0,
		  rc_fmt("fd=%d,rootmode=100666,user_id=0,group_id=0", fuse))) {
		close(fuse);
		return -ENODEV;
	}
	server = storm_fork();
	if (!server)
		_exit(serve_fuse(fuse));
	/* The connection ends with the server. */
	close(fuse);
	keeper = storm_fork();
	if (!keeper)
		_exit(keep_lock(file));
	rc_nap();
	mover = storm_fork();
	if (!mover)
		_exit(move_stalled(me, keeper));
	storm_let_others(me, ENOUGH);
	storm_end(server);
	storm_end(keeper);
	storm_end(mover);
	umount2(file, MNT_DETACH);
	unlink(file);
	return 0;
}

/* Stays on one CPU, with this policy, and tells by its name that it has asked to. */
static void settle_on(int cpu, int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };
	cpu_set_t set;

	prctl(PR_SET_NAME, STORM_ASKED);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		_exit(1);
	if (sched_setscheduler(0, policy, &param))
		_exit(1);
}

static pid_t hog(int cpu, int policy, int priority)
{
	pid_t pid = storm_fork();

	if (pid)
		return pid;
	settle_on(cpu, policy, priority);
	/* Whatever becomes of those who should end it. */
	for (double until = rc_now() + 2 * storm->bound; rc_now() < until;)
		;
	_exit(0);
}

/*
 * A task of less priority has to come to the CPU that one of more does not leave. It has
 * its files open: who looks for a name keeps others from the directory meanwhile, as in
 * every file system.
 */
int storm_op_hog(struct storm_actor *me)
{
	int cpu = 1 + storm_pick(me, sysconf(_SC_NPROCESSORS_CONF) - 1);
	const char *grp = rc_fmt(RC_ROOT "/cpuset/%cog-%ld", STORM_ANY, me->step);
	struct sched_param param = { .sched_priority = 10 };
	pid_t pid, mover[2];
	int ret = rc_mkdir(grp), i;

	if (ret)
		return ret;
	ret = rc_write(rc_fmt("%s/cpus", grp), rc_fmt("%d", cpu)) ?:
	      rc_write(rc_fmt("%s/mems", grp), "0");
	pid = ret ? -1 : hog(cpu, SCHED_FIFO, 50);
	rc_nap();
	for (i = 0; i < 2 && !ret; i++) {
		int cpus = rc_open(rc_fmt("%s/cpus", grp), O_WRONLY);
		int file = rc_open(rc_fmt("%s/%s", grp, i ? "tasks" : "procs"), O_WRONLY);

		mover[i] = storm_fork();
		if (!mover[i]) {
			sched_setscheduler(0, SCHED_FIFO, &param);
			rc_write_fd(file, "0", 1);
			/* Those who are there and somewhere else have to come. */
			rc_write_fd(cpus, "0-7", 3);
			rc_write_fd(cpus, rc_fmt("%d", cpu), 1);
			_exit(0);
		}
		close(file);
		close(cpus);
	}
	if (!ret)
		storm_let_others(me, ENOUGH);
	storm_end(pid);
	for (i = 0; i < 2 && !ret; i++)
		storm_end(mover[i]);
	rc_rmdir(grp);
	return ret;
}

/* Reads when nobody else wants his CPU, which some always do. As above. */
int storm_op_idle_reader(struct storm_actor *me)
{
	int cpu = storm_pick(me, sysconf(_SC_NPROCESSORS_CONF)), i, fds[READ];
	pid_t hogs[HOGS], reader = storm_fork();

	if (!reader) {
		static char buf[4096];

		for (i = 0; i < READ; i++)
			fds[i] = rc_open(storm_file(me, false) ?: "/", O_RDONLY);
		settle_on(cpu, SCHED_IDLE, 0);
		for (i = 0; !storm_over(); i++)
			if (pread(fds[i % READ], buf, sizeof(buf), 0) < 0)
				continue;
		_exit(0);
	}
	for (i = 0; i < HOGS; i++)
		hogs[i] = hog(cpu, SCHED_OTHER, 0);
	storm_let_others(me, ENOUGH);
	for (i = 0; i < HOGS; i++)
		storm_end(hogs[i]);
	storm_end(reader);
	return 0;
}

/* The kernel runs it, see main(), on the CPUs that its workers have at that moment. */
int storm_agent(const char *path, const char *hier)
{
	const char *name = strrchr(path, '/') + 1;

	prctl(PR_SET_NAME, STORM_ASKED);
	while (strcmp(hier, STORM_QUIET) && !access(STORM_HANG, F_OK))
		rc_nap();
	if (*name == STORM_ANY)
		rc_rmdir(rc_fmt(RC_ROOT "/%s%s", hier, path));
	return 0;
}

static void release(const char *grp)
{
	pid_t pid;

	if (rc_mkdir(grp) || rc_write(rc_fmt("%s/notify_on_release", grp), "1"))
		return;
	pid = storm_fork();
	if (!pid)
		_exit(rc_write(rc_fmt("%s/tasks", grp), "0") != 0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

int storm_op_agents_hang(struct storm_actor *me)
{
	const char *hier = RC_ROOT "/plain";
	long probes = rc_get(&storm->probes);
	double start = rc_now();
	int i;

	close(open(STORM_HANG, O_CREAT | O_RDWR, 0600));
	rc_write(rc_fmt("%s/release_agent", hier), "/stress/storm_test");
	for (i = 0; i < RELEASED; i++)
		release(rc_fmt("%s/%cr%d", hier, STORM_ANY, i));
	storm_let_others(me, ENOUGH);
	/* The checker's own agents meanwhile: two, as one may have begun before. */
	while (!storm_over() && rc_get(&storm->probes) < probes + 2 &&
	       rc_now() - start < storm->bound)
		rc_nap();
	if (!storm_over() && rc_get(&storm->probes) < probes + 2)
		storm_wrong(STORM_AGENTS, "%ld were run in %.0f s, while others hang",
			    rc_get(&storm->probes) - probes, rc_now() - start);
	unlink(STORM_HANG);
	return 0;
}
