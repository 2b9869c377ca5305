// A disk that fails on command, for a program that is started with LD_PRELOAD: what it writes to files
// below $FAULTY_DIR fails, waits or is recorded as the page $FAULTY_PAGE says, which the test writes to
// while the program runs. With $FAULTY_LOG each change is recorded there, for a loss of power to be
// played afterwards.

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

// As faults.rs has it, each four bytes.
struct Page {
    uint32_t write_errno;    // of what changes a file's content or length; 0 for none
    uint32_t sync_errno;     // of fsync and fdatasync
    uint32_t open_errno;     // of what makes, opens for writing, renames or removes a file
    uint32_t sync_delay_ms;  // of fsync and fdatasync
    uint32_t writes_failed;
    uint32_t syncs_failed;
    uint32_t opens_failed;
    uint32_t syncs_delayed;
};

// As power.rs has it; the name and the data follow.
struct Entry {
    uint8_t kind;
    uint8_t pad[3];
    uint32_t name_length;
    uint64_t data_length;
    uint64_t offset;
    uint64_t began_ns;
    uint64_t ended_ns;
};

char directory[PATH_MAX];
size_t directory_length;
volatile Page *page;
int record = -1;
std::mutex order;

template <typename F> F real(const char *name) { return reinterpret_cast<F>(dlsym(RTLD_NEXT, name)); }

__attribute__((constructor)) void begin() {
    const char *path = getenv("FAULTY_DIR"), *control = getenv("FAULTY_PAGE"), *log = getenv("FAULTY_LOG");
    if (!path || !control) return;
    long fd = syscall(SYS_openat, AT_FDCWD, control, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) return;
    void *mapped = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
    syscall(SYS_close, fd);
    if (mapped == MAP_FAILED) return;
    if (log) record = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
    directory_length = strlen(path);
    memcpy(directory, path, directory_length + 1);
    page = (volatile Page *)mapped;
}

uint64_t now_ns() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// The name below the directory, "" for itself; null for what is elsewhere.
const char *below(const char *path) {
    if (strncmp(path, directory, directory_length) != 0) return nullptr;
    if (path[directory_length] == '\0') return path + directory_length;
    return path[directory_length] == '/' ? path + directory_length + 1 : nullptr;
}

const char *name_of(int fd, char *buffer) {
    if (!page) return nullptr;
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, buffer, PATH_MAX - 1);
    if (length <= 0) return nullptr;
    buffer[length] = '\0';
    return below(buffer);
}

void tell(char kind, const char *name, uint64_t offset, const void *data, size_t length, uint64_t began) {
    if (record < 0) return;
    Entry entry = {};
    entry.kind = (uint8_t)kind;
    entry.name_length = (uint32_t)strlen(name);
    entry.data_length = length;
    entry.offset = offset;
    entry.began_ns = began;
    entry.ended_ns = now_ns();
    size_t total = sizeof entry + entry.name_length + length;
    char *bytes = (char *)malloc(total);
    memcpy(bytes, &entry, sizeof entry);
    memcpy(bytes + sizeof entry, name, entry.name_length);
    if (length) memcpy(bytes + sizeof entry + entry.name_length, data, length);
    if (syscall(SYS_write, record, bytes, total) != (long)total) abort();
    free(bytes);
}

// Is an error asked for? It is counted, and errno is it.
bool fails(volatile uint32_t &field, volatile uint32_t &count) {
    uint32_t code = field;
    if (!code) return false;
    __atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST);
    errno = (int)code;
    return true;
}

