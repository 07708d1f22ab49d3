/* SPDX-License-Identifier: ISC */
#include <config.h>

#include "watchdog/report/render_html.h"

#include <string.h>

#include "watchdog/base/clock.h"
#include "watchdog/base/utf8.h"
#include "watchdog/report/cells.h"
#include "watchdog/report/health.h"

#define REFRESH_S "60"

/* Base64 of the SHA-256 of the style below. */
#define STYLE_HASH "sZMT27OVsiyOFqDYf0RibpgVRgQnz+VWiSl3NhkbJqQ="

/* Narrow screens have a card for each row, its cells named by data-t. */
static const char style[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1c2024;--dim:#5c646d;--line:#dfe3e7;--card:#f6f7f9;"
	"--ok:#18794e;--busy:#0b68cb;--idle:#5c646d;--warning:#8f5a00;--critical:#c62a2f;--unknown:#793aaf}"
	"@media(prefers-color-scheme:dark){:root{--bg:#111416;--fg:#e6e9ec;--dim:#9aa3ac;--line:#2b3137;"
	"--card:#191d21;--ok:#4cc38a;--busy:#70b8ff;--idle:#9aa3ac;--warning:#ffb224;--critical:#ff8b8d;"
	"--unknown:#c58fff}}"
	"*{box-sizing:border-box}"
	"body{margin:0 auto;max-width:80rem;padding:1.5rem 1rem 2rem;background:var(--bg);color:var(--fg);"
	"font:1rem/1.45 system-ui,sans-serif;overflow-wrap:anywhere}"
	"h1{margin:0;font-size:1.5rem;line-height:1.25}"
	"h2{margin:2rem 0 .5rem;font-size:1.1rem}"
	"p{margin:.35rem 0}"
	"ul{margin:1rem 0;padding:0;list-style:none}"
	"li{margin:.5rem 0;padding:.5rem .75rem;border-left:.25rem solid var(--c);background:var(--card)}"
	"table{width:100%;border-collapse:collapse;font-size:.9rem}"
	"thead th{color:var(--dim);font-size:.72rem;letter-spacing:.04em}"
	"th,td{padding:.45rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;"
	"overflow-wrap:normal}"
	"td:last-child{overflow-wrap:anywhere}"
	"tbody th{min-width:11rem;font-weight:600;overflow-wrap:anywhere}"
	".n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
	".dim,footer{color:var(--dim);font-size:.9rem}"
	"b{color:var(--c)}"
	".verdict{display:inline-block;margin:0 0 .6rem;padding:.15rem .7rem;border-radius:1rem;"
	"background:var(--c);color:var(--bg);font-weight:700}"
	"meter{display:block;width:100%;min-width:6rem;height:.6rem}"
	".ok{--c:var(--ok)}.busy{--c:var(--busy)}.idle{--c:var(--idle)}.warning{--c:var(--warning)}"
	".critical{--c:var(--critical)}.unknown{--c:var(--unknown)}"
	"footer{margin-top:2rem}"
	"@media(max-width:58rem){"
	"table,tbody,tr,th,td{display:block;width:auto}"
	"thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}"
	"tr{margin:.75rem 0;padding:.6rem .75rem;border-left:.25rem solid var(--c);background:var(--card)}"
	"th,td{padding:.1rem 0;border:0;overflow-wrap:anywhere}"
	"tbody th{font-size:1rem}"
	"td,td.n{display:flex;gap:.75rem;text-align:left;white-space:normal}"
	"td:empty{display:none}"
	"td::before{content:attr(data-t);flex:0 0 6.5rem;color:var(--dim);font-size:.72rem;line-height:1.9;"
	"letter-spacing:.04em}"
	"td>span{flex:1}"
	"}";

/* ---- text --------------------------------------------------------------------------------- */

/* Length of what may not stand in a page at all: control characters, U+FFFE and U+FFFF; 0: it may. */
static size_t refused_len(const char *at)
{
	const unsigned char *byte = (const unsigned char *)at;

	if (byte[0] == 0xC2 && byte[1] < 0xA0)
		return 2;
	if (byte[0] == 0xEF && byte[1] == 0xBF && byte[2] >= 0xBE)
		return 3;
	return byte[0] < 0x20 || byte[0] == 0x7F;
}

static const char *entity_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* VALUE, which may be anything, as text or as what stands between quotes. */
static void add_text(const char *value, struct str *text)
{
	struct str repaired = STR_INIT;
	size_t refused;

	utf8_repair(value, strlen(value), &repaired);
	for (const char *at = str_text(&repaired); *at; at += refused ? refused : 1) {
		const char *entity = entity_of(*at);

		refused = refused_len(at);
		if (refused)
			str_add(text, "\xEF\xBF\xBD");
		else if (entity)
			str_add(text, entity);
		else
			str_add_n(text, at, 1);
	}
	str_free(&repaired);
}

/* Apart from what stands beside it, whichever way it is written. */
static void add_name(const char *name, struct str *text)
{
	str_add(text, "<bdi>");
	add_text(name, text);
	str_add(text, "</bdi>");
}

static void add_time(int64_t wall_ms, struct str *text)
{
	char at[CLOCK_RFC3339_SIZE];
	size_t day;

	clock_rfc3339(wall_ms, at);
	day = strcspn(at, "T");
	str_addf(text, "<time datetime=\"%s\">%.*s %.8s UTC</time>", at, (int)day, at, at + day + 1);
}

static const char *class_of(enum health health)
{
	switch (health) {
	case HEALTH_OK:
		return "ok";
	case HEALTH_WARNING:
		return "warning";
	case HEALTH_CRITICAL:
		return "critical";
	case HEALTH_UNKNOWN:
		break;
	}
	return "unknown";
}

/* ---- head --------------------------------------------------------------------------------- */

/* A disc in the colour of the verdict. */
static void add_icon(enum health health, struct str *text)
{
	static const char *const colors[] = { [HEALTH_OK] = "30a46c",
					      [HEALTH_WARNING] = "f5a623",
					      [HEALTH_CRITICAL] = "e5484d",
					      [HEALTH_UNKNOWN] = "8e4ec6" };

	str_addf(text,
		 "<link rel=\"icon\" href=\"data:image/svg+xml,%%3Csvg xmlns='http://www.w3.org/2000/svg' "
		 "viewBox='0 0 16 16'%%3E%%3Ccircle cx='8' cy='8' r='7' fill='%%23%s'/%%3E%%3C/svg%%3E\"/>\n",
		 colors[health]);
}

static void add_head(const struct snapshot *snapshot, const struct health_verdict *verdict,
		     struct str *text)
{
	str_add(text, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "style-src 'sha256-" STYLE_HASH "'; img-src data:; base-uri 'none'; "
		      "form-action 'none'\"/>\n"
		      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		      "<meta http-equiv=\"refresh\" content=\"" REFRESH_S "\"/>\n"
		      "<meta name=\"robots\" content=\"noindex\"/>\n"
		      "<meta name=\"referrer\" content=\"no-referrer\"/>\n");
	str_addf(text, "<title>%s: ", health_name(verdict->health));
	add_text(snapshot->host, text);
	str_add(text, "</title>\n");
	add_icon(verdict->health, text);
	str_add(text, "<style>");
	str_add(text, style);
	str_add(text, "</style>\n</head>\n");
}

/* ---- summary ------------------------------------------------------------------------------ */

static void add_count(size_t count, const char *what, struct str *text)
{
	if (count)
		str_addf(text, ", %zu %s", count, what);
}

static void add_counts(const struct snapshot *snapshot, const struct health_verdict *verdict,
		       struct str *text)
{
	if (snapshot->count)
		str_addf(text, "<p>%zu of %zu running", verdict->running, verdict->wanted);
	else
		str_add(text, "<p>No instance");
	add_count(verdict->ended, "ended", text);
	add_count(verdict->held, "held", text);
	add_count(verdict->unwell, "not well", text);
	str_add(text, "</p>\n");
}

/* A page cannot tell how old it is. */
static void add_age(const struct snapshot *snapshot, struct str *text)
{
	int64_t took_ms = snapshot_round_ms(snapshot);

	str_add(text, "<p class=\"dim\">As of ");
	add_time(snapshot->now.wall_ms, text);
	if (snapshot->round_end_wall_ms) {
		str_add(text, ". The last round ended ");
		add_time(snapshot->round_end_wall_ms, text);
		if (took_ms >= 0) {
			str_add(text, " and took ");
			cells_add_span(took_ms, text);
		}
	}
	str_add(text, ". If that is more than ");
	cells_add_span(snapshot->lapse_ms, text);
	str_add(text, " ago, nobody calls <code>cronherd run</code>.</p>\n");
}

static void add_summary(const struct snapshot *snapshot, const struct health_verdict *verdict,
			struct str *text)
{
	str_addf(text, "<header class=\"%s\">\n<p class=\"verdict\">%s</p>\n<h1>",
		 class_of(verdict->health), health_name(verdict->health));
	add_name(snapshot->user, text);
	str_add(text, " on ");
	add_name(snapshot->host, text);
	str_add(text, "</h1>\n");
	add_counts(snapshot, verdict, text);
	add_age(snapshot, text);
	str_add(text, "</header>\n");
}

/* ---- around the instances ------------------------------------------------------------------ */

static void add_error(const struct config_error *error, struct str *text)
{
	struct str line = STR_INIT;

	config_error_text(error, &line);
	str_add(text, "<li class=\"warning\">");
	add_text(str_text(&line), text);
	str_add(text, "</li>\n");
	str_free(&line);
}

static void add_silence(const struct snapshot *snapshot, struct str *text)
{
	str_add(text, "<li class=\"warning\">No round ");
	if (snapshot->round_end_wall_ms) {
		str_add(text, "for ");
		cells_add_span(snapshot->now.wall_ms - snapshot->round_end_wall_ms, text);
	} else {
		str_add(text, "yet");
	}
	str_add(text, ": does cron call <code>cronherd run</code>? See <code>cronherd doctor</code>.</li>\n");
}

static void add_scale(const struct snapshot_scale *scale, struct str *text)
{
	struct str line = STR_INIT;

	snapshot_scale_text(scale, &line);
	str_add(text, "<li class=\"busy\">");
	add_text(str_text(&line), text);
	str_add(text, "</li>\n");
	str_free(&line);
}

static void add_notices(const struct snapshot *snapshot, const struct health_verdict *verdict,
			struct str *text)
{
	if (!snapshot->foreign && !verdict->is_silent && !snapshot->error_count &&
	    !snapshot->scale_count)
		return;
	str_add(text, "<ul>\n");
	if (snapshot->foreign) {
		str_add(text, "<li class=\"unknown\">");
		add_text(snapshot->foreign, text);
		str_add(text, "</li>\n");
	}
	if (verdict->is_silent)
		add_silence(snapshot, text);
	for (size_t i = 0; i < snapshot->error_count; i++)
		add_error(&snapshot->errors[i], text);
	for (size_t i = 0; i < snapshot->scale_count; i++)
		add_scale(&snapshot->scales[i], text);
	str_add(text, "</ul>\n");
}

/* ---- instances ---------------------------------------------------------------------------- */

static const char *look_of(const struct snapshot_instance *instance)
{
	enum health health = health_of(instance);

	if (health != HEALTH_OK)
		return class_of(health);
	if (instance->state == STATE_STARTING || instance->state == STATE_STOPPING)
		return "busy";
	return instance->pid ? "ok" : "idle";
}

static void add_meter(const struct snapshot_instance *instance, struct str *text)
{
	long long limit = instance->memory_limit_bytes;

	if (instance->memory_bytes < 0 || limit < 1)
		return;
	str_addf(text,
		 "<meter min=\"0\" max=\"%lld\" low=\"%lld\" high=\"%lld\" optimum=\"0\" value=\"%lld\">"
		 "</meter>",
		 limit, limit / 4 * 3, limit / 20 * 19, (long long)instance->memory_bytes);
}

static void add_cell(const struct snapshot *snapshot, const struct snapshot_instance *instance,
		     enum cells column, struct str *text)
{
	const struct cells_column *of = &cells_columns[column];
	struct str cell = STR_INIT;

	of->print(snapshot, instance, &cell);
	str_addf(text, "<td%s data-t=\"%s\">", of->is_right ? " class=\"n\"" : "", of->title);
	if (cell.len) {
		str_add(text, column == CELLS_STATE ? "<span><b>" : "<span>");
		add_text(str_text(&cell), text);
		str_add(text, column == CELLS_STATE ? "</b>" : "");
		if (column == CELLS_MEMORY)
			add_meter(instance, text);
		str_add(text, "</span>");
	}
	str_add(text, "</td>");
	str_free(&cell);
}

static void add_row(const struct snapshot *snapshot, const struct snapshot_instance *instance,
		    struct str *text)
{
	str_addf(text, "<tr class=\"%s\"><th scope=\"row\">", look_of(instance));
	add_name(instance->id, text);
	str_add(text, "</th>");
	for (int column = CELLS_ID + 1; column < CELLS_COUNT; column++)
		add_cell(snapshot, instance, (enum cells)column, text);
	str_add(text, "</tr>\n");
}

static void add_rows(const struct snapshot *snapshot, enum health health, struct str *text)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (health_of(&snapshot->instances[i]) == health)
			add_row(snapshot, &snapshot->instances[i], text);
}

