/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Diagnoses for doctor_schema.py: "doctor_tool DIR N" writes the JSON of every case
 * of sample_facts.c and of N random machines there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "sample_facts.h"

static int write_one(const struct tg_facts *f, const char *dir, const char *name, size_t i)
{
	struct tg_diagnosis d;
	char path[512], *text;
	FILE *out;
	int failed;

	tg_diagnose(f, &d);
	text = tg_doctor_dump(f, &d);
	snprintf(path, sizeof(path), "%s/%s%zu.json", dir, name, i);
	out = fopen(path, "w");
	failed = !text || !out || fputs(text, out) < 0;
	if (out)
		failed |= fclose(out);
	free(text);
	return failed;
}

int main(int argc, char **argv)
{
	struct tg_facts f = good_facts();
	uint64_t seed = 4242;
	int failed;

	if (argc != 3)
		return 2;
	failed = write_one(&f, argv[1], "good", 0);
	for (size_t i = 0; i < nr_sample_cases; i++) {
		f = good_facts();
		sample_cases[i].change(&f);
		failed |= write_one(&f, argv[1], "case", i);
	}
	for (size_t i = 0; i < (size_t)atoi(argv[2]); i++) {
		f = random_facts(&seed);
		failed |= write_one(&f, argv[1], "random", i);
	}
	return failed ? 1 : 0;
}
