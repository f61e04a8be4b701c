/*
 * System calls of a command that a file system cannot answer and, where that is asked for, those that send signals,
 * whose sender nobody else tells: seccomp(2) stops them and tells the server, which answers, or lets them go on. 40 us
 * each; every other call costs nothing.
 */
#define _GNU_SOURCE
#include "fakeproc.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Such a call is told of. */
#define TOLD(number) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)
#define ALLOWED BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

int intercept_install(int what)
{
#ifdef __x86_64__
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
		ALLOWED,
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		TOLD(SYS_statfs), TOLD(SYS_fstatfs), TOLD(SYS_pidfd_send_signal), TOLD(SYS_sysinfo),
		BPF_JUMP(BPF_JMP | BPF_JA, what == INTERCEPT_SENDERS ? 0 : 10, 0, 0),	/* over the next five */
		TOLD(SYS_kill), TOLD(SYS_tkill), TOLD(SYS_tgkill), TOLD(SYS_rt_sigqueueinfo), TOLD(SYS_rt_tgsigqueueinfo),
		ALLOWED,
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);

	return fd < 0 ? -errno : (int)fd;
#else
	(void)what;
	return -ENOSYS;
#endif
}

/* ENOENT: whoever called was killed before it was heard. */
int intercept_next(int listener, struct trapped *out)
{
	struct seccomp_notif heard;

	memset(&heard, 0, sizeof(heard));
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &heard))
		return -errno;
	*out = (struct trapped){ .id = heard.id, .pid = (int32_t)heard.pid, .number = heard.data.nr };
	memcpy(out->words, heard.data.args, sizeof(out->words));
	return 0;
}

int intercept_is_waiting(int listener, uint64_t id)
{
	return !ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id);
}

int intercept_answer(int listener, uint64_t id, int error, int goes_on)
{
	struct seccomp_notif_resp answer = {
		.id = id, .error = -error, .flags = goes_on ? SECCOMP_USER_NOTIF_FLAG_CONTINUE : 0,
	};

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer) ? -errno : 0;
}
