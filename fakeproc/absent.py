"""What a real /proc has and this one lacks on purpose, and why: `fakeproc help limits` says it, a test checks it."""

HARDWARE = "the hardware of one machine, which the world has none of"
KERNEL = "the insides of one running kernel"
PAGES = "page by page what the world only counts"
NETWORK = "there is no network in the world"

MACHINE = {
    "acpi": HARDWARE,
    "bus": HARDWARE,
    "config.gz": "how one kernel was built",
    "crypto": KERNEL,
    "dma": HARDWARE,
    "driver": HARDWARE,
    "fs": "mounted file systems are not modelled",
    "iomem": HARDWARE,
    "ioports": HARDWARE,
    "irq": HARDWARE,
    "kallsyms": KERNEL,
    "key-users": "key rings are not modelled",
    "keys": "key rings are not modelled",
    "kpagecgroup": PAGES,
    "kpagecount": PAGES,
    "kpageflags": PAGES,
    "misc": HARDWARE,
    "mtrr": HARDWARE,
    "pagetypeinfo": PAGES,
    "sysvipc": "System V objects are not modelled",
    "timer_list": KERNEL,
    "vmallocinfo": KERNEL,
    "sys/abi": "nothing that reads adjustments asks for it",
    "sys/debug": "nothing that reads adjustments asks for it",
    "sys/dev": HARDWARE,
    "sys/net": NETWORK,
    "sys/user": "limits of namespaces are not modelled",
    "sys/vm/hugetlb_optimize_vmemmap": "there are no huge pages",
    "sys/vm/hugetlb_shm_group": "there are no huge pages",
    "sys/vm/mmap_rnd_bits": "addresses are not random here",
    "sys/vm/mmap_rnd_compat_bits": "addresses are not random here",
    "sys/vm/nr_hugepages": "there are no huge pages",
    "sys/vm/nr_hugepages_mempolicy": "there are no huge pages",
    "sys/vm/nr_overcommit_hugepages": "there are no huge pages",
    "sys/vm/numa_stat": "numa_* of vmstat are not kept by node",
    "sys/vm/numa_zonelist_order": "there is one order",
    "sys/vm/shrink_inodes_with_pagecache": "not of the mainline kernel",
    "sys/vm/stat_refresh": "counters are always exact",
}
