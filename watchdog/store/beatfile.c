/* SPDX-License-Identifier: ISC */
#include "watchdog/store/beatfile.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "pidfiles/atomfile.h"
#include "pidfiles/digits.h"
#include "watchdog/base/clock.h"
#include "watchdog/base/hash.h"
#include "watchdog/base/mem.h"
#include "watchdog/base/utf8.h"

#define HEADER	  "cronherd-beat 1\n"
#define TEXT_SIZE 1048576

/* ---- making ------------------------------------------------------------------------------- */

/* Where the kernel has no randomness yet (early in a boot): what no other round has. */
static void scrape(unsigned char bytes[16])
{
	struct clock now = clock_read();
	pid_t pid = getpid();
	uint64_t first = hash_bytes(hash_bytes(HASH_INIT, &now, sizeof(now)), &pid, sizeof(pid));
	uint64_t second = hash_bytes(~first, &now, sizeof(now));

	memcpy(bytes, &first, sizeof(first));
	memcpy(bytes + sizeof(first), &second, sizeof(second));
}

void beatfile_make_rid(char rid[BEATFILE_RID_SIZE])
{
	unsigned char bytes[16];
	size_t len = 0;

	if (getrandom(bytes, sizeof(bytes), GRND_NONBLOCK) != sizeof(bytes))
		scrape(bytes);
	bytes[6] = (bytes[6] & 0x0F) | 0x40; /* version 4: random */
	bytes[8] = (bytes[8] & 0x3F) | 0x80;
	for (size_t i = 0; i < sizeof(bytes); i++)
		len += (size_t)snprintf(rid + len, BEATFILE_RID_SIZE - len, "%s%02x",
					i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", bytes[i]);
}

void beatfile_add(struct beatfile *beat, const char *name, bool is_good, const char *sentence)
{
	struct beatfile_worker *worker;

	beat->workers = mem_resize(beat->workers, beat->worker_count + 1, sizeof(*beat->workers));
	worker = &beat->workers[beat->worker_count++];
	worker->name = mem_dup(name);
	worker->is_good = is_good;
	worker->sentence = mem_dup(sentence);
	utf8_make_line(worker->sentence);
}

void beatfile_free(struct beatfile *beat)
{
	for (size_t i = 0; i < beat->worker_count; i++) {
		free(beat->workers[i].name);
		free(beat->workers[i].sentence);
	}
	free(beat->workers);
	free(beat->body);
	*beat = (struct beatfile)BEATFILE_INIT;
}

const struct beatfile_worker *beatfile_worker(const struct beatfile *beat, const char *name)
{
	for (size_t i = 0; i < beat->worker_count; i++)
		if (strcmp(beat->workers[i].name, name) == 0)
			return &beat->workers[i];
	return NULL;
}

/* At most BEATFILE_BODY_MAX bytes, no character cut. */
static size_t body_len(const char *body)
{
	size_t len = body ? strlen(body) : 0;

	if (len <= BEATFILE_BODY_MAX)
		return len;
	len = BEATFILE_BODY_MAX;
	while (len > BEATFILE_BODY_MAX - 4 && ((unsigned char)body[len] & 0xC0) == 0x80)
		len--;
	return len;
}

void beatfile_format(const struct beatfile *beat, struct str *text)
{
	size_t len = body_len(beat->body);

	str_addf(text,
		 HEADER "start_wall_ms %" PRId64 "\nend_wall_ms %" PRId64
			"\nexit_status %d\nrid %s\n",
		 beat->start_wall_ms, beat->end_wall_ms, beat->exit_status, beat->rid);
	for (size_t i = 0; i < beat->worker_count; i++)
		str_addf(text, "worker %s %d %s\n", beat->workers[i].name, beat->workers[i].is_good,
			 beat->workers[i].sentence);
	str_addf(text, "body %zu\n", len);
	if (len)
		str_add_n(text, beat->body, len);
}

/* ---- reading ------------------------------------------------------------------------------ */

struct reader {
	const char *at;
	const char *end;
};

/* Whether WORD comes next; then it is passed. */
static bool take(struct reader *reader, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(reader->end - reader->at) < len || memcmp(reader->at, word, len) != 0)
		return false;
	reader->at += len;
	return true;
}