template <typename Call>
auto change(char kind, int fd, int64_t offset, const void *data, Call call) -> decltype(call()) {
    char buffer[PATH_MAX];
    const char *name = name_of(fd, buffer);
    if (!name) return call();
    if (fails(page->write_errno, page->writes_failed)) return -1;
    std::lock_guard<std::mutex> guard(order);
    if (offset < 0) offset = (int64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
    uint64_t began = now_ns();
    auto done = call();
    if (done >= 0) tell(kind, name, (uint64_t)offset, data, data ? (size_t)done : 0, began);
    return done;
}

template <typename Call> int sync(int fd, Call call) {
    char buffer[PATH_MAX];
    const char *name = name_of(fd, buffer);
    if (!name) return call();
    uint64_t began = now_ns();
    if (uint32_t delay = page->sync_delay_ms) {
        __atomic_add_fetch(&page->syncs_delayed, 1, __ATOMIC_SEQ_CST);
        timespec time = {delay / 1000, (long)(delay % 1000) * 1000000};
        nanosleep(&time, nullptr);
    }
    if (fails(page->sync_errno, page->syncs_failed)) {
        tell('F', name, 0, nullptr, 0, began);
        return -1;
    }
    // What is on the machine's real disk is no matter: no test takes its power away.
    tell('S', name, 0, nullptr, 0, began);
    return 0;
}

bool absolute(int at, const char *path, char *buffer) {
    if (!page) return false;
    if (path[0] == '/') return snprintf(buffer, PATH_MAX, "%s", path) < PATH_MAX;
    char folder[PATH_MAX], link[40];
    snprintf(link, sizeof link, at == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", at);
    ssize_t length = readlink(link, folder, sizeof folder - 1);
    if (length <= 0) return false;
    folder[length] = '\0';
    return snprintf(buffer, PATH_MAX, "%s/%s", folder, path) < PATH_MAX;
}

template <typename Call> int entry(char kind, int at, const char *path, const char *to, Call call) {
    char buffer[PATH_MAX];
    const char *name = absolute(at, path, buffer) ? below(buffer) : nullptr;
    if (!name) return call();
    if (fails(page->open_errno, page->opens_failed)) return -1;
    std::lock_guard<std::mutex> guard(order);
    uint64_t began = now_ns();
    struct stat status;
    bool is_new = kind == 'C' && stat(buffer, &status) != 0;
    int done = call();
    char other[PATH_MAX];
    const char *target = to && absolute(at, to, other) ? below(other) : nullptr;
    if (done >= 0 && (kind != 'C' || is_new))
        tell(kind, name, 0, target, target ? strlen(target) : 0, began);
    return done;
}

template <typename F> int open_with(const char *function, int at, const char *path, int flags, mode_t mode) {
    auto call = [&] { return real<F>(function)(at, path, flags, mode); };
    bool changes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    return changes ? entry('C', at, path, nullptr, call) : call();
}

using OpenAt = int (*)(int, const char *, int, ...);

}  // namespace

#define MODE(flags)                                     \
    mode_t mode = 0;                                    \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {            \
        va_list rest;                                   \
        va_start(rest, flags);                          \
        mode = va_arg(rest, mode_t);                    \
        va_end(rest);                                   \
    }

extern "C" {

#undef open
#undef open64
#undef openat
#undef openat64
#undef pwrite64
#undef ftruncate64

int open(const char *path, int flags, ...) {
    MODE(flags)
    return open_with<OpenAt>("openat", AT_FDCWD, path, flags, mode);
}
int open64(const char *path, int flags, ...) {
    MODE(flags)
    return open_with<OpenAt>("openat64", AT_FDCWD, path, flags, mode);
}
int openat(int at, const char *path, int flags, ...) {
    MODE(flags)
    return open_with<OpenAt>("openat", at, path, flags, mode);
}
int openat64(int at, const char *path, int flags, ...) {
    MODE(flags)
    return open_with<OpenAt>("openat64", at, path, flags, mode);
}
int unlink(const char *path) {
    return entry('U', AT_FDCWD, path, nullptr, [&] { return real<int (*)(const char *)>("unlink")(path); });
}
int rename(const char *from, const char *to) {
    return entry('R', AT_FDCWD, from, to,
                 [&] { return real<int (*)(const char *, const char *)>("rename")(from, to); });
}
ssize_t write(int fd, const void *data, size_t length) {
    return change('W', fd, -1, data,
                  [&] { return real<ssize_t (*)(int, const void *, size_t)>("write")(fd, data, length); });
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t offset) {
    return change('W', fd, offset, data, [&] {
        return real<ssize_t (*)(int, const void *, size_t, off_t)>("pwrite")(fd, data, length, offset);
    });
}
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
    return change('W', fd, offset, data, [&] {
        return real<ssize_t (*)(int, const void *, size_t, off64_t)>("pwrite64")(fd, data, length, offset);
    });
}
int ftruncate(int fd, off_t length) noexcept {
    return change('T', fd, length, nullptr, [&] { return real<int (*)(int, off_t)>("ftruncate")(fd, length); });
}
int ftruncate64(int fd, off64_t length) noexcept {
    return change('T', fd, length, nullptr,
                  [&] { return real<int (*)(int, off64_t)>("ftruncate64")(fd, length); });
}
int fsync(int fd) {
    return sync(fd, [&] { return real<int (*)(int)>("fsync")(fd); });
}
int fdatasync(int fd) {
    return sync(fd, [&] { return real<int (*)(int)>("fdatasync")(fd); });
}
}
