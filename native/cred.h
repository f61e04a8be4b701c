/* Credentials: shared by all tasks that have them, replaced and never changed, as the kernel's struct cred. */
#ifndef CRED_H
#define CRED_H

#include <stdbool.h>
#include <stdint.h>

/* Numbers of the capabilities that the rules ask for (capability.h). */
enum capability {
	CAP_CHOWN = 0,
	CAP_DAC_OVERRIDE = 1,
	CAP_DAC_READ_SEARCH = 2,
	CAP_FOWNER = 3,
	CAP_KILL = 5,
	CAP_SETGID = 6,
	CAP_SETUID = 7,
	CAP_SETPCAP = 8,
	CAP_SYS_PTRACE = 19,
	CAP_SYS_ADMIN = 21,
	CAP_SYS_NICE = 23,
	CAP_SYS_RESOURCE = 24,
	CAP_SYSLOG = 34,
	CAP_CHECKPOINT_RESTORE = 40
};

#define CAPS_ALL ((1ULL << 41) - 1)
#define CAP_BIT(capability) (1ULL << (capability))

struct cred {
	uint32_t users;
	uint32_t uid, euid, suid, gid, egid, sgid;
	bool keepcaps;
	bool in_user_namespace;		/* of a child user namespace: its capabilities do not count here */
	uint64_t effective, permitted, inheritable, bounding;
};

struct cred *cred_new(void);		/* root with every capability */
struct cred *cred_copy(const struct cred *from);
struct cred *cred_get(struct cred *cred);
void cred_put(struct cred *cred);

/* What the credential counts for in the initial user namespace. */
uint64_t cred_caps(const struct cred *cred);

/* CAP_SYS_ADMIN is worth 3 % of the points, until 4.14. */
static inline bool has_root_bonus(const struct cred *cred) { return cred_caps(cred) & CAP_BIT(CAP_SYS_ADMIN); }

/* The changes of setresuid(2), setresgid(2), capset(2), execve(2), unshare(2): 0 or -EPERM; `to` starts as a copy. */
int cred_setresuid(struct cred *to, const struct cred *from, const int64_t ids[3]);
int cred_setresgid(struct cred *to, const struct cred *from, const int64_t ids[3]);
int cred_capset(struct cred *to, const struct cred *from, uint64_t effective, uint64_t permitted, uint64_t inheritable);
void cred_exec(struct cred *to);
int cred_unshare_user(struct cred *to);

/* commit_creds(): does the change make the mm undumpable? */
bool cred_change_hides(const struct cred *from, const struct cred *to);

#endif
