/* The folders of runs. On ext4, making and removing the two of one run costs more than starting its program. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_SPARES = 64 };

/* A run's folder and its working directory, as its program found them. */
struct made {
  struct stat folder, work;
};

static uid_t uid; /* whose they are, if has_owner */
static gid_t gid;
static int has_owner;
static char *spares[MAX_SPARES]; /* empty folders of runs that are over */
static int spare_count;

static int make_path(char *path, const char *folder, const char *name) { return sprintf(path, "%s/%s", folder, name); }

static int remove_folder(const char *folder) {
  char work[strlen(folder) + sizeof "/work"];
  make_path(work, folder, "work");
  return rmdir(work) | rmdir(folder);
}

/* Has a folder made, by another name if one is to spare: nobody can tell it from a new one. */
static int make_folder(const char *path, struct made *made) {
  char work[strlen(path) + sizeof "/work"];
  make_path(work, path, "work");
  int is_made = 0;
  while (spare_count > 0 && !is_made) {
    is_made = !rename(spares[--spare_count], path);
    free(spares[spare_count]);
  }
  if (!is_made) {
    if (mkdir(path, 0700)) return -1;
    is_made = !mkdir(work, 0700) && (!has_owner || (!chown(work, uid, gid) && !chown(path, uid, gid)));
  }
  if (is_made && !lstat(path, &made->folder) && !lstat(work, &made->work)) return 0;
  int error = errno;
  remove_folder(path);
  errno = error;
  return -1;
}

static int is_unchanged(const char *path, const struct stat *made, const char *allowed) {
  struct stat now;
  if (lstat(path, &now) || now.st_ino != made->st_ino || now.st_mode != made->st_mode || now.st_uid != made->st_uid ||
      now.st_gid != made->st_gid || now.st_ctim.tv_sec != made->st_ctim.tv_sec ||
      now.st_ctim.tv_nsec != made->st_ctim.tv_nsec)
    return 0;
  /* The clock of a file system may stand still for milliseconds. */
  DIR *folder = opendir(path);
  if (!folder) return 0;
  struct dirent *entry;
  while ((entry = readdir(folder)))
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && strcmp(entry->d_name, allowed)) break;
  closedir(folder);
  return !entry;
}

/* Keeps the folder of a run for another, if no process is left that could hold it and the program has left it as it was. */
static int spare_folder(const char *path, const struct made *made) {
  static unsigned spared;
  size_t parent = strrchr(path, '/') - path;
  char work[strlen(path) + sizeof "/work"], name[parent + sizeof "/spare-4294967295"];
  make_path(work, path, "work");
  if (spare_count == MAX_SPARES || !is_unchanged(work, &made->work, "") ||
      !is_unchanged(path, &made->folder, "work"))
    return -1;
  sprintf(name, "%.*s/spare-%u", (int)parent, path, spared++);
  if (rename(path, name)) return -1;
  if (!(spares[spare_count++] = strdup(name))) fail("strdup");
  return 0;
}

/*
 * A file without a name that holds the program's STDIN. -1: errno says why there is none. It is opened again by its
 * descriptor: by its name, whoever shares the folder's user could have put another file there meanwhile, which would be
 * read, and given away, with this process's rights.
 */
static int make_input(const char *folder, const char *bytes, size_t length) {
  char path[strlen(folder) + sizeof "/input"], again[64];
  make_path(path, folder, "input");
  int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (to < 0) return -1;
  unlink(path);
  sprintf(again, "/proc/self/fd/%d", to);
  int error = 0;
  for (ssize_t written; length > 0 && !error; bytes += written, length -= written)
    if ((written = write(to, bytes, length)) < 0) error = errno, written = 0;
  int from = error ? -1 : open(again, O_RDONLY | O_CLOEXEC);
  if (from < 0 && !error) error = errno;
  close(to);
  if (from >= 0 && has_owner && fchown(from, uid, gid)) {
    error = errno;
    close(from);
    from = -1;
  }
  errno = error;
  return from;
}
