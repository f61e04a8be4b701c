/* See sysrq.h. Mirrors __handle_sysrq() and moom_callback(). */
#include "sysrq.h"

#include "fakeproc.h"
#include "klog.h"
#include "run.h"
#include "world.h"

#include <string.h>

/* What a kernel with everything built in offers. */
static const char help[] =
	"loglevel(0-9) reboot(b) crash(c) terminate-all-tasks(e) memory-full-oom-kill(f) kill-all-tasks(i) "
	"thaw-filesystems(j) sak(k) show-backtrace-all-active-cpus(l) show-memory-usage(m) nice-all-RT-tasks(n) "
	"poweroff(o) show-registers(p) show-all-timers(q) unraw(r) sync(s) show-task-states(t) unmount(u) "
	"show-blocked-tasks(w) dump-ftrace-buffer(z) ";

static void say(struct world *w, const char *text)
{
	klog_printf(w, LOG_INFO, "sysrq: %s%s", w->rules.sysrq_says_so_twice ? "SysRq : " : "", text);
}

static bool is_key(char key)
{
	const char in_help[] = { '(', key, ')', '\0' };

	return (key >= '0' && key <= '9') || (key && strstr(help, in_help));
}

static bool kill_by_hand(struct world *w, const char *kworker)
{
	const struct oom_request request = { .gfp_mask = gfp_kernel(w), .order = -1 };
	bool found;

	say(w, "Manual OOM execution");
	found = allocate_by_kworker(w, kworker, &request);
	if (!found && w->rules.no_victim_is_logged)
		klog_printf(w, LOG_INFO, "sysrq: OOM request ignored. No task eligible");
	else if (!found && w->oom.disabled)
		klog_printf(w, LOG_INFO, "sysrq: OOM request ignored because killer is disabled");
	return found;
}

/* The other keys are taken without effect; what is no key gets the list of them. */
bool sysrq(struct world *w, char key, const char *kworker)
{
	char text[sizeof(help) + 8] = "HELP : ";

	if (key == 'f')
		return kill_by_hand(w, kworker);
	if (!is_key(key))
		say(w, strcat(text, help));
	return false;
}
