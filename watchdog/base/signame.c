/* SPDX-License-Identifier: ISC */
/* signame: signals by name and number; sends none. */
#include "watchdog/base/signame.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "watchdog/base/units.h"

struct signal_name {
	const char *name;
	int number;
};

/* Where a number has two names, the first is the one shown. */
static const struct signal_name names[] = {
	{ "HUP", SIGHUP },	 { "INT", SIGINT },   { "QUIT", SIGQUIT },   { "ILL", SIGILL },
	{ "TRAP", SIGTRAP },	 { "ABRT", SIGABRT }, { "BUS", SIGBUS },     { "FPE", SIGFPE },
	{ "KILL", SIGKILL },	 { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV },   { "USR2", SIGUSR2 },
	{ "PIPE", SIGPIPE },	 { "ALRM", SIGALRM }, { "TERM", SIGTERM },   { "CHLD", SIGCHLD },
	{ "CONT", SIGCONT },	 { "STOP", SIGSTOP }, { "TSTP", SIGTSTP },   { "TTIN", SIGTTIN },
	{ "TTOU", SIGTTOU },	 { "URG", SIGURG },   { "XCPU", SIGXCPU },   { "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM }, { "PROF", SIGPROF }, { "WINCH", SIGWINCH }, { "IO", SIGIO },
	{ "PWR", SIGPWR },	 { "SYS", SIGSYS },
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
#ifdef SIGEMT
	{ "EMT", SIGEMT },
#endif
	{ "IOT", SIGABRT },	 { "CLD", SIGCHLD },  { "POLL", SIGIO },
};

/* Real-time signals from RTMIN; the C library takes some of the kernel's 32 for itself. */
static const char *const realtime[] = {
	"RTMIN",    "RTMIN+1",	"RTMIN+2",  "RTMIN+3",	"RTMIN+4",  "RTMIN+5",	"RTMIN+6",
	"RTMIN+7",  "RTMIN+8",	"RTMIN+9",  "RTMIN+10", "RTMIN+11", "RTMIN+12", "RTMIN+13",
	"RTMIN+14", "RTMIN+15", "RTMIN+16", "RTMIN+17", "RTMIN+18", "RTMIN+19", "RTMIN+20",
	"RTMIN+21", "RTMIN+22", "RTMIN+23", "RTMIN+24", "RTMIN+25", "RTMIN+26", "RTMIN+27",
	"RTMIN+28", "RTMIN+29", "RTMIN+30", "RTMIN+31",
};

#define TEN(tens)                                                                                  \
	"SIG" tens "0", "SIG" tens "1", "SIG" tens "2", "SIG" tens "3", "SIG" tens "4",            \
		"SIG" tens "5", "SIG" tens "6", "SIG" tens "7", "SIG" tens "8", "SIG" tens "9"

/* A wait status has seven bits for the signal. */
static const char *const unnamed[] = {
	TEN(""),  TEN("1"), TEN("2"), TEN("3"),	 TEN("4"),  TEN("5"),  TEN("6"),
	TEN("7"), TEN("8"), TEN("9"), TEN("10"), TEN("11"), TEN("12"),
};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static int parse_number(const char *text)
{
	int64_t number;

	if (units_parse_int(text, 1, SIGRTMAX, &number) != 0)
		return -1;
	return (int)number;
}

/* "RTMIN", "RTMIN+N", "RTMAX", "RTMAX-N". */
static int parse_realtime(const char *name)
{
	int base = strncasecmp(name, "RTMIN", 5) == 0 ? SIGRTMIN : SIGRTMAX;
	char sign = base == SIGRTMIN ? '+' : '-';
	int64_t steps;

	if (name[5] == '\0')
		return base;
	if (name[5] != sign || units_parse_int(name + 6, 0, SIGRTMAX - SIGRTMIN, &steps) != 0)
		return -1;
	return sign == '+' ? base + (int)steps : base - (int)steps;
}

int signame_parse(const char *name)
{
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	if (name[0] >= '0' && name[0] <= '9')
		return parse_number(name);
	if (strncasecmp(name, "RTMIN", 5) == 0 || strncasecmp(name, "RTMAX", 5) == 0)
		return parse_realtime(name);
	for (int i = 0; i < COUNT(names); i++)
		if (strcasecmp(name, names[i].name) == 0)
			return names[i].number;
	return -1;
}

const char *signame_text(int sig)
{
	for (int i = 0; i < COUNT(names); i++)
		if (sig == names[i].number)
			return names[i].name;
	if (sig >= SIGRTMIN && sig <= SIGRTMAX && sig - SIGRTMIN < COUNT(realtime))
		return realtime[sig - SIGRTMIN];
	if (sig >= 0 && sig < COUNT(unnamed))
		return unnamed[sig];
	return "SIG?";
}
