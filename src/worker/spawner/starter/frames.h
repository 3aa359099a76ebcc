/* Frames to the spawner, gathered until there is nothing else to do: see frames.ts. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPAWNER = 3, HEADER = 9, PIECE = 65536, FLUSH_AT = 4 * PIECE };

static char out[FLUSH_AT + HEADER + PIECE];
static size_t out_length;
static int is_urgent; /* whether what is gathered should be told at once */
static int is_spawner_gone;

static void fail(const char *what) {
  fprintf(stderr, "millrace starter: %s: %s\n", what, strerror(errno));
  exit(1);
}

static void flush(void) {
  for (size_t sent = 0; sent < out_length && !is_spawner_gone;) {
    ssize_t written = write(SPAWNER, out + sent, out_length - sent);
    if (written >= 0) sent += written;
    else if (errno != EINTR) is_spawner_gone = 1;
  }
  out_length = is_urgent = 0;
}

static void put32(char *at, uint32_t value) {
  value = htonl(value);
  memcpy(at, &value, 4);
}

static uint32_t get32(const char *at) {
  uint32_t value;
  memcpy(&value, at, 4);
  return ntohl(value);
}

/* Where the body of the next frame goes, of at most PIECE bytes; `finish` makes it one. */
static char *next_body(void) {
  if (out_length > FLUSH_AT - HEADER) flush();
  return out + out_length + HEADER;
}

static void finish(int kind, uint32_t id, size_t length) {
  char *frame = out + out_length;
  put32(frame, length);
  frame[4] = kind;
  put32(frame + 5, id);
  out_length += HEADER + length;
  is_urgent = 1;
}

static void tell(int kind, uint32_t id, uint32_t value) {
  put32(next_body(), value);
  finish(kind, id, 4);
}
