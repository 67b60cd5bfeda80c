/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target without a fuzzer: over the files named, or over nothing
 * and its saved corpus.  No argument and no corpus is a failure.
 */
#include <dirent.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_MAX (128 * 1024)

static void
run_file(const char *path)
{
	static uint8_t buf[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	size_t len;

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	len = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	/* A block of its own: reading past the end is seen. */
	if ((data = malloc(len > 0 ? len : 1)) == NULL)
		abort();
	memcpy(data, buf, len);
	LLVMFuzzerTestOneInput(data, len);
	free(data);
}

static unsigned
run_corpus(void)
{
	char folder[1024], path[1300];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(folder, sizeof(folder), "%s/fuzz/corpus/%s", TEST_SRCDIR,
	    fuzz_name);
	if ((d = opendir(folder)) == NULL) {
		perror(folder);
		exit(1);
	}
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		run_file(path);
		n++;
	}
	closedir(d);
	return n;
}

int
main(int argc, char **argv)
{
	unsigned n;
	int i;

	for (i = 1; i < argc; i++)
		run_file(argv[i]);
	if (argc == 1)
		LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	n = argc > 1 ? (unsigned)argc - 1 : run_corpus();
	printf("%s %s: %u saved inputs\n", n > 0 ? "ok" : "not ok",
	    fuzz_name, n);
	return n > 0 ? 0 : 1;
}
