// SPDX-License-Identifier: GPL-2.0
/* Reads the tables of the user guide; see guide_table.h. */
#define _GNU_SOURCE
#include <libgen.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guide_table.h"
#include "rc_util.h"

const char *guide_file(const char *name)
{
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[len < 0 ? 0 : len] = '\0';
	return rc_fmt("%s/%s", dirname(self), name);
}

char *guide_read(void)
{
	static const char * const places[] = {
		"user-guide.rst",
		"../../../../Documentation/admin-guide/rc/user-guide.rst",
	};
	char *text = NULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(places) && !text; i++)
		text = rc_text(guide_file(places[i]));
	return text;
}

const char *guide_mark(const char *guide, const char *word)
{
	const char *mark = rc_fmt("\n.. guide_test: %s\n", word);
	const char *found = strstr(guide, mark);

	if (!found || strstr(found + 1, mark))
		return NULL;
	return found + strlen(mark);
}

/* Column starts, from a line of "==== ====="; how many there are. */
static int parse_border(const char *line, size_t *start)
{
	size_t i;
	int nr = 0;

	for (i = 0; line[i]; i++) {
		if (!strchr("= ", line[i]))
			return 0;
		if (line[i] == '=' && (!i || line[i - 1] == ' ')) {
			if (nr == GUIDE_COLUMNS)
				return 0;
			start[nr++] = i;
		}
	}
	return nr;
}

static void add_cell(char **cell, const char *line, size_t start, size_t end)
{
	char *joined;

	if (end > strlen(line))
		end = strlen(line);
	if (start > end)
		start = end;
	while (start < end && line[start] == ' ')
		start++;
	while (end > start && line[end - 1] == ' ')
		end--;
	if (*cell && start == end)
		return;
	if (asprintf(&joined, "%s%s%.*s", *cell ?: "", *cell ? "\n" : "",
		     (int)(end - start), line + start) < 0)
		exit(KSFT_FAIL);
	free(*cell);
	*cell = joined;
}

int guide_table(const char *guide, const char *word,
		struct guide_table *table)
{
	const char *at = guide_mark(guide, word);
	size_t start[GUIDE_COLUMNS + 1] = {};
	int borders = 0, i;
	char *text, *line, *save;

	memset(table, 0, sizeof(*table));
	if (!at)
		return -EBADMSG;
	text = strdup(at);
	for (line = strtok_r(text, "\n", &save); line && borders < 3;
	     line = strtok_r(NULL, "\n", &save)) {
		if (*line == '=') {
			if (parse_border(line, start) != GUIDE_COLUMNS)
				break;
			start[GUIDE_COLUMNS] = SIZE_MAX;
			borders++;
			continue;
		}
		if (borders < 2)
			continue;
		if (*line != ' ') {
			table->row = realloc(table->row, (table->nr + 1) *
					     sizeof(*table->row));
			memset(&table->row[table->nr++], 0,
			       sizeof(*table->row));
		}
		if (!table->nr)
			break;
		for (i = 0; i < GUIDE_COLUMNS; i++)
			add_cell(&table->row[table->nr - 1].cell[i], line,
				 start[i], start[i + 1]);
	}
	free(text);
	return borders == 3 && table->nr ? 0 : -EBADMSG;
}

char *guide_next_literal(const char **at)
{
	const char *start = strstr(*at, "``"), *end;

	end = start ? strstr(start + 2, "``") : NULL;
	if (!end)
		return NULL;
	*at = end + 2;
	return strndup(start + 2, end - start - 2);
}

char *guide_literal(const char *cell)
{
	char *text = guide_next_literal(&cell);

	return text && !*cell ? text : NULL;
}
