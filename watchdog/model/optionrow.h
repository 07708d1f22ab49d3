/* SPDX-License-Identifier: ISC */
/*
 * optionrow: how a row of a table of options is written, in the few .c files that have one. Whoever includes it has
 * defined OPTIONS as the struct that the table's members are in.
 */
#ifndef WATCHDOG_MODEL_OPTIONROW_H
#define WATCHDOG_MODEL_OPTIONROW_H

#include "watchdog/model/option.h"

/* NOLINTBEGIN(bugprone-macro-parentheses): names of members, and initialisers, which brackets would break */
#define ROW(name_, kind_, effect_, member_)                                                        \
	.name = name_, .kind = OPTION_##kind_, .effect = OPTION_##effect_,                         \
	.offset = offsetof(OPTIONS, member_)
#define TEXT(name, effect, member) ROW(name, STRING, effect, member), .expects = "must not be empty"
#define LIST(name, effect, member) ROW(name, LIST, effect, member)
#define BOOL(name, effect, member)                                                                 \
	ROW(name, BOOL, effect, member), .expects = "must be true or false"
#define INT(name, effect, member, least, most)                                                     \
	ROW(name, INT, effect, member),                                                            \
		.min = least, .max = most,                                                         \
		.expects = "must be a whole number from " #least " to " #most
#define MODE(name, effect, member)                                                                 \
	ROW(name, OCTAL, effect, member), .max = 0777,                                             \
					  .expects = "must be an octal number from 0 to 0777"
#define SPAN(name, member, least, most, words)                                                     \
	ROW(name, DURATION, POLICY, member), .min = least, .max = most, .expects = words
#define DURATION(name, member, least, words)                                                       \
	SPAN(name, member, least, OPTION_CENTURY_MS, "must be " words ", such as 90s, 5min or 1h30min")
#define SIZE(name, member, least, words)                                                           \
	ROW(name, SIZE, POLICY, member),                                                           \
		.min = least, .max = INT64_MAX,                                                    \
		.expects = "must be " words ", such as 512K, 128M or 1.5G"
#define SIGNAL(name, member)                                                                       \
	ROW(name, SIGNAL, POLICY, member), .expects = "must be a signal, such as TERM or USR1"
#define ENUM(name, effect, member, words) ROW(name, ENUM, effect, member), .names = words
#define LATER(name_)                                                                               \
	.name = name_, .kind = OPTION_LATER,                                                       \
	.expects = "is not available in this version yet: take it out"
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
