/* /proc/cpuinfo: a plain x86-64 of one package; its flags are those of x86-64-v2. */
#include "text.h"
#include "tree/tree.h"
#include "world.h"

static int processor(struct text *out, int32_t cpu, int32_t cpus)
{
	int error = text_printf(out, "processor\t: %d\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 26\n"
				"model name\t: Synthetic x86-64 CPU @ 2.00GHz\nstepping\t: 3\nmicrocode\t: 0x1\n"
				"cpu MHz\t\t: 2000.000\ncache size\t: 16384 KB\nphysical id\t: 0\nsiblings\t: %d\n"
				"core id\t\t: %d\ncpu cores\t: %d\napicid\t\t: %d\ninitial apicid\t: %d\n",
				cpu, cpus, cpu, cpus, cpu, cpu);

	if (error)
		return error;
	return text_printf(out, "fpu\t\t: yes\nfpu_exception\t: yes\ncpuid level\t: 11\nwp\t\t: yes\n"
			   "flags\t\t: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx "
			   "fxsr sse sse2 ht syscall nx lm constant_tsc rep_good nopl cpuid pni ssse3 cx16 sse4_1 sse4_2 x2apic "
			   "popcnt hypervisor lahf_lm\nbugs\t\t:\nbogomips\t: 4000.00\nclflush size\t: 64\n"
			   "cache_alignment\t: 64\naddress sizes\t: 46 bits physical, 48 bits virtual\npower management:\n\n");
}

int cpuinfo_read(struct world *w, const struct node *node, const struct caller *reader, struct text *out)
{
	int error = 0;

	(void)node, (void)reader;
	for (int32_t cpu = 0; !error && cpu < w->machine.cpus; cpu++)
		error = processor(out, cpu, w->machine.cpus);
	return error;
}
