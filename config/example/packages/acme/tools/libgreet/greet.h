/* SPDX-License-Identifier: MIT */
#ifndef GREET_H
#define GREET_H

#include <stddef.h>

/*
 * Writes a greeting for name into buffer, at most size bytes with the final zero.
 * Returns the length of the whole greeting, as snprintf does.
 */
int greet(char *buffer, size_t size, const char *name);

#endif
