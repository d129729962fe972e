/* Writes down, in order, what a process does to the files below one folder. Loaded by LD_PRELOAD; recording.py reads it.

   Each call is made and noted under one lock, a mutex for the threads and a record lock for the processes, so that the
   order on record is the order in which it happened. What this does not see (a write through a mapping, a call that is
   not here) shows: the reader holds the result against the folder itself. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

_Static_assert(sizeof(long) == 8, "one set of system calls for all sizes of files");

struct head { /* followed by the two paths and the data */
    uint32_t kind, path, other, data;
    uint64_t inode;
    int64_t at;
};

enum {
    CREATE = 'c', WRITE = 'w', RESIZE = 't', FLUSH = 'f', FLUSH_ALL = 'S', MKDIR = 'd', RENAME = 'r', EXCHANGE = 'x',
    LINK = 'l', UNLINK = 'u', MARK = 'm', UNKNOWN = '?',
};

static char root[PATH_MAX];
static size_t root_length;
static int log_fd = -1;
static long dies_after = -1; /* so many notes more */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static _Noreturn void stop(const char *why) {
    dprintf(2, "recorder: %s\n", why);
    abort();
}

static void take(void) {
    pthread_mutex_lock(&mutex);
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    while (fcntl(log_fd, F_SETLKW, &all) != 0)
        if (errno != EINTR) stop("cannot lock the record");
}

static void give(void) {
    const int error = errno;
    struct flock all = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    fcntl(log_fd, F_SETLK, &all);
    pthread_mutex_unlock(&mutex);
    errno = error;
}

static void note(int kind, uint64_t inode, int64_t at, const char *path, const char *other, const void *data, size_t size) {
    const int error = errno;
    struct head head = {.kind = (uint32_t)kind, .inode = inode, .at = at, .data = (uint32_t)size,
                        .path = (uint32_t)strlen(path), .other = (uint32_t)strlen(other)};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)path, head.path}, {(void *)other, head.other}, {(void *)data, size}};
    const ssize_t whole = (ssize_t)(sizeof head + head.path + head.other + size);
    if (syscall(SYS_writev, log_fd, parts, 4) != whole) stop("cannot write the record");
    if (dies_after > 0 && --dies_after == 0) {
        kill(getpid(), SIGKILL);
        pause();
    }
    errno = error;
}

