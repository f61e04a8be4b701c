/* /proc/PID/auxv: what the kernel handed to the program's loader, as pairs of words. */
#include "layout.h"
#include "text.h"
#include "tree/task_files.h"
#include "world.h"

enum {
	AT_PHDR = 3, AT_PHENT, AT_PHNUM, AT_PAGESZ, AT_BASE, AT_FLAGS, AT_ENTRY, AT_UID = 11, AT_EUID, AT_GID, AT_EGID,
	AT_PLATFORM, AT_HWCAP, AT_CLKTCK, AT_SECURE = 23, AT_RANDOM = 25, AT_HWCAP2, AT_RSEQ_FEATURE_SIZE, AT_RSEQ_ALIGN,
	AT_EXECFN = 31, AT_SYSINFO_EHDR = 33, AT_MINSIGSTKSZ = 51
};

int auxv_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	const struct task *t = node->task;
	const struct cred *c = t->cred;
	struct mm_addresses a;

	(void)reader;
	if (!mm_of(t))
		return 0;
	a = layout_addresses(&w->rules, t);
	{
		const uint64_t pairs[][2] = {
			{ AT_SYSINFO_EHDR, a.vdso }, { AT_MINSIGSTKSZ, 3376 }, { AT_HWCAP, 0x178bfbff }, { AT_PAGESZ, 4096 },
			{ AT_CLKTCK, 100 }, { AT_PHDR, a.start_code + 0x40 }, { AT_PHENT, 56 }, { AT_PHNUM, 13 },
			{ AT_BASE, a.loader }, { AT_FLAGS, 0 }, { AT_ENTRY, a.entry }, { AT_UID, c->uid }, { AT_EUID, c->euid },
			{ AT_GID, c->gid }, { AT_EGID, c->egid }, { AT_SECURE, 0 }, { AT_RANDOM, a.start_stack + 0x100 },
			{ AT_HWCAP2, 2 }, { AT_EXECFN, a.env_end }, { AT_PLATFORM, a.start_stack + 0x110 },
			{ AT_RSEQ_FEATURE_SIZE, 28 }, { AT_RSEQ_ALIGN, 32 }, { 0, 0 },
		};

		return text_append(out, (const char *)pairs, sizeof(pairs));
	}
}
