/*
 * The starter: makes processes for the spawner, which decides all else.
 *
 *   starter SETTINGS UID GID GRACE_MS        UID and GID are -1 where programs are the same user
 *
 * Node forks all of itself for each process, and reads each output through an object of its own; this program has next
 * to nothing to fork. It speaks frames (see frames.ts: length, kind, run, body; big-endian) with the spawner on
 * descriptor 3. SETTINGS are not read here: they name the spawner's folder, by which whoever clears up after a death
 * finds this process, and what it has forked and is no program yet.
 *
 * A group is signalled here only before its leader is reaped, which happens only here: so no other process that was given
 * the same number is ever hit. When descriptor 3 ends, the programs do: SIGTERM, GRACE_MS, SIGKILL.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "frames.h"
#include "folders.h"

/* What the spawner asks for. Bodies: see start(); a signal's number; a stream (0 STDOUT, 1 STDERR) */
enum { START = 1, SIGNAL = 2, PAUSE = 3, RESUME = 4, STOP = 5 };
/* What it is told. Bodies: none; pid; stage and errno; bytes; bytes; stream; wait status and flags; folder */
enum { READY = 10, STARTED = 11, FAILED = 12, STDOUT = 13, STDERR = 14, CLOSED = 15, EXITED = 16, UNTIDY = 17 };
/* Stages of FAILED. */
enum { MAKING_FOLDER = 0, MAKING_PROCESS = 1 };
/* Flags of EXITED. Tidied: there is no report to be read, and the folder is removed here. */
enum { GROUP_GONE = 1, STDOUT_CLOSED = 2, STDERR_CLOSED = 4, TERMINATED = 8, TIDIED = 16 };

enum { READS_AT_END = 3, POLL_MS = 10, MAX_WAITS = 200, STARTED_MS = 3, MAX_RUNS = 4096 };

/* Shared with the fork of a run until it is another program. */
struct fate {
  int error;  /* why it cannot become that */
  int signal; /* it was told to end, perhaps before its group was there to be told */
};

struct run {
  struct run *next;
  struct fate *fate;
  struct made made;
  uint32_t id;
  pid_t pid;
  int outputs[2]; /* -1: closed */
  int paused[2];
  int exited, has_strangers;
  char folder[];
};

static struct run *runs; /* as many as a worker has slots: a list is quick enough */
static struct run *untidied; /* their folders are removed once what is to be told was told */
static struct fate *free_fates[MAX_RUNS];
static int free_fate_count;
static int living; /* leaders that were not reaped */
static int events, children, own_children;

/* ---- runs ---- */

static struct run *find(uint32_t id) {
  struct run *run = runs;
  while (run && run->id != id) run = run->next;
  return run;
}

static void forget(struct run *run) {
  struct run **at = &runs;
  while (*at != run) at = &(*at)->next;
  *at = run->next;
  free_fates[free_fate_count++] = run->fate;
}

static void watch(int fd, uint64_t name) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = name};
  if (epoll_ctl(events, EPOLL_CTL_ADD, fd, &event)) fail("epoll_ctl");
}

static uint64_t output_name(const struct run *run, int stream) { return (uint64_t)run->id << 1 | stream; }

static void close_output(struct run *run, int stream) {
  if (run->outputs[stream] < 0) return;
  /* Not by closing alone: a fork that is no program yet holds it too. */
  if (!run->paused[stream]) epoll_ctl(events, EPOLL_CTL_DEL, run->outputs[stream], NULL);
  close(run->outputs[stream]);
  run->outputs[stream] = -1;
  if (!run->exited) return; /* EXITED will tell */
  tell(CLOSED, run->id, stream);
  if (run->outputs[0] < 0 && run->outputs[1] < 0) {
    forget(run);
    free(run);
  }
}

/* Passes on what is there. 0: nothing is, for now, or ever. */
static int read_output(struct run *run, int stream) {
  ssize_t length = read(run->outputs[stream], next_body(), PIECE);
  if (length > 0) finish(STDOUT + stream, run->id, length);
  else if (length == 0 || (errno != EAGAIN && errno != EINTR)) close_output(run, stream);
  return length > 0;
}

static void set_paused(struct run *run, int stream, int paused) {
  if (run->outputs[stream] < 0 || run->paused[stream] == paused) return;
  run->paused[stream] = paused;
  if (!paused) watch(run->outputs[stream], output_name(run, stream));
  else epoll_ctl(events, EPOLL_CTL_DEL, run->outputs[stream], NULL); /* with no events wanted, EPOLLHUP comes all the same */
}

