// SPDX-License-Identifier: GPL-2.0
/*
 * The user guide says what is true: its tables of files and of errors are read
 * from the guide itself and compared with the running kernel.
 *
 * Comments of the guide, ".. guide_test: WORDS", mark what is read: "files" and
 * "cpuset files" the tables of files; "errors" the table with examples, and
 * "situation" the literal block with what these start from; "cpuset errors" and
 * "cpuset situation" the same for a kernel that has cpuset, "cpu errors" and "cpu
 * situation" for one that has cpu; "cpuset differences", "cpu differences" and "pids
 * differences" the tables that name tests; "actors" who may do what, and "actors situation".
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../kselftest_harness.h"
#include "cpuset_util.h"
#include "guide_example.h"
#include "guide_table.h"

FIXTURE(guide)
{
	char *text;
	/* Those that all hierarchies have, and those of cpuset. */
	struct guide_table files[2];
	struct situation at;
};

FIXTURE_SETUP(guide)
{
	const char *line;
	int ret;

	ASSERT_EQ(0, rc_setup());
	self->text = guide_read();
	ASSERT_TRUE(!!self->text);
	ASSERT_EQ(0, guide_table(self->text, "files", &self->files[0]));
	ASSERT_EQ(0, guide_table(self->text, "cpuset files", &self->files[1]));
	ret = situation_make(&self->at, self->text, "situation", &line);
	/* Nobody else cleans up after a setup that has failed. */
	if (ret)
		rc_teardown();
	ASSERT_EQ(0, ret) {
		TH_LOG("%s", line);
	}
}

FIXTURE_TEARDOWN(guide)
{
	situation_end(&self->at);
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
	/* The controller whose hierarchy has it, "" if each has. */
	char controller[NAME_MAX + 1];
	char name[NAME_MAX + 1];
	mode_t mode;
	char *path;
};

static int parse_file_row(const struct guide_row *row, struct file_row *file)
{
	static const struct {
		const char *prefix;
		unsigned int levels;
		const char *controller;
	} in[] = {
		{ RC_ROOT "/cpuset/[G/]", 1 << ROOT | 1 << GROUP, "cpuset" },
		{ RC_ROOT "/cpuset/", 1 << ROOT, "cpuset" },
		{ RC_ROOT "/H/[G/]", 1 << ROOT | 1 << GROUP, "" },
		{ RC_ROOT "/H/G/", 1 << GROUP, "" },
		{ RC_ROOT "/H/", 1 << ROOT, "" },
		{ RC_ROOT "/", 1 << TOP, "" },
		/* Of the caller, in no directory of ours. */
		{ "/proc/PID/task/TID/", 0, "" },
		{ "/proc/PID/", 0, "" },
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
		snprintf(file->controller, sizeof(file->controller), "%s",
			 strchr(file->name, '.') ? file->name :
						   in[i].controller);
		file->controller[strcspn(file->controller, ".")] = '\0';
		file->mode |= *file->name ? S_IFREG : S_IFDIR;
		return strchr(file->name, '/') ? -EBADMSG : 0;
	}
	return -EBADMSG;
}

