// SPDX-License-Identifier: GPL-2.0
/*
 * The vDSO's functions by name. A static program has no dlsym(); the kernel
 * tells where the image is, and an ELF image's dynamic section where its
 * symbols are.
 */
#include <elf.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>

#include "crossing.h"

struct image {
	uintptr_t base;		/* what its addresses are relative to */
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *hash, *gnu_hash;
};

/* Symbols in the table, which only the hash tables tell. */
static uint32_t count(const struct image *v)
{
	const uint32_t *buckets, *chains;
	uint32_t i, last = 0;

	if (v->hash)
		return v->hash[1];	/* nchain */
	if (!v->gnu_hash)
		return 0;
	/* nbuckets, first symbol, words in the Bloom filter, its shift; filter */
	buckets = v->gnu_hash + 4 + v->gnu_hash[2] * 2;
	chains = buckets + v->gnu_hash[0];
	for (i = 0; i < v->gnu_hash[0]; i++)
		if (buckets[i] > last)
			last = buckets[i];
	if (last < v->gnu_hash[1])
		return 0;
	while (!(chains[last - v->gnu_hash[1]] & 1))	/* bit 0 ends a chain */
		last++;
	return last + 1;
}

static int find_image(struct image *v)
{
	uintptr_t start = getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *e = (const Elf64_Ehdr *)start;
	const Elf64_Phdr *p;
	const Elf64_Dyn *d = NULL;
	int i;

	memset(v, 0, sizeof(*v));
	if (!start || memcmp(e->e_ident, ELFMAG, SELFMAG))
		return -1;
	p = (const Elf64_Phdr *)(start + e->e_phoff);
	for (i = 0; i < e->e_phnum; i++) {
		if (p[i].p_type == PT_LOAD && !v->base)
			v->base = start + p[i].p_offset - p[i].p_vaddr;
		if (p[i].p_type == PT_DYNAMIC)
			d = (const Elf64_Dyn *)(start + p[i].p_offset);
	}
	for (; d && d->d_tag != DT_NULL; d++) {
		const void *at = (const void *)(v->base + d->d_un.d_ptr);

		switch (d->d_tag) {
		case DT_SYMTAB:
			v->symbols = at;
			break;
		case DT_STRTAB:
			v->strings = at;
			break;
		case DT_HASH:
			v->hash = at;
			break;
		case DT_GNU_HASH:
			v->gnu_hash = at;
			break;
		}
	}
	return v->symbols && v->strings ? 0 : -1;
}

void *tg_vdso_function(const char *name)
{
	struct image v;
	uint32_t i, n;

	if (find_image(&v))
		return NULL;
	n = count(&v);
	for (i = 0; i < n; i++)
		if (v.symbols[i].st_shndx != SHN_UNDEF &&
		    ELF64_ST_TYPE(v.symbols[i].st_info) == STT_FUNC &&
		    !strcmp(v.strings + v.symbols[i].st_name, name))
			return (void *)(v.base + v.symbols[i].st_value);
	return NULL;
}
