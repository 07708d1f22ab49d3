/* SPDX-License-Identifier: ISC */
/*
 * zygote: what zygote.so is asked for, by pipe. torture.py writes the same (REQUEST).
 */
#ifndef TORTURE_ZYGOTE_H
#define TORTURE_ZYGOTE_H

#include <stdint.h>

#define ZYGOTE_CALLS_MAX 8

struct zygote_request {
	uint32_t is_traced;
	uint32_t calls_len; /* these calls are reported to the tracer; 0: no filter is set */
	uint32_t calls[ZYGOTE_CALLS_MAX];
	char allocation[512]; /* what nomem_arm() wants; empty: none is to fail */
};

#endif
