// SPDX-License-Identifier: GPL-2.0
/*
 * runner LIMIT PROGRAM: runs PROGRAM for at most LIMIT seconds and frames what
 * it prints for the host, on standard output:
 *
 *	begin NAME
 *	out NAME a line of the program's
 *	end NAME exit:0|signal:9|timeout:60|stuck:60 LEFT
 *
 * stuck: it could not be killed.  LEFT counts the processes that outlived the
 * program; they are killed, so that the next program finds the guest empty.
 * Nothing else may run meanwhile: all user processes but init, this one and its
 * parent are taken for the program's.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What is killed must be gone by then: 100,000 threads, under slow emulation. */
#define DYING_SECONDS 150
#define LEAVING_SECONDS 20

static const char *name;

static long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static char line[1024];
static size_t used;

/* A line at a time reaches the host, or what a dying guest said last is lost. */
static void end_line(void)
{
	printf("out %s %.*s\n", name, (int)used, line);
	fflush(stdout);
	used = 0;
}

static void pass_on(const char *buf, ssize_t len)
{
	for (ssize_t i = 0; i < len; i++) {
		if (buf[i] == '\n' || used == sizeof(line))
			end_line();
		if (buf[i] != '\n')
			line[used++] = buf[i];
	}
}

/* Returns false when every writer has gone. */
static bool read_some(int fd, int timeout_ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char buf[4096];
	ssize_t len;

	if (poll(&pfd, 1, timeout_ms) <= 0)
		return true;
	len = read(fd, buf, sizeof(buf));
	if (len <= 0)
		return false;
	pass_on(buf, len);
	return true;
}

static bool is_user_process(pid_t pid)
{
	char path[32], exe[8];

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	return readlink(path, exe, sizeof(exe)) > 0;
}

/* Sends @sig to whatever still runs and says how many that are. */
static int signal_left(int sig)
{
	struct dirent *de;
	int left = 0;
	DIR *dir;

	dir = opendir("/proc");
	if (!dir)
		err(1, "/proc");
	while ((de = readdir(dir))) {
		pid_t pid = isdigit(de->d_name[0]) ? atoi(de->d_name) : 1;

		if (pid == 1 || pid == getpid() || pid == getppid() || !is_user_process(pid))
			continue;
		kill(pid, sig);
		left++;
	}
	closedir(dir);
	return left;
}

static pid_t start(char *path, int out)
{
	pid_t pid = fork();

	if (pid < 0)
		err(1, "fork");
	if (pid > 0)
		return pid;

	setsid();
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	execl(path, path, NULL);
	err(127, "%s", path);
}

int main(int argc, char **argv)
{
	const char *how = "exit";
	int pipefd[2], status, code, left;
	bool open = true;
	long deadline;
	pid_t pid;

	if (argc != 3)
		errx(2, "usage: runner LIMIT PROGRAM");
	name = basename(argv[2]);
	if (pipe2(pipefd, O_CLOEXEC))
		err(1, "pipe");
	printf("begin %s\n", name);
	fflush(stdout);

	deadline = now() + atol(argv[1]);
	pid = start(argv[2], pipefd[1]);
	close(pipefd[1]);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (now() >= deadline) {
			how = "timeout";
			kill(pid, SIGKILL);
			deadline = now() + DYING_SECONDS;
			while (waitpid(pid, &status, WNOHANG) == 0 && now() < deadline)
				usleep(10000);
			break;
		}
		if (open)
			open = read_some(pipefd[0], 20);
		else
			usleep(20000);
	}

	/* The kernel's helpers, and who was killed last, may be on their way out. */
	deadline = now() + LEAVING_SECONDS;
	while ((left = signal_left(0)) && now() < deadline) {
		if (open)
			open = read_some(pipefd[0], 20);
		else
			usleep(20000);
	}
	deadline = now() + DYING_SECONDS;
	while ((signal_left(SIGKILL) || open) && now() < deadline) {
		if (open)
			open = read_some(pipefd[0], 20);
		else
			usleep(20000);
	}

	code = atoi(argv[1]);
	if (open || signal_left(SIGKILL)) {
		how = "stuck";
	} else if (!strcmp(how, "exit")) {
		code = WEXITSTATUS(status);
		if (WIFSIGNALED(status)) {
			how = "signal";
			code = WTERMSIG(status);
		}
	}
	if (used)
		end_line();
	printf("end %s %s:%d %d\n", name, how, code, left);
	return strcmp(how, "exit") || (code != 0 && code != 4);
}
