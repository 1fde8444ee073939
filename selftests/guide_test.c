// SPDX-License-Identifier: GPL-2.0
/*
 * The user guide says what is true: its tables of files and of errors are read
 * from the guide itself and compared with the running kernel.
 *
 * Three comments of the guide, ".. guide_test: WORD", mark what is read: "files"
 * and "errors" the simple table that follows, "situation" the literal block with
 * what the examples start from.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "guide_table.h"
#include "rc_util.h"

#define MAX_ARGS 4

/*
 * The notation of the examples
 */

struct text {
	char *s;
	size_t len;
};

struct example {
	char *who;
	struct text arg[MAX_ARGS];
	int nr;
};

struct held {
	char *path;
	int fd;
};

/* What the examples start from. */
struct situation {
	pid_t task;
	pid_t zombie;
	pid_t bound;
	/* Files that were opened for later. */
	struct held held[8];
	int nr_held;
};

FIXTURE(guide)
{
	char *text;
	struct guide_table files;
	struct guide_table errors;
	struct situation at;
};

/* CONFIG_RC_EXAMPLE and CONFIG_RC_DEBUG are not for the users of the guide. */
static bool has_use(const char *name)
{
	return strcmp(name, "births") && strcmp(name, "debug") &&
	       strcmp(name, "debug2");
}

static char *controllers(void)
{
	char *text = rc_text(RC_ROOT "/subsystems"), *line, *save;
	char *names = calloc(1, strlen(text ?: "") + 1);

	line = text ? strtok_r(text, "\n", &save) : NULL;
	while (line && (line = strtok_r(NULL, "\n", &save))) {
		char name[64];
		int on;

		if (sscanf(line, "%63s %*s %*d %d", name, &on) == 2 && on &&
		    has_use(name))
			strcat(strcat(names, *names ? " " : ""), name);
	}
	free(text);
	return names;
}

/* The value of a name in the guide's list, malloc()ed; NULL: there is none. */
static char *value_of(const struct situation *sit, const char *name)
{
	size_t letters = !strcmp(name, "long") ? NAME_MAX + 1 :
			 !strcmp(name, "page") ? getpagesize() + 1 :
			 !strcmp(name, "path") ? PATH_MAX : 0;
	char *value;
	int i;

	if (letters) {
		value = calloc(1, letters + 1);
		return memset(value, 'x', letters);
	}
	if (!strcmp(name, "controllers"))
		return controllers();
	if (!strcmp(name, "task"))
		return strdup(rc_fmt("%d", sit->task));
	if (!strcmp(name, "zombie"))
		return strdup(rc_fmt("%d", sit->zombie));
	if (!strcmp(name, "bound"))
		return strdup(rc_fmt("%d", sit->bound));
	if (!strcmp(name, "kthreadd"))
		return strdup("2");
	/* Ids stay below it. */
	if (!strcmp(name, "none"))
		return strdup(rc_fmt("%llu",
				     rc_number("/proc/sys/kernel/pid_max")));
	if (!strcmp(name, "deep")) {
		value = strdup("1");
		for (i = 2; i <= 32; i++)
			value = strcat(realloc(value, strlen(value) + 4),
				       rc_fmt("/%d", i));
		return value;
	}
	return NULL;
}

/* A backslash and what follows it, as in C; -1 if it is something else. */
static int parse_escape(const char **at)
{
	unsigned int code;

	switch (*++*at) {
	case 'n':
		++*at;
		return '\n';
	case 't':
		++*at;
		return '\t';
	case '0':
		++*at;
		return '\0';
	case 'x':
		if (sscanf(*at + 1, "%2x", &code) != 1)
			return -1;
		*at += 3;
		return code;
	}
	return -1;
}

static void append(struct text *text, const char *s, size_t len)
{
	/* What is a string can be used as one. */
	text->s = realloc(text->s, text->len + len + 1);
	memcpy(text->s + text->len, s, len);
	text->len += len;
	text->s[text->len] = '\0';
}

/* One word, in quotes or up to a blank, with its $names and escapes. */
static int parse_word(const struct situation *sit, const char **at,
		      struct text *out)
{
	bool quoted = **at == '"';

