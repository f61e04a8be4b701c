/* /proc/version and sys/kernel/{osrelease,ostype,version}: what uname(2) says, and who built it. */
#include "machine.h"
#include "text.h"
#include "tree/tree.h"

#define BUILD "#1 SMP @0"

int version_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	char release[RELEASE_SIZE];

	(void)node, (void)reader;
	release_of(w, release);
	return text_printf(out, "Linux version %s (fakeproc@localhost) (gcc (GCC) 12.2.0, GNU ld (GNU Binutils) 2.40) " BUILD
			   "\n", release);
}

int osrelease_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	char release[RELEASE_SIZE];

	(void)node, (void)reader;
	release_of(w, release);
	return text_printf(out, "%s\n", release);
}

int ostype_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)node, (void)reader;
	return text_printf(out, "Linux\n");
}

int build_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)node, (void)reader;
	return text_printf(out, BUILD "\n");
}
