/* The kernel's reading of an integer from a text (kstrtoint, strstrip). */
#ifndef NUMBER_H
#define NUMBER_H

#include <stddef.h>

/* 0 and *out, -EINVAL, or -ERANGE. White space around the number is allowed, as the kernel's strstrip() takes it. */
int number_parse(char *text, int *out);

#endif