static void signal_run(struct run *run, int number) {
  if (number == SIGTERM || number == SIGKILL) __atomic_store_n(&run->fate->signal, number, __ATOMIC_SEQ_CST);
  kill(-run->pid, number);
}

/* ---- ends ---- */

/* Whether a process of a run that is over, or may be, lives: what lost its parent has this one for a parent. */
static int has_strangers(void) {
  char list[4096];
  ssize_t length = own_children < 0 ? -1 : pread(own_children, list, sizeof list, 0);
  if (length < 0 || length == sizeof list) return 1;
  int count = 0;
  for (ssize_t index = 0; index < length; index += 1) count += list[index] == ' ';
  return count != living;
}

/* After the reports, which need not wait for it. */
static void tidy(void) {
  for (struct run *run; (run = untidied);) {
    untidied = run->next;
    size_t length = strlen(run->folder);
    if ((run->has_strangers || spare_folder(run->folder, &run->made)) && remove_folder(run->folder) && errno != ENOENT && length <= PIECE) {
      memcpy(next_body(), run->folder, length);
      finish(UNTIDY, run->id, length);
    }
    free(run);
  }
}

static void fail_run(struct run *run, int stage, int error) {
  for (int stream = 0; stream < 2; stream += 1) close_output(run, stream);
  if (stage != MAKING_FOLDER) remove_folder(run->folder);
  char *body = next_body();
  body[0] = stage;
  put32(body + 1, error);
  finish(FAILED, run->id, 5);
  forget(run);
  free(run);
}

static void end_run(struct run *run, int status) {
  enum { ALL = GROUP_GONE | STDOUT_CLOSED | STDERR_CLOSED };
  int flags = 0;
  living -= 1;
  if (run->fate->error) return fail_run(run, MAKING_PROCESS, run->fate->error);
  if (kill(-run->pid, 0) && errno == ESRCH) flags |= GROUP_GONE;
  for (int stream = 0; stream < 2; stream += 1) {
    for (int reads = 0; reads < READS_AT_END && run->outputs[stream] >= 0 && !run->paused[stream]; reads += 1)
      if (!read_output(run, stream)) break;
    if (run->outputs[stream] < 0) flags |= STDOUT_CLOSED << stream;
  }
  run->exited = 1;
  if (run->fate->signal == SIGTERM) flags |= TERMINATED;
  char result[strlen(run->folder) + sizeof "/result"];
  struct stat stat;
  make_path(result, run->folder, "result");
  if ((flags & ALL) == ALL && lstat(result, &stat) && errno == ENOENT) flags |= TIDIED;
  char *body = next_body();
  put32(body, status);
  body[4] = flags;
  finish(EXITED, run->id, 5);
  if (run->outputs[0] >= 0 || run->outputs[1] >= 0) return;
  forget(run);
  if (flags & TIDIED) {
    run->has_strangers = has_strangers();
    run->next = untidied;
    untidied = run;
  } else free(run);
}

static void reap(void) {
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    struct run *run = runs;
    while (run && (run->pid != pid || run->exited)) run = run->next;
    if (run) end_run(run, status);
  }
}

/* ---- starts ---- */

/* Only the spawner's end ends the starter. */
static const int IGNORED[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};

static void set_ignored(void (*handler)(int)) {
  for (size_t index = 0; index < sizeof IGNORED / sizeof *IGNORED; index += 1) signal(IGNORED[index], handler);
}

/* In the fork. */
static __attribute__((noreturn)) void become(char **argv, char **env, const struct run *run, const int streams[3]) {
  char work[strlen(run->folder) + sizeof "/work"];
  sigset_t none;
  sigemptyset(&none);
  set_ignored(SIG_DFL);
  setsid();
  int number = __atomic_load_n(&run->fate->signal, __ATOMIC_SEQ_CST);
  if (number) kill(getpid(), number); /* it was sent to a group that was not there yet */
  make_path(work, run->folder, "work");
  if (dup2(streams[0], 0) >= 0 && dup2(streams[1], 1) >= 0 && dup2(streams[2], 2) >= 0 && !chdir(work) &&
      (!has_owner || (!setgroups(0, NULL) && !setgid(gid) && !setuid(uid)))) {
    sigprocmask(SIG_SETMASK, &none, NULL);
    environ = env; /* its PATH is the one that is searched */
    execvp(argv[0], argv);
  }
  run->fate->error = errno;
  _exit(127);
}