	append(out, "", 0);
	*at += quoted;
	while (**at && **at != (quoted ? '"' : ' ')) {
		if (**at == '$') {
			size_t len = strspn(++*at, "abcdefghijklmnopqrstuvwxyz");
			char *name = strndup(*at, len);
			char *value = value_of(sit, name);

			free(name);
			if (!value)
				return -EBADMSG;
			append(out, value, strlen(value));
			*at += len;
			free(value);
		} else if (**at == '\\') {
			int code = parse_escape(at);
			char c = code;

			if (code < 0)
				return -EBADMSG;
			append(out, &c, 1);
		} else {
			append(out, (*at)++, 1);
		}
	}
	if (quoted && *(*at)++ != '"')
		return -EBADMSG;
	return 0;
}

/* "[WHO: ]VERB ARGUMENT..." */
static int parse_example(const struct situation *sit, const char *text,
			 struct example *ex)
{
	static const char * const who[] = {
		"alice: ", "contained: ", "deep: ", "full: ",
	};
	unsigned int i;
	int ret;

	memset(ex, 0, sizeof(*ex));
	for (i = 0; i < ARRAY_SIZE(who); i++) {
		if (strncmp(text, who[i], strlen(who[i])))
			continue;
		ex->who = strndup(text, strlen(who[i]) - 2);
		text += strlen(who[i]);
	}
	while (*text) {
		if (ex->nr == MAX_ARGS)
			return -EBADMSG;
		ret = parse_word(sit, &text, &ex->arg[ex->nr++]);
		if (ret)
			return ret;
		if (*text && *text++ != ' ')
			return -EBADMSG;
	}
	return ex->nr ? 0 : -EBADMSG;
}

static void free_example(struct example *ex)
{
	while (ex->nr)
		free(ex->arg[--ex->nr].s);
	free(ex->who);
}

/*
 * Doing what an example says
 */

/* No verb or arguments of the notation; no system call says so. */
#define BAD_NOTATION (-250)

struct job {
	struct situation *sit;
	const struct example *ex;
};

static const char *full_path(const char *path)
{
	return rc_fmt(RC_ROOT "/%s", path);
}

static int held_fd(const struct situation *sit, const char *path)
{
	int i;

	for (i = 0; i < sit->nr_held; i++)
		if (!strcmp(sit->held[i].path, path))
			return sit->held[i].fd;
	return -1;
}

static int do_open(struct situation *sit, const char *path)
{
	struct held *held = &sit->held[sit->nr_held];
	int fd = rc_open(full_path(path), O_RDWR);

	if (fd < 0)
		return fd;
	if (sit->nr_held == ARRAY_SIZE(sit->held))
		return BAD_NOTATION;
	held->path = strdup(path);
	held->fd = fd;
	sit->nr_held++;
	return 0;
}

/* Through the descriptor that the situation has opened, or a new one. */
static int on_file(const struct situation *sit, const char *path, int flags,
		   const struct text *text, const char *mode)
{
	int fd = held_fd(sit, path), ret;
	bool held = fd >= 0;
	char buf[64];

	if (!held)
		fd = rc_open(full_path(path), flags);
	if (fd < 0)
		return fd;
	if (text)
		ret = rc_write_fd(fd, text->s, text->len);
	else if (mode)
		ret = fchmod(fd, strtoul(mode, NULL, 8)) ? -errno : 0;
	else
		ret = read(fd, buf, sizeof(buf)) < 0 ? -errno : 0;
	if (!held)
		close(fd);
	return ret;
}

