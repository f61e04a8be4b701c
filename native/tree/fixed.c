/* Files whose text never changes: what a plain machine has of it. */
#include "text.h"
#include "tree/tree.h"

#include <string.h>

static const struct { const char *name, *text; } constants[] = {
	{ "cmdline", "BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1 ro quiet\n" },
	{ "consoles", "tty0                 -WU (EC  p  )    4:1\n" },
	{ "devices", "Character devices:\n  1 mem\n  4 tty\n  5 /dev/tty\n  5 /dev/console\n  5 /dev/ptmx\n 10 misc\n"
		     "136 pts\n\nBlock devices:\n  8 sd\n" },
	{ "execdomains", "0-0\tLinux           \t[kernel]\n" },
	{ "filesystems", "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup\nnodev\tcgroup2\nnodev\tcpuset\n"
			 "nodev\tdevtmpfs\nnodev\tdebugfs\nnodev\tsecurityfs\nnodev\tsockfs\nnodev\tpipefs\nnodev\tramfs\n"
			 "nodev\tdevpts\n\text3\n\text2\n\text4\nnodev\tautofs\n\tfuseblk\nnodev\tfuse\nnodev\tfusectl\n"
			 "nodev\toverlay\nnodev\tmqueue\n" },
	{ "locks", "" },
	{ "drivers", "/dev/tty             /dev/tty        5       0 system:/dev/tty\n"
		     "/dev/console         /dev/console    5       1 system:console\n"
		     "/dev/ptmx            /dev/ptmx       5       2 system\n"
		     "/dev/vc/0            /dev/vc/0       4       0 system:vtmaster\n"
		     "pty_slave            /dev/pts      136 0-1048575 pty:slave\n"
		     "pty_master           /dev/ptm      128 0-1048575 pty:master\n"
		     "unknown              /dev/tty        4 1-63 console\n" },
	{ "core_pattern", "core\n" },
	{ "domainname", "(none)\n" },
	{ "lowmem_reserve_ratio", "256\t256\t32\t0\t0\n" },
	{ "ngroups_max", "65536\n" },
	{ "printk", "4\t4\t1\t7\n" },
	{ "tainted", "0\n" },
	{ "entropy_avail", "256\n" },
	{ "boot_id", "5ca1ab1e-0000-4000-8000-000000000001\n" },
	{ "dentry-state", "0\t0\t45\t0\t0\t0\n" },
};

int fixed_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	(void)w, (void)reader;
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		if (!strcmp(constants[i].name, node->entry->name))
			return text_append(out, constants[i].text, strlen(constants[i].text));
	return 0;
}
