/* See extra.h. */
#include "extra.h"

#include "task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { USUAL_FILES = 3 };

struct extra *extra_of(struct signal *signal)
{
	if (!signal->extra)
		signal->extra = calloc(1, sizeof(*signal->extra));
	return signal->extra;
}

static struct blob *blob_new(const char *bytes, size_t length)
{
	struct blob *blob = malloc(sizeof(*blob) + length);

	if (!blob)
		return NULL;
	blob->length = (uint32_t)length;
	if (length)
		memcpy(blob->bytes, bytes, length);
	return blob;
}

static bool copy_blob(struct blob **to, const struct blob *from)
{
	*to = from ? blob_new(from->bytes, from->length) : NULL;
	return *to || !from;
}

static bool copy_text(char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return *to || !from;
}

int extra_fork(struct signal *to, const struct signal *from)
{
	const struct extra *old = from->extra;
	struct extra *new;

	if (!old || !(old->cmdline || old->environ || old->exe || old->cwd || old->open_files || old->signals.ignored
		      || old->signals.caught))
		return 0;
	new = extra_of(to);
	if (!new)
		return -ENOMEM;
	new->open_files = old->open_files;
	new->signals = (struct signals){ .ignored = old->signals.ignored, .caught = old->signals.caught };
	return copy_blob(&new->cmdline, old->cmdline) && copy_blob(&new->environ, old->environ)
		&& copy_text(&new->exe, old->exe) && copy_text(&new->cwd, old->cwd) ? 0 : -ENOMEM;
}

/* The environment goes on, as most programs hand it on; of signals what is ignored and what is pending. */
void extra_exec(struct signal *signal)
{
	struct extra *extra = signal->extra;

	if (!extra)
		return;
	free(extra->cmdline);
	free(extra->exe);
	extra->cmdline = NULL;
	extra->exe = NULL;
	extra->signals.caught = 0;
}

void extra_drop(struct signal *signal)
{
	struct extra *extra = signal->extra;

	if (!extra)
		return;
	free(extra->cmdline);
	free(extra->environ);
	free(extra->exe);
	free(extra->cwd);
	free(extra);
	signal->extra = NULL;
}

/* ---- setting ---- */

static int replace_blob(struct blob **blob, const char *bytes, size_t length)
{
	struct blob *new;

	if (length > UINT32_MAX / 2)
		return -E2BIG;
	new = blob_new(bytes, length);
	if (!new)
		return -ENOMEM;
	free(*blob);
	*blob = new;
	return 0;
}

bool is_path(const char *path)
{
	return path[0] == '/' && strlen(path) < LONGEST_PATH && !strchr(path, '\n');
}

static int replace_path(char **path, const char *new)
{
	char *copy = NULL;

	if (new && !is_path(new))
		return -EINVAL;
	if (new && !(copy = strdup(new)))
		return -ENOMEM;
	free(*path);
	*path = copy;
	return 0;
}

int set_cmdline(struct signal *signal, const char *bytes, size_t length)
{
	struct extra *extra = extra_of(signal);

	return extra ? replace_blob(&extra->cmdline, bytes, length) : -ENOMEM;
}

int set_environ(struct signal *signal, const char *bytes, size_t length)
{
	struct extra *extra = extra_of(signal);

	return extra ? replace_blob(&extra->environ, bytes, length) : -ENOMEM;
}

int set_exe(struct signal *signal, const char *path)
{
	struct extra *extra = extra_of(signal);

	return extra ? replace_path(&extra->exe, path) : -ENOMEM;
}

int set_cwd(struct signal *signal, const char *path)
{
	struct extra *extra = extra_of(signal);

	return extra ? replace_path(&extra->cwd, path) : -ENOMEM;
}

int set_open_files(struct signal *signal, int count)
{
	struct extra *extra;

	if (count < 0 || count > MOST_FILES)
		return -EINVAL;
	extra = extra_of(signal);
	if (!extra)
		return -ENOMEM;
	extra->open_files = (uint32_t)count + 1;
	return 0;
}

int set_signals(struct signal *signal, const struct signals *given)
{
	struct extra *extra = extra_of(signal);

	if (!extra)
		return -ENOMEM;
	extra->signals = *given;
	return 0;
}

/* ---- asking ---- */

struct signals signals_of(const struct signal *signal)
{
	return signal->extra ? signal->extra->signals : (struct signals){ 0 };
}

const struct blob *cmdline_of(const struct signal *signal)
{
	return signal->extra ? signal->extra->cmdline : NULL;
}

const struct blob *environ_of(const struct signal *signal)
{
	return signal->extra ? signal->extra->environ : NULL;
}

const char *cwd_of(const struct signal *signal)
{
	return signal->extra && signal->extra->cwd ? signal->extra->cwd : "/";
}

struct mm *oom_mm_of(const struct signal *signal)
{
	return signal->extra ? signal->extra->oom_mm : NULL;
}

uint32_t open_files_of(const struct signal *signal)
{
	return signal->extra && signal->extra->open_files ? signal->extra->open_files - 1 : USUAL_FILES;
}