/* The worst first. */
static void add_instances(const struct snapshot *snapshot, struct str *text)
{
	if (!snapshot->count)
		return;
	str_add(text, "<h2>Workers</h2>\n<table>\n<thead><tr>");
	for (int column = 0; column < CELLS_COUNT; column++)
		str_addf(text, "<th scope=\"col\"%s>%s</th>",
			 cells_columns[column].is_right ? " class=\"n\"" : "",
			 cells_columns[column].title);
	str_add(text, "</tr></thead>\n<tbody>\n");
	add_rows(snapshot, HEALTH_CRITICAL, text);
	add_rows(snapshot, HEALTH_UNKNOWN, text);
	add_rows(snapshot, HEALTH_WARNING, text);
	add_rows(snapshot, HEALTH_OK, text);
	str_add(text, "</tbody>\n</table>\n");
}

/* ---- webhooks ----------------------------------------------------------------------------- */

static void add_number(const char *title, int64_t number, struct str *text)
{
	str_addf(text, "<td class=\"n\" data-t=\"%s\"><span>%lld</span></td>", title,
		 (long long)number);
}

static void add_webhook(const struct deliveries_webhook *webhook, struct str *text)
{
	bool is_well = !webhook->failing_wall_ms && !webhook->is_disabled;

	str_addf(text, "<tr class=\"%s\"><th scope=\"row\">", is_well ? "ok" : "warning");
	add_name(webhook->name, text);
	str_add(text, "</th><td data-t=\"STATE\"><span>");
	if (webhook->is_disabled) {
		str_add(text, "<b>disabled</b>");
	} else if (webhook->failing_wall_ms) {
		str_add(text, "<b>failing</b> since ");
		add_time(webhook->failing_wall_ms, text);
	} else {
		str_add(text, "<b>well</b>");
	}
	str_add(text, "</span></td>");
	add_number("OWED", webhook->owed, text);
	add_number("DELIVERED", webhook->delivered, text);
	add_number("DEAD", webhook->dead, text);
	str_add(text, "</tr>\n");
}