static int do_create(const char *path)
{
	int fd = open(full_path(path), O_WRONLY | O_CREAT, 0644);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int perform(void *arg)
{
	const struct job *job = arg;
	const struct text *text = job->ex->arg;
	const char *verb = text[0].s, *a = text[1].s, *b = text[2].s;
	int nr = job->ex->nr;

	if (nr == 2 && !strcmp(verb, "mkdir"))
		return rc_mkdir(full_path(a));
	if (nr == 2 && !strcmp(verb, "rmdir"))
		return rc_rmdir(full_path(a));
	if (nr == 3 && !strcmp(verb, "rename"))
		return rename(full_path(a), full_path(b)) ? -errno : 0;
	if (nr == 3 && !strcmp(verb, "write"))
		return on_file(job->sit, a, O_WRONLY, &text[2], NULL);
	if (nr == 2 && !strcmp(verb, "read"))
		return on_file(job->sit, a, O_RDONLY, NULL, NULL);
	if (nr == 3 && !strcmp(verb, "chmod"))
		return on_file(job->sit, b, O_RDONLY, NULL, a);
	if (nr == 3 && !strcmp(verb, "chown") && !strcmp(a, "alice"))
		return chown(full_path(b), RC_USER, RC_USER) ? -errno : 0;
	if (nr == 2 && !strcmp(verb, "create"))
		return do_create(a);
	if (nr == 2 && !strcmp(verb, "unlink"))
		return unlink(full_path(a)) ? -errno : 0;
	if (nr == 2 && !strcmp(verb, "open"))
		return do_open(job->sit, a);
	return BAD_NOTATION;
}

/* Not there all the time, since all that is there is looked at so often. */
static int perform_deep(void *arg)
{
	const struct job *job = arg;
	char *path = value_of(job->sit, "deep"), *end;
	size_t len = strcspn(path, "/");
	int ret;

	for (;;) {
		ret = rc_mkdir(rc_fmt(RC_ROOT "/jobs/%.*s", (int)len, path));
		if (ret || !path[len])
			break;
		len += 1 + strcspn(path + len + 1, "/");
	}
	ret = ret ? BAD_NOTATION : perform(arg);
	do {
		if (rc_rmdir(rc_fmt(RC_ROOT "/jobs/%s", path)))
			ret = BAD_NOTATION;
		end = strrchr(path, '/');
		if (end)
			*end = '\0';
	} while (end);
	free(path);
	return ret;
}

/* All hierarchies that the kernel has room for, without a trace afterwards. */
static int perform_full(void *arg)
{
	const char *made[64];
	int nr = 0, ret;

	while (nr < (int)ARRAY_SIZE(made) && (made[nr] = rc_hier_new()))
		nr++;
	ret = nr < (int)ARRAY_SIZE(made) && errno == ENOSPC ? perform(arg) :
							      BAD_NOTATION;
	while (nr)
		if (rc_rmdir(made[--nr]))
			ret = BAD_NOTATION;
	return ret;
}

/* 0, -errno or BAD_NOTATION. */
static int run_example(struct situation *sit, const char *line)
{
	struct example ex;
	struct job job = { .sit = sit, .ex = &ex };
	int ret = parse_example(sit, line, &ex);

	if (ret)
		ret = BAD_NOTATION;
	else if (!ex.who)
		ret = perform(&job);
	else if (!strcmp(ex.who, "alice"))
		ret = rc_run_as(RC_USER, perform, &job);
	else if (!strcmp(ex.who, "contained"))
		ret = rc_run_in_user_ns(perform, &job);
	else if (!strcmp(ex.who, "deep"))
		ret = perform_deep(&job);
	else
		ret = perform_full(&job);
	free_example(&ex);
	return ret;
}

/*
 * The situation
 */

static int exit_at_once(void *arg)
{
	return 0;
}

/* Does what the guide says, up to a line that fails, which is *@line then. */
static int make_situation(struct situation *sit, const char *guide,
			  const char **line)
{
	const char *at = guide_mark(guide, "situation");
	char *block, *end, *save;
	int ret = 0;

	at = at ? strstr(at, "::\n\n") : NULL;
	*line = "no literal block";
	if (!at)
		return -EBADMSG;
	block = strdup(at + strlen("::\n\n"));
	/* It ends with a line that is not indented. */
	for (end = block; *end == ' '; end += strcspn(end, "\n") + 1)
		;
	*end = '\0';
	for (*line = strtok_r(block, "\n", &save); *line;
	     *line = strtok_r(NULL, "\n", &save)) {
		*line += strspn(*line, " ");
		ret = run_example(sit, *line);
		if (ret)
			return ret;
		/* Only what was made here is to be removed in the end. */
		if (!strncmp(*line, "mkdir ", 6) && !strchr(*line, '/'))
			rc_track_hier(full_path(*line + 6));
	}
	free(block);
	return 0;
}

FIXTURE_SETUP(guide)
{
	const char *line;
	char comm[32];
	int ret;

	ASSERT_EQ(0, rc_setup());
	self->text = guide_read();
	ASSERT_TRUE(!!self->text);
	ASSERT_EQ(0, guide_table(self->text, "files", &self->files));
	ASSERT_EQ(0, guide_table(self->text, "errors", &self->errors));

	self->at.task = rc_sleeper();
	self->at.zombie = rc_spawn(exit_at_once, NULL);
	ASSERT_EQ(0, rc_wait_zombie(self->at.zombie));
	self->at.bound = rc_kthread(true);
	ASSERT_LT(0, self->at.bound);
	ASSERT_LT(0, rc_read("/proc/2/comm", comm, sizeof(comm)));
	ASSERT_STREQ("kthreadd\n", comm);

	ret = make_situation(&self->at, self->text, &line);
	/* Nobody else cleans up after a setup that has failed. */
	if (ret)
		rc_teardown();
	ASSERT_EQ(0, ret) {
		TH_LOG("%s", line);
	}
}

FIXTURE_TEARDOWN(guide)
{
	while (self->at.nr_held)
		close(self->at.held[--self->at.nr_held].fd);
	EXPECT_EQ(0, rc_teardown());
}

/*
 * Files
 */

enum level { TOP, ROOT, GROUP, LEVELS };

/* A row of the table of files: "/proc/rc/H/[G/]tasks" is { 6, "tasks", ... }. */
struct file_row {
	/* In directories of which levels; for a directory, of which level. */
	unsigned int levels;
	char name[NAME_MAX + 1];
	mode_t mode;
	char *path;
};

static int parse_file_row(const struct guide_row *row, struct file_row *file)
{
	static const struct {
		const char *prefix;
		unsigned int levels;
	} in[] = {
		{ RC_ROOT "/H/[G/]", 1 << ROOT | 1 << GROUP },
		{ RC_ROOT "/H/G/", 1 << GROUP },
		{ RC_ROOT "/H/", 1 << ROOT },
		{ RC_ROOT "/", 1 << TOP },
		/* Of the caller, in no directory of ours. */
		{ "/proc/PID/task/TID/", 0 },
		{ "/proc/PID/", 0 },
	};
	unsigned int i;
	char *path = guide_literal(row->cell[0]), *end;

	memset(file, 0, sizeof(*file));
	if (!path)
		return -EBADMSG;
	file->path = path;
	file->mode = strtoul(row->cell[1], &end, 8);
	if (end == row->cell[1] || *end)
		return -EBADMSG;
	for (i = 0; i < ARRAY_SIZE(in); i++) {
		if (strncmp(path, in[i].prefix, strlen(in[i].prefix)))
			continue;
		file->levels = in[i].levels;
		snprintf(file->name, sizeof(file->name), "%s",
			 path + strlen(in[i].prefix));
		file->mode |= *file->name ? S_IFREG : S_IFDIR;
		return strchr(file->name, '/') ? -EBADMSG : 0;
	}
	return -EBADMSG;
}

/* Is the file to be found in directories of this level and hierarchy? */
static bool belongs(const struct file_row *file, enum level level,
		    const char *hier)
{
	size_t len = strcspn(file->name, ".");
	char bound[1024], *name, *save;

	if (!(file->levels & 1 << level) || !*file->name)
		return false;
	if (!file->name[len])
		return true;
	if (rc_read(rc_fmt("%s/subsystems", hier), bound, sizeof(bound)) < 0)
		return false;
	for (name = strtok_r(bound, "\n ", &save); name;
	     name = strtok_r(NULL, "\n ", &save))
		if (strlen(name) == len && !strncmp(name, file->name, len))
			return true;
	return false;
}

struct walk {
	struct file_row *file;
	int nr;
	int wrong;
	int dirs[LEVELS];
};

static void complain(struct walk *walk, const char *path, const char *what)
{
	ksft_print_msg("%s: %s\n", path, what);
	walk->wrong++;
}

/* Is what is found in the guide, and is it what the guide says? */
static void check_found(struct walk *walk, enum level level, const char *hier,
			const char *dir, const char *name)
{
	const char *path = rc_fmt("%s%s%s", dir, *name ? "/" : "", name);
	int mode = rc_mode(path), rows = 0, i;

	for (i = 0; i < walk->nr; i++) {
		const struct file_row *file = &walk->file[i];

		if (strcmp(file->name, name) ||
		    !(*name ? belongs(file, level, hier) :
			      file->levels == 1U << level))
			continue;
		rows++;
		if (mode != (int)file->mode)
			complain(walk, path,
				 rc_fmt("mode %o, the guide says %o", mode,
					file->mode));
	}
	if (rows != 1)
		complain(walk, path, rc_fmt("%d rows in the guide", rows));
}

/* Hierarchies of others can have other modes. */
static bool is_ours(const char *name)
{
	return !strcmp(name, "jobs") || !strcmp(name, "spare") ||
	       !strcmp(name, "all");
}

static void check_dir(struct walk *walk, enum level level, const char *hier,
		      const char *dir)
{
	enum level below = level == TOP ? ROOT : GROUP;
	struct dirent *entry;
	DIR *stream;
	int i;

	walk->dirs[level]++;
	check_found(walk, level, hier, dir, "");
	for (i = 0; i < walk->nr; i++) {
		const char *path = rc_fmt("%s/%s", dir, walk->file[i].name);

		if (belongs(&walk->file[i], level, hier) && rc_mode(path) < 0)
			complain(walk, path, "in the guide, but not there");
	}
	stream = opendir(dir);
	if (!stream) {
		complain(walk, dir, strerror(errno));
		return;
	}
	while ((entry = readdir(stream))) {
		const char *name = entry->d_name;
		char *path = strdup(rc_fmt("%s/%s", dir, name));

		if (!S_ISDIR(rc_mode(path)))
			check_found(walk, level, hier, dir, name);
		else if (level == TOP ? is_ours(name) : *name != '.')
			check_dir(walk, below, level == TOP ? path : hier, path);
		free(path);
	}
	closedir(stream);
}

/* The files that are there are those in the guide, with the modes there. */
TEST_F(guide, files)
{
	const char * const own[] = {
		rc_fmt("/proc/%d/rc", getpid()),
		rc_fmt("/proc/%d/task/%d/rc", getpid(), getpid()),
	};
	const struct guide_table *table = &self->files;
	struct walk walk = {};
	int outside = 0, i;

	walk.file = calloc(table->nr, sizeof(*walk.file));
	for (i = 0; i < table->nr; i++) {
		struct file_row *file = &walk.file[walk.nr];
		int ret = parse_file_row(&table->row[i], file);

		EXPECT_EQ(0, ret) {
			TH_LOG("row: %s", table->row[i].cell[0]);
		}
		if (ret)
			continue;
		walk.nr++;
		if (file->levels)
			continue;
		EXPECT_STREQ("rc", file->name);
		EXPECT_EQ((int)file->mode,
			  rc_mode(own[!!strstr(file->path, "/task/")]));
		outside++;
	}
	EXPECT_EQ(2, outside);
	check_dir(&walk, TOP, NULL, RC_ROOT);
	EXPECT_EQ(0, walk.wrong);
	EXPECT_EQ(1, walk.dirs[TOP]);
	EXPECT_EQ(3, walk.dirs[ROOT]);
	EXPECT_LT(3, walk.dirs[GROUP]);
}

/*
 * Errors
 */

static void add_values(FILE *out, const char *dir, bool group)
{
	static const char * const files[] = {
		"subsystems", "release_agent", "notify_on_release", "events",
		"procs",
	};
	struct dirent *entry;
	unsigned int i;
	DIR *stream;

	/* What is in a root is nobody's business. */
	for (i = 0; i < ARRAY_SIZE(files) - !group; i++) {
		char *path = strdup(rc_fmt("%s/%s", dir, files[i]));
		char *text = rc_text(path);

		fprintf(out, "%s: %s\n", path, text ?: "-");
		free(text);
		free(path);
	}
	stream = opendir(dir);
	while (stream && (entry = readdir(stream))) {
		char *path = strdup(rc_fmt("%s/%s", dir, entry->d_name));

		if (entry->d_type == DT_DIR && *entry->d_name != '.')
			add_values(out, path, strcmp(dir, RC_ROOT));
		free(path);
	}
	if (stream)
		closedir(stream);
}

/* All that an operation that failed must not have changed. */
static char *everything(void)
{
	char *snapshot = rc_snapshot(RC_ROOT), *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "%s", snapshot);
	free(snapshot);
	add_values(out, RC_ROOT, false);
	fclose(out);
	return text;
}

