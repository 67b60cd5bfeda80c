/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether libpam can load our module: the header, and what it links. */
#include <sys/stat.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/doctor/look.h"

#define MODULE_MAX	(4 * 1024 * 1024)
#define NEEDED_MAX	64

struct image {
	char	*data;
	size_t	 len;
};

static bool
image_read(const struct world *w, const char *path, struct image *i)
{
	i->data = pamhost_read(&w->pam, path, MODULE_MAX, &i->len);
	return i->data != NULL;
}

/* size bytes at `at`, or NULL. */
static const void *
part(const struct image *i, uint64_t at, uint64_t size)
{
	return at <= i->len && size <= i->len - at ? i->data + at : NULL;
}

static bool
is_elf(const struct image *i)
{
	return i->len >= sizeof(ElfW(Ehdr)) &&
	    memcmp(i->data, ELFMAG, SELFMAG) == 0;
}

static uint16_t
machine(const struct image *i)
{
	ElfW(Ehdr) head;

	memcpy(&head, i->data, sizeof(head));
	return head.e_machine;
}

static bool
same_kind(const struct image *a, const struct image *b)
{
	return a->data[EI_CLASS] == b->data[EI_CLASS] &&
	    a->data[EI_DATA] == b->data[EI_DATA] && machine(a) == machine(b);
}

/* What every program has anyway. */
static bool
may_need(const char *name)
{
	return strcmp(name, "libpam.so.0") == 0 ||
	    strncmp(name, "libc.", 5) == 0 || strncmp(name, "ld-", 3) == 0;
}

/* Where an address of the loaded module lies in the file. */
static uint64_t
offset_of(const struct image *i, const ElfW(Ehdr) *head, uint64_t address)
{
	const void *at;
	ElfW(Phdr) p;
	size_t n;

	for (n = 0; n < head->e_phnum; n++) {
		at = part(i, head->e_phoff + n * sizeof(p), sizeof(p));
		if (at == NULL)
			break;
		memcpy(&p, at, sizeof(p));
		if (p.p_type == PT_LOAD && address >= p.p_vaddr &&
		    address - p.p_vaddr < p.p_filesz)
			return address - p.p_vaddr + p.p_offset;
	}
	return UINT64_MAX;
}

/* The dynamic section's names; the first that is not allowed in `bad`. */
static bool
check_needed(const struct image *i, const ElfW(Ehdr) *head,
    const ElfW(Phdr) *p, char *bad, size_t size)
{
	uint64_t needed[NEEDED_MAX], strings = UINT64_MAX, at;
	size_t n, count = 0;
	const char *name;
	const void *raw;
	ElfW(Dyn) d;

	for (n = 0; n < p->p_filesz / sizeof(d); n++) {
		raw = part(i, p->p_offset + n * sizeof(d), sizeof(d));
		if (raw == NULL)
			return false;
		memcpy(&d, raw, sizeof(d));
		if (d.d_tag == DT_STRTAB)
			strings = offset_of(i, head, d.d_un.d_ptr);
		if (d.d_tag == DT_NEEDED && count < NEEDED_MAX)
			needed[count++] = d.d_un.d_val;
	}
	for (n = 0; n < count; n++) {
		at = strings + needed[n];
		if (strings == UINT64_MAX || at >= i->len)
			return false;
		/* pamhost_read ends its data with a NUL. */
		name = i->data + at;
		if (!may_need(name)) {
			snprintf(bad, size, "%s", name);
			return true;
		}
	}
	return true;
}

/* False: not to be read as a module. */
static bool
needed(const struct image *i, char *bad, size_t size)
{
	ElfW(Ehdr) head;
	const void *at;
	ElfW(Phdr) p;
	size_t n;

	memcpy(&head, i->data, sizeof(head));
	for (n = 0; n < head.e_phnum; n++) {
		at = part(i, head.e_phoff + n * sizeof(p), sizeof(p));
		if (at == NULL)
			return false;
		memcpy(&p, at, sizeof(p));
		if (p.p_type == PT_DYNAMIC)
			return check_needed(i, &head, &p, bad, size);
	}
	return false;
}

static void
kind(struct world *w, enum world_module state, const char *detail)
{
	w->module_state = state;
	snprintf(w->module_detail, sizeof(w->module_detail), "%s", detail);
}

void
look_module(struct world *w, const char *folder)
{
	struct image ours = { 0 }, theirs = { 0 }, self = { 0 };
	const struct image *like = &self;
	char path[PATH_MAX], bad[128] = "";

	if (!image_read(w, w->module, &ours)) {
		if (errno == ENOENT || errno == ENOTDIR)
			w->module_state = WORLD_MODULE_MISSING;
		else
			world_unseen(w, "%s: %s", w->module, strerror(errno));
		return;
	}
	/* A program of 64 bits may stand beside a libpam of 32. */
	if (snprintf(path, sizeof(path), "%s/pam_unix.so", folder) <
	    (int)sizeof(path) && image_read(w, path, &theirs) &&
	    is_elf(&theirs))
		like = &theirs;
	else if (!image_read(w, "/proc/self/exe", &self) || !is_elf(&self))
		like = &ours;
	w->module_state = WORLD_MODULE_OK;
	if (!is_elf(&ours))
		kind(w, WORLD_MODULE_KIND, "not an ELF file");
	else if (!same_kind(&ours, like))
		kind(w, WORLD_MODULE_KIND, "another processor's");
	else if (ours.data[EI_CLASS] == (sizeof(void *) == 8 ? ELFCLASS64 :
	    ELFCLASS32)) {
		if (!needed(&ours, bad, sizeof(bad)))
			kind(w, WORLD_MODULE_KIND, "cut or damaged");
		else if (bad[0] != '\0')
			kind(w, WORLD_MODULE_LINKS, bad);
	}
	free(ours.data);
	free(theirs.data);
	free(self.data);
}