static void add_webhooks(const struct deliveries *deliveries, struct str *text)
{
	if (!deliveries->count)
		return;
	str_add(text, "<h2>Webhooks</h2>\n<table>\n<thead><tr><th scope=\"col\">NAME</th>"
		      "<th scope=\"col\">STATE</th><th scope=\"col\" class=\"n\">OWED</th>"
		      "<th scope=\"col\" class=\"n\">DELIVERED</th>"
		      "<th scope=\"col\" class=\"n\">DEAD</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < deliveries->count; i++)
		add_webhook(&deliveries->webhooks[i], text);
	str_add(text, "</tbody>\n</table>\n");
}

/* ---- the page ----------------------------------------------------------------------------- */

void render_html(const struct snapshot *snapshot, const struct deliveries *deliveries, struct str *text)
{
	struct health_verdict verdict;

	health_judge(snapshot, &verdict);
	add_head(snapshot, &verdict, text);
	str_add(text, "<body>\n");
	add_summary(snapshot, &verdict, text);
	str_add(text, "<main>\n");
	add_notices(snapshot, &verdict, text);
	add_instances(snapshot, text);
	add_webhooks(deliveries, text);
	str_add(text, "</main>\n<footer>cronherd " PACKAGE_VERSION "</footer>\n</body>\n</html>\n");
}