static int make_pipe(int *from, int *to) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return -1;
  *from = ends[0];
  *to = ends[1];
  /* Opening /dev/stderr again asks for the rights on the pipe itself. */
  return fcntl(*from, F_SETFL, O_NONBLOCK) || (has_owner && fchown(*from, uid, gid)) ? -1 : 0;
}

static void close_all(const int *fds, size_t count) {
  for (size_t index = 0; index < count; index += 1)
    if (fds[index] >= 0) close(fds[index]);
}

/* Body: numbers of arguments, of variables, of bytes of input; folder, arguments and variables, a NUL after each; input. */
static void start(uint32_t id, char *body) {
  uint32_t argc = get32(body), envc = get32(body + 4), input_length = get32(body + 8);
  char *folder = body + 12;
  char *next = folder + strlen(folder) + 1;
  char **argv = malloc((argc + envc + 2) * sizeof *argv), **env = argv + argc + 1;
  struct run *run = malloc(sizeof *run + strlen(folder) + 1);
  if (!argv || !run) fail("malloc");
  for (uint32_t index = 0; index < argc; index += 1, next += strlen(next) + 1) argv[index] = next;
  for (uint32_t index = 0; index < envc; index += 1, next += strlen(next) + 1) env[index] = next;
  argv[argc] = env[envc] = NULL;

  *run = (struct run){.id = id, .outputs = {-1, -1}};
  strcpy(run->folder, folder);
  int streams[3] = {-1, -1, -1}, stage = MAKING_FOLDER, pid = -1;
  if (free_fate_count == 0) return fail("more programs than expected");
  run->fate = free_fates[--free_fate_count];
  *run->fate = (struct fate){0};
  run->next = runs;
  runs = run;
  if (!make_folder(run->folder, &run->made)) {
    stage = MAKING_PROCESS;
    if (!make_pipe(&run->outputs[0], &streams[1]) && !make_pipe(&run->outputs[1], &streams[2]) &&
        (streams[0] = input_length > 0 ? make_input(folder, next, input_length) : fcntl(0, F_DUPFD_CLOEXEC, 0)) >= 0 &&
        !(pid = fork()))
      become(argv, env, run, streams);
  }
  int error = errno;
  close_all(streams, 3);
  free(argv);
  if (pid < 0) return fail_run(run, stage, error);
  run->pid = pid;
  living += 1;
  for (int stream = 0; stream < 2; stream += 1) watch(run->outputs[stream], output_name(run, stream));
  /* Who waits for that waits for some milliseconds more: most often the end, or the next start, can be told with it. */
  int was_urgent = is_urgent;
  tell(STARTED, id, pid);
  is_urgent = was_urgent;
}