static bool take_number(struct reader *reader, const char *word, int64_t max, int64_t *number)
{
	uint64_t value;

	if (!take(reader, word) || !digits_take(&reader->at, reader->end, &value) ||
	    value > (uint64_t)max || !take(reader, "\n"))
		return false;
	*number = (int64_t)value;
	return true;
}

/* Up to END_BYTE, which is passed; NULL where it does not come. Not terminated. */
static const char *take_until(struct reader *reader, char end_byte, size_t *len)
{
	const char *from = reader->at;
	const char *to = memchr(from, end_byte, (size_t)(reader->end - from));

	if (!to)
		return NULL;
	*len = (size_t)(to - from);
	reader->at = to + 1;
	return from;
}

static bool take_rid(struct reader *reader, char rid[BEATFILE_RID_SIZE])
{
	const char *text;
	size_t len;

	if (!take(reader, "rid "))
		return false;
	text = take_until(reader, '\n', &len);
	if (!text || len != BEATFILE_RID_SIZE - 1)
		return false;
	for (size_t i = 0; i < len; i++)
		if (!strchr("0123456789abcdef-", text[i]) || !text[i])
			return false;
	memcpy(rid, text, len);
	rid[len] = '\0';
	return true;
}

static bool take_worker(struct reader *reader, struct beatfile *beat)
{
	size_t name_len, sentence_len;
	const char *name = take_until(reader, ' ', &name_len);
	bool is_good = name && take(reader, "1 ");
	const char *sentence;
	char *copies[2];

	if (!name || (!is_good && !take(reader, "0 ")))
		return false;
	sentence = take_until(reader, '\n', &sentence_len);
	if (!sentence)
		return false;
	copies[0] = mem_dup_n(name, name_len);
	copies[1] = mem_dup_n(sentence, sentence_len);
	beatfile_add(beat, copies[0], is_good, copies[1]);
	free(copies[0]);
	free(copies[1]);
	return true;
}

static bool take_all(struct reader *reader, struct beatfile *beat)
{
	int64_t number;

	if (!take(reader, HEADER) ||
	    !take_number(reader, "start_wall_ms ", INT64_MAX, &beat->start_wall_ms) ||
	    !take_number(reader, "end_wall_ms ", INT64_MAX, &beat->end_wall_ms) ||
	    !take_number(reader, "exit_status ", 255, &number) || !take_rid(reader, beat->rid))
		return false;
	beat->exit_status = (int)number;
	while (take(reader, "worker "))
		if (!take_worker(reader, beat))
			return false;
	/* Nothing missing, and nothing more. */
	if (!take_number(reader, "body ", BEATFILE_BODY_MAX, &number) ||
	    reader->end - reader->at != number)
		return false;
	beat->body = mem_dup_n(reader->at, (size_t)number);
	return true;
}

int beatfile_parse(const char *text, size_t len, struct beatfile *beat)
{
	struct reader reader = { .at = text, .end = text + len };

	*beat = (struct beatfile)BEATFILE_INIT;
	if (take_all(&reader, beat))
		return 0;
	beatfile_free(beat);
	return -EBADMSG;
}

/* ---- the file ----------------------------------------------------------------------------- */

int beatfile_write(int state_fd, const struct beatfile *beat)
{
	struct str text = STR_INIT;
	int status;

	beatfile_format(beat, &text);
	status = atomfile_write(state_fd, BEATFILE_NAME, text.data, text.len, 0600,
				ATOMFILE_VOLATILE);
	str_free(&text);
	return status;
}

int beatfile_read(int state_fd, struct beatfile *beat)
{
	char *text = mem_alloc(TEXT_SIZE);
	ssize_t len = atomfile_read(state_fd, BEATFILE_NAME, text, TEXT_SIZE);
	int status = (int)len;

	*beat = (struct beatfile)BEATFILE_INIT;
	if (len >= 0)
		status = beatfile_parse(text, (size_t)len, beat);
	free(text);
	return status;
}
