// A stdio MCP server (2025-11-25) of one tool, linked against musl as the programs of Alpine are: `libc` says which C library it runs on and
// the value it was given. It reads what the hub writes: one object a line, the id first among the members of that name.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char line[1 << 16];

static const char *libc_name(void) {
	static char maps[1 << 16];
	FILE *file = fopen("/proc/self/maps", "r");
	size_t length = file ? fread(maps, 1, sizeof maps - 1, file) : 0;
	maps[length] = 0;
	if (file) fclose(file);
	return strstr(maps, "ld-musl") ? "musl" : "another";
}

// The id as it stands there, a number or a string; null for a notification.
static char *cut_id(void) {
	char *id = strstr(line, "\"id\":");
	if (!id) return 0;
	id += strlen("\"id\":");
	char *end = *id == '"' ? strchr(id + 1, '"') + 1 : id + strspn(id, "0123456789");
	static char copy[512];
	snprintf(copy, sizeof copy, "%.*s", (int)(end - id), id);
	return copy;
}

static void answer(const char *id, const char *result) {
	printf("{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":%s}\n", id, result);
	fflush(stdout);
}

int main(void) {
	while (fgets(line, sizeof line, stdin)) {
		const char *id = cut_id();
		if (!id) continue;
		if (strstr(line, "\"initialize\""))
			answer(id, "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
			           "\"serverInfo\":{\"name\":\"musl-server\",\"version\":\"1.0.0\"}}");
		else if (strstr(line, "\"tools/list\""))
			answer(id, "{\"tools\":[{\"name\":\"libc\",\"inputSchema\":{\"type\":\"object\"}}]}");
		else if (strstr(line, "\"tools/call\"")) {
			static char result[1024];
			const char *secret = getenv("SERVER_SECRET");
			snprintf(result, sizeof result, "{\"content\":[{\"type\":\"text\",\"text\":\"%s %s\"}]}", libc_name(),
			         secret ? secret : "nothing");
			answer(id, result);
		} else
			answer(id, "{}");
	}
	return 0;
}