/* Waits while a fork is no program yet: a signal would hide that it cannot become one. */
static void await_program(const struct run *run) {
  char path[64], own[17] = "", name[17];
  prctl(PR_GET_NAME, own);
  sprintf(path, "/proc/%d/comm", run->pid);
  for (int waits = 0; waits < MAX_WAITS && !run->fate->error; waits += 1) {
    FILE *file = fopen(path, "re");
    int is_fork = file && fgets(name, sizeof name, file) && !strncmp(name, own, strlen(own));
    if (file) fclose(file);
    if (!is_fork) return;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

static void obey(int kind, uint32_t id, char *body) {
  if (kind == START) return start(id, body);
  struct run *run = find(id);
  if (!run) return;
  int value = body[0];
  if (kind == PAUSE) set_paused(run, value, 1);
  else if (kind == RESUME) set_paused(run, value, 0);
  else if (kind == STOP) close_output(run, value);
  else if (kind == SIGNAL && !run->exited) {
    await_program(run);
    signal_run(run, value);
  }
}

/* Reads what the spawner says, in whatever pieces it comes, and does it. */
static void listen_to_spawner(void) {
  static char *in;
  static size_t length, room;
  size_t wanted = length >= 4 ? HEADER + get32(in) : 0;
  if (wanted < length + PIECE) wanted = length + PIECE;
  if (room < wanted && !(in = realloc(in, room = wanted))) fail("realloc");
  ssize_t got = read(SPAWNER, in + length, room - length);
  if (got < 0 && errno == EINTR) return;
  if (got <= 0) {
    is_spawner_gone = 1;
    return;
  }
  length += got;
  size_t done = 0, frame;
  for (; length - done >= HEADER && length - done >= (frame = HEADER + get32(in + done)); done += frame)
    obey(in[done + 4], get32(in + done + 5), in + done + HEADER);
  if (done == 0) return; /* a long frame that comes in many pieces would be moved for each */
  length -= done;
  memmove(in, in + done, length);
}

static int64_t now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

static void signal_all(int number) {
  for (struct run *run = runs; run; run = run->next) signal_run(run, number);
}

/* The spawner is gone: ends every group whose leader lives. */
static void end_groups(long grace_ms) {
  for (struct run *run = runs, *next; run; run = next) {
    next = run->next;
    if (run->exited) forget(run);
  }
  if (grace_ms > 0) {
    signal_all(SIGTERM);
    signal_all(SIGCONT); /* a stopped process would not see its SIGTERM */
  }
  for (int64_t until = now_ms() + grace_ms; runs && now_ms() < until;) {
    nanosleep(&(struct timespec){.tv_nsec = POLL_MS * 1000000}, NULL);
    while (waitpid(-1, NULL, WNOHANG) > 0);
    for (struct run *run = runs, *next; run; run = next) {
      next = run->next;
      if (kill(-run->pid, 0) && errno == ESRCH) forget(run);
    }
  }
  signal_all(SIGKILL);
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fputs("usage: starter SETTINGS UID GID GRACE_MS, with the spawner on descriptor 3\n", stderr);
    return 2;
  }
  has_owner = strcmp(argv[2], "-1") != 0;
  uid = strtoul(argv[2], NULL, 10);
  gid = strtoul(argv[3], NULL, 10);
  sigset_t child_ends;
  sigemptyset(&child_ends);
  sigaddset(&child_ends, SIGCHLD);
  for (int number = 1; number < NSIG; number += 1) signal(number, SIG_DFL); /* whatever the spawner left */
  set_ignored(SIG_IGN);
  sigprocmask(SIG_SETMASK, &child_ends, NULL);
  syscall(SYS_close_range, SPAWNER + 1, ~0U, 0);
  fcntl(SPAWNER, F_SETFD, FD_CLOEXEC);
  fcntl(SPAWNER, F_SETFL, fcntl(SPAWNER, F_GETFL) & ~O_NONBLOCK);
  struct fate *fates = mmap(NULL, MAX_RUNS * sizeof *fates, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (fates == MAP_FAILED) fail("mmap");
  while (free_fate_count < MAX_RUNS) free_fates[free_fate_count] = fates + free_fate_count, free_fate_count += 1;
  char path[64];
  sprintf(path, "/proc/self/task/%d/children", getpid());
  own_children = prctl(PR_SET_CHILD_SUBREAPER, 1) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  events = epoll_create1(EPOLL_CLOEXEC);
  children = signalfd(-1, &child_ends, SFD_CLOEXEC | SFD_NONBLOCK);
  if (events < 0 || children < 0) fail("epoll, signalfd");
  watch(SPAWNER, 0); /* runs are numbered from 1, so that 0 and 1 name no output */
  watch(children, 1);
  finish(READY, 0, 0);
  int64_t tell_at = 0;
  while (!is_spawner_gone) {
    struct epoll_event ready[64];
    struct signalfd_siginfo info;
    if (is_urgent) flush();
    tidy();
    if (is_urgent || (out_length > 0 && tell_at && now_ms() >= tell_at)) flush();
    if (out_length == 0) tell_at = 0;
    else if (!tell_at) tell_at = now_ms() + STARTED_MS;
    int count = epoll_wait(events, ready, 64, tell_at ? STARTED_MS : -1);
    for (int index = 0; index < count; index += 1) {
      uint64_t name = ready[index].data.u64;
      struct run *run = name > 1 ? find(name >> 1) : NULL;
      if (name == 0) listen_to_spawner();
      else if (name == 1) {
        while (read(children, &info, sizeof info) > 0);
        reap();
      } else if (run && run->outputs[name & 1] >= 0 && !run->paused[name & 1]) read_output(run, name & 1);
    }
  }
  end_groups(strtol(argv[4], NULL, 10));
  while (spare_count > 0) remove_folder(spares[--spare_count]);
  return 0;
}