static bool is_below(const char *path) {
    return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

/* The path of a descriptor, if it is below the folder. */
static bool find(int fd, char *path) {
    char link[32];
    if (log_fd < 0 || fd < 0) return false;
    const int error = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = readlink(link, path, PATH_MAX - 1);
    errno = error;
    path[length < 0 ? 0 : length] = 0;
    return is_below(path);
}

/* A path from the root of the file system, if it is below the folder. */
static bool resolve(int folder, const char *path, char *whole) {
    char start[PATH_MAX] = "";
    if (log_fd < 0) return false;
    if (path[0] != '/') {
        if (folder == AT_FDCWD) {
            if (getcwd(start, sizeof start) == NULL) return false;
        } else {
            find(folder, start);
        }
        strcat(start, "/");
    }
    if (strlen(start) + strlen(path) >= PATH_MAX) return false;
    strcat(strcpy(whole, start), path);
    return is_below(whole);
}

static struct stat about(int fd) {
    struct stat found;
    if (fstat(fd, &found) != 0) stop("a file has no inode");
    return found;
}

/* --- for the process that is recorded --------------------------------------------------------------------- */

static void before_fork(void) { pthread_mutex_lock(&mutex); }
static void after_fork(void) { pthread_mutex_unlock(&mutex); }

/* From now on note what happens below `folder` in the file `record`; die, as of kill -9, after so many notes (< 0: never). */
void recorder_begin(const char *folder, const char *record, long notes) {
    strcpy(root, folder);
    root_length = strlen(root);
    dies_after = notes;
    log_fd = open(record, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log_fd < 0) stop("cannot open the record");
    setenv("RECORDER_FOLDER", folder, 1);
    setenv("RECORDER_RECORD", record, 1);
}

/* What the process has promised by now. */
void recorder_mark(const char *text) {
    take();
    note(MARK, 0, 0, "", "", text, strlen(text));
    give();
}

__attribute__((constructor)) static void begin(void) {
    const char *folder = getenv("RECORDER_FOLDER"), *record = getenv("RECORDER_RECORD");
    pthread_atfork(before_fork, after_fork, after_fork);
    if (folder != NULL && record != NULL) recorder_begin(folder, record, -1); /* a process of one that is recorded */
}

/* --- data -------------------------------------------------------------------------------------------------- */

ssize_t write(int fd, const void *data, size_t size) {
    char path[PATH_MAX];
    if (!find(fd, path)) return syscall(SYS_write, fd, data, size);
    take();
    const ssize_t done = syscall(SYS_write, fd, data, size);
    if (done > 0) note(WRITE, about(fd).st_ino, lseek(fd, 0, SEEK_CUR) - done, "", "", data, (size_t)done);
    give();
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    char path[PATH_MAX];
    if (!find(fd, path)) return syscall(SYS_pwrite64, fd, data, size, at);
    take();
    const ssize_t done = syscall(SYS_pwrite64, fd, data, size, at);
    if (done > 0) note(WRITE, about(fd).st_ino, at, "", "", data, (size_t)done);
    give();
    return done;
}

/* One after the other: a short count is allowed. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    char path[PATH_MAX];
    if (!find(fd, path)) return syscall(SYS_writev, fd, parts, count);
    ssize_t done = 0;
    for (int i = 0; i < count; i++) {
        const ssize_t more = write(fd, parts[i].iov_base, parts[i].iov_len);
        if (more < 0) return done > 0 ? done : more;
        done += more;
        if ((size_t)more < parts[i].iov_len) break;
    }
    return done;
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
    char path[PATH_MAX];
    if (!find(fd, path)) return syscall(SYS_pwritev, fd, parts, count, at, 0);
    ssize_t done = 0;
    for (int i = 0; i < count; i++) {
        const ssize_t more = pwrite(fd, parts[i].iov_base, parts[i].iov_len, at + done);
        if (more < 0) return done > 0 ? done : more;
        done += more;
        if ((size_t)more < parts[i].iov_len) break;
    }
    return done;
}

ssize_t pwritev2(int fd, const struct iovec *parts, int count, off_t at, int flags) {
    char path[PATH_MAX];
    if (at >= 0 && flags == 0) return pwritev(fd, parts, count, at);
    if (!find(fd, path)) return syscall(SYS_pwritev2, fd, parts, count, at, 0, flags);
    stop("pwritev2 with flags is not recorded");
}

int ftruncate(int fd, off_t size) {
    char path[PATH_MAX];
    if (!find(fd, path)) return (int)syscall(SYS_ftruncate, fd, size);
    take();
    const int result = (int)syscall(SYS_ftruncate, fd, size);
    if (result == 0) note(RESIZE, about(fd).st_ino, size, "", "", "", 0);
    give();
    return result;
}

int fallocate(int fd, int mode, off_t at, off_t size) {
    char path[PATH_MAX];
    if (!find(fd, path)) return (int)syscall(SYS_fallocate, fd, mode, at, size);
    take();
    const off_t before = about(fd).st_size;
    const int result = (int)syscall(SYS_fallocate, fd, mode, at, size);
    const off_t after = about(fd).st_size;
    if (result == 0 && (mode & ~FALLOC_FL_KEEP_SIZE)) note(UNKNOWN, 0, mode, "fallocate", "", "", 0);
    if (result == 0 && after != before) note(RESIZE, about(fd).st_ino, after, "", "", "", 0);
    give();
    return result;
}

int posix_fallocate(int fd, off_t at, off_t size) { return fallocate(fd, 0, at, size) == 0 ? 0 : errno; }

static int flush(long call, int fd) {
    char path[PATH_MAX];
    if (!find(fd, path)) return (int)syscall(call, fd);
    take();
    const int result = (int)syscall(call, fd);
    if (result == 0) note(FLUSH, about(fd).st_ino, 0, path, "", "", 0);
    give();
    return result;
}

int fsync(int fd) { return flush(SYS_fsync, fd); }
int fdatasync(int fd) { return flush(SYS_fdatasync, fd); }

/* sync_file_range flushes neither sizes nor the disk's own memory: it promises nothing, so it is not noted. */

static void note_flush_all(void) {
    if (log_fd < 0) return;
    take();
    note(FLUSH_ALL, 0, 0, "", "", "", 0);
    give();
}

void sync(void) {
    syscall(SYS_sync);
    note_flush_all();
}

int syncfs(int fd) {
    char path[PATH_MAX];
    const int result = (int)syscall(SYS_syncfs, fd);
    if (result == 0 && find(fd, path)) note_flush_all();
    return result;
}

void *mmap(void *wanted, size_t size, int protection, int flags, int fd, off_t at) {
    char path[PATH_MAX];
    const bool writes = (flags & MAP_SHARED) && (protection & PROT_WRITE) && find(fd, path);
    const size_t length = writes ? strlen(path) : 0;
    if (writes && !(length > 4 && strcmp(path + length - 4, "-shm") == 0)) { /* SQLite's shared memory is no record */
        take();
        note(UNKNOWN, 0, 0, "mmap", path, "", 0);
        give();
    }
    return (void *)syscall(SYS_mmap, wanted, size, protection, flags, fd, at);
}

/* --- names ------------------------------------------------------------------------------------------------- */

static int open_file(int folder, const char *name, int flags, mode_t mode) {
    char path[PATH_MAX];
    struct stat found;
    const bool nameless = (flags & O_TMPFILE) == O_TMPFILE;
    if (!(nameless || flags & (O_CREAT | O_TRUNC)) || !resolve(folder, name, path))
        return (int)syscall(SYS_openat, folder, name, flags, mode);
    take();
    const int error = errno;
    const bool existed = fstatat(folder, name, &found, 0) == 0;
    errno = error;
    const int fd = (int)syscall(SYS_openat, folder, name, flags, mode);
    if (fd >= 0 && nameless) note(UNKNOWN, 0, 0, "O_TMPFILE", path, "", 0);
    else if (fd >= 0 && !existed) note(CREATE, about(fd).st_ino, 0, path, "", "", 0);
    else if (fd >= 0 && flags & O_TRUNC) note(RESIZE, about(fd).st_ino, 0, "", "", "", 0);
    give();
    return fd;
}

static mode_t mode_of(int flags, va_list *rest) {
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(*rest, mode_t) : 0;
}

int open(const char *name, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = mode_of(flags, &rest);
    va_end(rest);
    return open_file(AT_FDCWD, name, flags, mode);
}

int openat(int folder, const char *name, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    const mode_t mode = mode_of(flags, &rest);
    va_end(rest);
    return open_file(folder, name, flags, mode);
}

int creat(const char *name, mode_t mode) { return open_file(AT_FDCWD, name, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int __open_2(const char *name, int flags) { return open_file(AT_FDCWD, name, flags, 0); }
int __openat_2(int folder, const char *name, int flags) { return open_file(folder, name, flags, 0); }

int mkdirat(int folder, const char *name, mode_t mode) {
    char path[PATH_MAX];
    struct stat made;
    if (!resolve(folder, name, path)) return (int)syscall(SYS_mkdirat, folder, name, mode);
    take();
    const int result = (int)syscall(SYS_mkdirat, folder, name, mode);
    if (result == 0 && fstatat(folder, name, &made, 0) == 0) note(MKDIR, made.st_ino, 0, path, "", "", 0);
    give();
    return result;
}

int mkdir(const char *name, mode_t mode) { return mkdirat(AT_FDCWD, name, mode); }

int renameat2(int folder, const char *name, int new_folder, const char *new_name, unsigned flags) {
    char path[PATH_MAX], other[PATH_MAX];
    const bool from = resolve(folder, name, path), to = resolve(new_folder, new_name, other);
    if (!from && !to) return (int)syscall(SYS_renameat2, folder, name, new_folder, new_name, flags);
    take();
    const int result = (int)syscall(SYS_renameat2, folder, name, new_folder, new_name, flags);
    if (result == 0 && !(from && to)) note(UNKNOWN, 0, 0, "a rename into or out of the folder", path, "", 0);
    else if (result == 0) note(flags & RENAME_EXCHANGE ? EXCHANGE : RENAME, 0, 0, path, other, "", 0);
    give();
    return result;
}

int renameat(int folder, const char *name, int new_folder, const char *new_name) {
    return renameat2(folder, name, new_folder, new_name, 0);
}

int rename(const char *name, const char *new_name) { return renameat2(AT_FDCWD, name, AT_FDCWD, new_name, 0); }

int linkat(int folder, const char *name, int new_folder, const char *new_name, int flags) {
    char path[PATH_MAX], other[PATH_MAX];
    const bool from = resolve(folder, name, path), to = resolve(new_folder, new_name, other);
    if (!from && !to) return (int)syscall(SYS_linkat, folder, name, new_folder, new_name, flags);
    take();
    const int result = (int)syscall(SYS_linkat, folder, name, new_folder, new_name, flags);
    if (result == 0 && !(from && to)) note(UNKNOWN, 0, 0, "a link into or out of the folder", path, "", 0);
    else if (result == 0) note(LINK, 0, 0, path, other, "", 0);
    give();
    return result;
}

int link(const char *name, const char *new_name) { return linkat(AT_FDCWD, name, AT_FDCWD, new_name, 0); }

int symlinkat(const char *target, int folder, const char *name) {
    char path[PATH_MAX];
    const int result = (int)syscall(SYS_symlinkat, target, folder, name);
    if (result == 0 && resolve(folder, name, path)) {
        take();
        note(UNKNOWN, 0, 0, "symlink", path, "", 0);
        give();
    }
    return result;
}

int symlink(const char *target, const char *name) { return symlinkat(target, AT_FDCWD, name); }

int unlinkat(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    if (!resolve(folder, name, path)) return (int)syscall(SYS_unlinkat, folder, name, flags);
    take();
    const int result = (int)syscall(SYS_unlinkat, folder, name, flags);
    if (result == 0) note(UNLINK, 0, 0, path, "", "", 0);
    give();
    return result;
}

int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
int rmdir(const char *name) { return unlinkat(AT_FDCWD, name, AT_REMOVEDIR); }

/* The same under the names of programs built for large files. */
#define SAME(as) __attribute__((alias(#as)))
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) SAME(pwrite);
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) SAME(pwritev);
ssize_t pwritev64v2(int fd, const struct iovec *parts, int count, off64_t at, int flags) SAME(pwritev2);
int ftruncate64(int fd, off64_t size) SAME(ftruncate);
int fallocate64(int fd, int mode, off64_t at, off64_t size) SAME(fallocate);
int posix_fallocate64(int fd, off64_t at, off64_t size) SAME(posix_fallocate);
int open64(const char *name, int flags, ...) SAME(open);
int openat64(int folder, const char *name, int flags, ...) SAME(openat);
int creat64(const char *name, mode_t mode) SAME(creat);
int __open64_2(const char *name, int flags) SAME(__open_2);
int __openat64_2(int folder, const char *name, int flags) SAME(__openat_2);
void *mmap64(void *wanted, size_t size, int protection, int flags, int fd, off64_t at) SAME(mmap);
