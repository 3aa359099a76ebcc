/*
 * The limit of a machine: starts `sh -c true` by fork, exec and wait, so many at a time, and nothing else.
 *   c-fork SLOTS COUNT      prints starts a second, and milliseconds of processor time a start, the children's included
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void start(void) {
  pid_t pid = fork();
  if (pid < 0) {
    perror("fork");
    exit(1);
  }
  if (pid > 0) return;
  execl("/bin/sh", "sh", "-c", "true", (char *)NULL);
  _exit(127);
}

static double seconds(struct timeval time) { return time.tv_sec + time.tv_usec / 1e6; }

static double cpu_seconds(int who) {
  struct rusage usage;
  getrusage(who, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int main(int argc, char **argv) {
  int slots = argc > 1 ? atoi(argv[1]) : 8, count = argc > 2 ? atoi(argv[2]) : 1000, started = 0;
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (; started < slots && started < count; started += 1) start();
  for (int ended = 0; ended < count; ended += 1) {
    if (wait(NULL) < 0) {
      perror("wait");
      return 1;
    }
    if (started < count) start(), started += 1;
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  double took = end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9;
  double cpu = cpu_seconds(RUSAGE_SELF) + cpu_seconds(RUSAGE_CHILDREN);
  printf("%.1f %.4f\n", count / took, cpu * 1000 / count);
  return 0;
}
