/* Open files of the tree: what the VFS keeps for one, and procfs' answers. Called with the world's lock. */
#ifndef FILE_H
#define FILE_H

#include "psi.h"
#include "text.h"
#include "tree/tree.h"

struct file {
	struct world *world;
	const struct entry *entry;
	enum level level;
	uint64_t place, number;	/* as of the node */
	int32_t pid;		/* of the task that it was opened for; 0 = the machine's */
	uint64_t serial;	/* which says whether that pid still means the same */
	int flags;
	int64_t position;
	bool shown;		/* text holds a generation (SHOWN) */
	int64_t shown_to;	/* the position that the next read must have to go on in it */
	uint64_t record;	/* RECORDS: the next one */
	bool as_bytes;		/* RECORDS, but read from the middle */
	uint64_t caps;		/* of who opened it (f_cred) */
	struct psi_trigger *trigger;	/* PRESSURE: what was written, or NULL */
	int real;		/* REAL: a descriptor of the real file, which is read in its stead; or -1 */
	uint64_t version;	/* NOTIFIES: of what was last shown, see cgroup_version(); 0 = nothing yet */
	struct text text;
};

int open_node(struct world *w, const struct caller *who, const struct node *node, int flags, struct file **out);
int check_open(const struct world *w, const struct caller *who, const struct node *node, int flags);
int open_path(struct world *w, const struct caller *who, const char *path, int flags, struct file **out);
int open_below(struct file *directory, const struct caller *who, const char *name, int flags, struct file **out);
void close_file(struct file *f);
/* The node that it is open on: 0, or -ESRCH once the task is gone. */
int file_node(const struct file *f, struct node *out);
ssize_t read_at(struct file *f, const struct caller *who, void *buffer, size_t count, int64_t offset);
ssize_t write_to(struct file *f, const struct caller *who, const void *buffer, size_t count, int64_t offset);
/* The POLL* events that it is ready for. Asking takes the event of a trigger: file_is_ready() only looks. */
unsigned int poll_file(struct file *f);
bool file_is_ready(const struct file *f);
/* seq_open() takes pwrite(2) away, also where write(2) does something. */
bool refuses_pwrite(const struct file *f);
int64_t seek(struct file *f, const struct caller *who, int64_t offset, int whence);
/* What the text holds from that position on. */
ssize_t copy_out(const struct file *f, void *buffer, size_t count, int64_t offset);

/* RECORDS: kmsg.c's own. */
ssize_t kmsg_read(struct file *f, void *buffer, size_t count, int64_t offset);
int64_t kmsg_seek(struct file *f, int64_t offset, int whence);
unsigned int kmsg_poll(const struct file *f);
/* TAKEN: proc_kmsg.c's own. */
ssize_t proc_kmsg_read(struct file *f, void *buffer, size_t count);
unsigned int proc_kmsg_poll(const struct file *f);

/* PRESSURE: pressure.c's own. The group may be a cgroup's, of a file whose name begins with that of the resource. */
int pressure_show(struct world *w, struct psi *psi, const struct entry *e, struct text *out);
int pressure_set_trigger(struct file *f, struct psi *psi, const char *text);
ssize_t pressure_write(struct file *f, const char *bytes, size_t count);

/* The entry behind position *at: 1, 0 at the end, -ENOENT once the task of the directory is gone. */
int directory_entry(const struct file *f, int64_t *at, char name[256], struct node *out);

#endif