/* Is the file to be found in directories of this level and hierarchy? */
static bool belongs(const struct file_row *file, enum level level,
		    const char *hier)
{
	char bound[1024], *name, *save;

	if (!(file->levels & 1 << level) || !*file->name)
		return false;
	if (!*file->controller)
		return true;
	if (rc_read(rc_fmt("%s/subsystems", hier), bound, sizeof(bound)) < 0)
		return false;
	for (name = strtok_r(bound, "\n ", &save); name;
	     name = strtok_r(NULL, "\n ", &save))
		if (!strcmp(name, file->controller))
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
	struct walk walk = {};
	int outside = 0, t, i;

	walk.file = calloc(self->files[0].nr + self->files[1].nr,
			   sizeof(*walk.file));
	for (t = 0; t < 2; t++) {
		for (i = 0; i < self->files[t].nr; i++) {
			struct guide_row *row = &self->files[t].row[i];
			struct file_row *file = &walk.file[walk.nr];
			int ret = parse_file_row(row, file);

			EXPECT_EQ(0, ret) {
				TH_LOG("row: %s", row->cell[0]);
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
		"freeze", "cpu.weight", "cpu.idle", "cpu.max", "procs",
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
static char *everything(bool cpuset)
{
	char *snapshot = cpuset ? cs_snapshot(RC_ROOT) : rc_snapshot(RC_ROOT);
	char *text;
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

/* Two cells have the same words, wherever their lines end. */
static bool same_words(const char *a, const char *b)
{
	for (;;) {
		size_t len;

		a += strspn(a, "\n ");
		b += strspn(b, "\n ");
		len = strcspn(a, "\n ");
		if (len != strcspn(b, "\n ") || strncmp(a, b, len))
			return false;
		if (!len)
			return true;
		a += len;
		b += len;
	}
}

/* Does the guide say that a row's refusals have no line in /proc/rc/errors? */
static bool without_line(const struct guide_table *exceptions, const struct guide_row *row)
{
	int i;

	for (i = 0; i < exceptions->nr; i++)
		if (!strcmp(exceptions->row[i].cell[0], row->cell[0]) &&
		    same_words(exceptions->row[i].cell[1], row->cell[1]))
			return true;
	return false;
}

/* What was refused is told in words; in the line that was added to @before, if there is one. */
static bool is_told(const char *before, const char *example)
{
	char *after = rc_text(RC_ROOT "/errors"), *line, *what;
	const char *file = strstr(example, "write ");
	bool ret = false;

	if (after && strcmp(before, after)) {
		after[strlen(after) - 1] = '\0';
		line = strrchr(after, '\n') ?: after;
		what = strrchr(line, '\t');
		ret = what && strstr(what, ": ");
		/* A file comes first, and what was written, and the rule. */
		if (ret && file) {
			const char *end = strchrnul(file + strlen("write "), ' ');
			const char *from = memrchr(file, '/', end - file) ?: strchr(file, ' ');

			ret = !strncmp(what + 1, from + 1, end - from - 1);
		}
	}
	free(after);
	return ret;
}

/* "no example: see PROGRAM, ...": another test of ours shows this one. */
static bool shown_elsewhere(const char *examples)
{
	char program[64];

	return sscanf(examples, "no example: see %63[a-z_]", program) == 1 &&
	       !access(guide_file(program), X_OK);
}

FIXTURE(errors)
{
	char *text;
	struct guide_table table;
	struct guide_table untold;
	struct situation at;
};

FIXTURE_VARIANT(errors)
{
	const char *table;
	const char *situation;
	bool cpuset;
	bool cpu;
};

FIXTURE_VARIANT_ADD(errors, core)
{
	.table = "errors",
	.situation = "situation",
};

FIXTURE_VARIANT_ADD(errors, cpuset)
{
	.table = "cpuset errors",
	.situation = "cpuset situation",
	.cpuset = true,
};

FIXTURE_VARIANT_ADD(errors, cpu)
{
	.table = "cpu errors",
	.situation = "cpu situation",
	.cpu = true,
};

FIXTURE_SETUP(errors)
{
	const char *line;
	int ret;

	if (variant->cpuset && (!rc_has_subsys("cpuset") || cs_nr_cpus() < 4))
		SKIP(return, "it takes CONFIG_RC_CPUSET and four CPUs");
	if (variant->cpu && !rc_has_subsys("cpu"))
		SKIP(return, "it takes CONFIG_RC_CPU");
	ASSERT_EQ(0, rc_setup());
	self->text = guide_read();
	ASSERT_TRUE(!!self->text);
	ASSERT_EQ(0, guide_table(self->text, variant->table, &self->table));
	ASSERT_EQ(0, guide_table(self->text, "errors without a line", &self->untold));
	ret = situation_make(&self->at, self->text, variant->situation, &line);
	if (ret)
		rc_teardown();
	ASSERT_EQ(0, ret) {
		TH_LOG("%s", line);
	}
}

FIXTURE_TEARDOWN(errors)
{
	situation_end(&self->at);
	EXPECT_EQ(0, rc_teardown());
}

/*
 * Each example of the guide fails with the errno there, and changes nothing; why is told
 * in /proc/rc/errors, unless the guide says that it is not.
 */
TEST_F(errors, examples)
{
	char *before = everything(variant->cpuset);
	int examples = 0, i;

	for (i = 0; i < self->table.nr; i++) {
		const struct guide_row *row = &self->table.row[i];
		const char *at = row->cell[2];
		int want = -errno_of(row->cell[0]), in_row = 0;
		char *example;

		EXPECT_GT(0, want) {
			TH_LOG("no errno: %s", row->cell[0]);
		}
		while ((example = guide_next_literal(&at))) {
			char *told = rc_text(RC_ROOT "/errors"), *after;
			int ret = run_example(&self->at, example);

			EXPECT_EQ(!without_line(&self->untold, row), is_told(told, example)) {
				TH_LOG("%s: in /proc/rc/errors or not", example);
			}
			free(told);
			after = everything(variant->cpuset);

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
	EXPECT_LT(self->table.nr, examples);
	free(before);
}

/* The table has every errno that the interface promises outside controllers. */
TEST(errors_are_complete)
{
	char *guide = guide_read();
	static const char * const promised[] = {
		"E2BIG", "EACCES", "EBUSY", "EEXIST", "EINVAL", "ENAMETOOLONG",
		"ENODEV", "ENOENT", "ENOMEM", "ENOSPC", "EPERM", "ESRCH",
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

/*
 * Who may do what
 */

FIXTURE(actors)
{
	char *text;
	struct guide_table table;
	struct situation at;
};

FIXTURE_SETUP(actors)
{
	const char *line;
	int ret;

	ASSERT_EQ(0, rc_setup());
	self->text = guide_read();
	ASSERT_TRUE(!!self->text);
	ASSERT_EQ(0, guide_table(self->text, "actors", &self->table));
	ret = situation_make(&self->at, self->text, "actors situation", &line);
	if (ret)
		rc_teardown();
	ASSERT_EQ(0, ret) {
		TH_LOG("%s", line);
	}
}

FIXTURE_TEARDOWN(actors)
{
	situation_end(&self->at);
	EXPECT_EQ(0, rc_teardown());
}

static bool is_word_of(const char *text, size_t len, const char *word)
{
	size_t size = strlen(word);
	const char *at = text;

	while ((at = strstr(at, word)) && at + size <= text + len) {
		if ((at == text || isspace(at[-1])) &&
		    (at + size == text + len || isspace(at[size])))
			return true;
		at += size;
	}
	return false;
}

/* What a row says: 0 or an errno; 1 if it says nothing of @actor. */
static int actor_result(const struct guide_row *row, const char *actor)
{
	const char *at = row->cell[2];

	if (row->cell[1] && is_word_of(row->cell[1], strlen(row->cell[1]), actor))
		return 0;
	/* "| ERRNO: actor actor" and more lines. */
	while (at && (at = strstr(at, "| "))) {
		const char *end = strstr(at + 1, "| ") ?: at + strlen(at);
		char name[16];

		if (sscanf(at, "| %15[A-Z0-9]:", name) == 1 &&
		    is_word_of(at, end - at, actor))
			return -errno_of(name);
		at = end;
	}
	return 1;
}

/* Each actor of the guide can do, and cannot do, what stands there. */
TEST_F(actors, operations)
{
	static const char * const actors[] = {
		"root", "uncapped", "alice", "bob", "contained", "nothing",
		"given", "bare", "mapped", "handed", "hidden", "readonly",
	};
	int i, cells = 0;
	unsigned int a;

	for (i = 0; i < self->table.nr; i++) {
		const struct guide_row *row = &self->table.row[i];
		char *operation = guide_literal(row->cell[0]);

		ASSERT_TRUE(!!operation);
		for (a = 0; a < ARRAY_SIZE(actors); a++) {
			char *line = strdup(rc_fmt("%s: %s", actors[a], operation));
			int want = actor_result(row, actors[a]), ret;
			char *before = rc_snapshot(RC_ROOT);

			ret = run_example(&self->at, line);
			if (want == 1)
				want = NOT_CONCERNED;
			EXPECT_EQ(want, ret) {
				TH_LOG("%s: %s", line, strerrorname_np(-ret) ?: "?");
			}
			if (ret) {
				EXPECT_EQ(0, strcmp(before, rc_snapshot(RC_ROOT))) {
					TH_LOG("%s: has changed something", line);
				}
			} else {
				const char *at;

				situation_end(&self->at);
				if (!access(RC_ROOT "/x", F_OK))
					rc_track_hier(RC_ROOT "/x");
				ASSERT_EQ(0, rc_teardown());
				ASSERT_EQ(0, situation_make(&self->at, self->text,
							    "actors situation", &at));
			}
			free(before);
			free(line);
			cells++;
		}
		free(operation);
	}
	TH_LOG("%d cells", cells);
}

/*
 * Tests that the guide names
 */

/* Does @program have a test @name?  Programs list theirs when asked to. */
static bool has_test(const char *program, const char *name)
{
	FILE *list = popen(rc_fmt("%s -l 2>&1", guide_file(program)), "r");
	char line[256];
	bool found = false;

	while (list && fgets(line, sizeof(line), list)) {
		char *last = strrchr(line, ' ');

		line[strcspn(line, "\n")] = '\0';
		found |= last && !strcmp(last + 1, name);
	}
	if (list)
		pclose(list);
	return found;
}

FIXTURE(differences)
{
	struct guide_table table;
};

FIXTURE_VARIANT(differences)
{
	const char *table;
};

FIXTURE_VARIANT_ADD(differences, cpuset) { "cpuset differences" };
FIXTURE_VARIANT_ADD(differences, cpu) { "cpu differences" };
FIXTURE_VARIANT_ADD(differences, pids) { "pids differences" };

FIXTURE_SETUP(differences)
{
	char *guide = guide_read();

	ASSERT_TRUE(!!guide);
	ASSERT_EQ(0, guide_table(guide, variant->table, &self->table));
}

FIXTURE_TEARDOWN(differences) { }

/* What the guide says differs from cgroups is shown by tests that there are. */
TEST_F(differences, tests)
{
	for (int i = 0; i < self->table.nr; i++) {
		const char *at = self->table.row[i].cell[2];
		char *shown, program[64], name[64];
		int tests = 0;

		while ((shown = guide_next_literal(&at))) {
			EXPECT_TRUE(sscanf(shown, "%63s %63s", program,
					   name) == 2 &&
				    has_test(program, name)) {
				TH_LOG("no test: %s", shown);
			}
			free(shown);
			tests++;
		}
		EXPECT_LT(0, tests) {
			TH_LOG("%s: no test", self->table.row[i].cell[0]);
		}
	}
}

TEST_HARNESS_MAIN