/* The line in which two texts begin to differ. */
static const char *first_difference(const char *a, const char *b)
{
	const char *line = b;

	while (*a && *a == *b++)
		if (*a++ == '\n')
			line = b;
	return rc_fmt("%.*s", (int)strcspn(line, "\n"), line);
}

static int errno_of(const char *name)
{
	int i;

	for (i = 1; i < 256; i++)
		if (strerrorname_np(i) && !strcmp(strerrorname_np(i), name))
			return i;
	return 0;
}

/* "no example: see PROGRAM, ...": another test of ours shows this one. */
static bool shown_elsewhere(const char *examples)
{
	char program[64];

	return sscanf(examples, "no example: see %63[a-z_]", program) == 1 &&
	       !access(guide_file(program), X_OK);
}

/* Each example of the guide fails with the errno there, and changes nothing. */
TEST_F(guide, errors)
{
	char *before = everything();
	int examples = 0, i;

	for (i = 0; i < self->errors.nr; i++) {
		const struct guide_row *row = &self->errors.row[i];
		const char *at = row->cell[2];
		int want = -errno_of(row->cell[0]), in_row = 0;
		char *example;

		EXPECT_GT(0, want) {
			TH_LOG("no errno: %s", row->cell[0]);
		}
		while ((example = guide_next_literal(&at))) {
			int ret = run_example(&self->at, example);
			char *after = everything();

			EXPECT_EQ(want, ret) {
				TH_LOG("%s: %s, the guide says %s", example,
				       ret == BAD_NOTATION ? "not understood" :
				       ret ? strerrorname_np(-ret) : "no error",
				       row->cell[0]);
			}
			EXPECT_EQ(0, strcmp(before, after)) {
				TH_LOG("%s: has changed something: %s", example,
				       first_difference(before, after));
			}
			free(before);
			before = after;
			free(example);
			in_row++;
		}
		EXPECT_TRUE(in_row || shown_elsewhere(row->cell[2])) {
			TH_LOG("%s, %s: no example", row->cell[0],
			       row->cell[1]);
		}
		examples += in_row;
	}
	EXPECT_LT(self->errors.nr, examples);
	free(before);
}

/* The table has every errno that the interface promises outside controllers. */
TEST(errors_are_complete)
{
	char *guide = guide_read();
	static const char * const promised[] = {
		"E2BIG", "EACCES", "EBUSY", "EEXIST", "EINVAL", "ENAMETOOLONG",
		"ENODEV", "ENOENT", "ENOMEM", "ENOSPC", "EPERM", "ESRCH",
		"EXDEV",
	};
	struct guide_table table;
	unsigned int p;
	int i;

	ASSERT_TRUE(!!guide);
	ASSERT_EQ(0, guide_table(guide, "errors", &table));
	for (p = 0; p < ARRAY_SIZE(promised); p++) {
		for (i = 0; i < table.nr; i++)
			if (!strcmp(table.row[i].cell[0], promised[p]))
				break;
		EXPECT_GT(table.nr, i) {
			TH_LOG("no row for %s", promised[p]);
		}
	}
}

TEST_HARNESS_MAIN
