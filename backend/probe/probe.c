/*
 * The health probe: `probe tcp PORT` and `probe http PORT PATH [HOST]…`, for images without a shell or curl. With `calm REST AFTER` before these, a check that
 * passed rests for that many seconds before it ends, once the container is older than AFTER: for engines that know one interval only. It connects to an IPv4 address of the
 * container that is not loopback, as its callers do, so that a server which listens on 127.0.0.1 only is caught. With several HOST headers one good
 * answer is enough; without one it is localhost. Exit 0: healthy. Exit 1: one line
 * on standard output says why, which Docker keeps in the container's health log. Exit 2: wrong arguments. No libc: raw system calls, a few KB, no
 * files but /proc/net and /proc/1/stat are read. How long an answer may take is for the HEALTHCHECK's own timeout to say, which ends the probe.
 */
#include <asm/unistd.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

/* The kernel's interface, netdevice(7), socket(7): written out, so that the bytes do not depend on anybody's headers. */
#define AF_INET 2
#define SOCK_STREAM 1
#define SOL_SOCKET 1
#define SO_RCVTIMEO 20
#define SO_SNDTIMEO 21
#define SIOCGIFCONF 0x8912
#define MSG_NOSIGNAL 0x4000
#define MSG_MORE 0x8000
#define O_RDONLY 0
#define AT_FDCWD -100
struct address {
  u16 family, port;
  u32 ip;
  u8 zero[8];
};
struct interface {
  char name[16];
  struct address address;
  u8 rest[8];
};
struct interfaces {
  int length;
  struct interface *list;
};

/* Within the container it takes time only when the server's queue is full; the kernel tries again after 1 s. */
#define CONNECT_SECONDS 2
#define DRAIN_MICROS 100000
#define DRAIN_READS 16
#define MAX_LISTED 10
#define MAX_TEXT 300
#define LISTEN_STATE 0x0a
#define CLOCK_BOOTTIME 7
#define TICKS_PER_SECOND 100 /* of /proc/PID/stat, on every machine: proc_pid_stat(5) */
#define START_TIME_FIELD 22

#if defined(__x86_64__)
static long sys(long n, long a, long b, long c, long d, long e, long f) {
  long r;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
  return r;
}
__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n mov %rsp,%rdi\n and $-16,%rsp\n call start\n hlt\n");
#elif defined(__aarch64__)
static long sys(long n, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = n;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
__asm__(".globl _start\n_start:\n mov x29,#0\n mov x0,sp\n bl start\n");
#endif

static char out[1024];
static u32 out_length;

static void put(const char *s) {
  while (*s && out_length < sizeof out - 1) out[out_length++] = *s++;
}

static void put_number(u32 n) {
  char digits[11];
  int i = 10;
  digits[i] = 0;
  do digits[--i] = (char)('0' + n % 10);
  while (n /= 10);
  put(digits + i);
}

static void leave(int code) {
  if (out_length) {
    put("\n");
    sys(__NR_write, 1, (long)out, out_length, 0, 0, 0);
  }
  for (;;) sys(__NR_exit_group, code, 0, 0, 0, 0, 0);
}

static int same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

/* 1–65535, or 0 for what is no port. */
static u32 port_of(const char *s) {
  u32 n = 0;
  if (!*s) return 0;
  for (; *s; s++) {
    if (*s < '0' || *s > '9' || n > 65535) return 0;
    n = n * 10 + (u32)(*s - '0');
  }
  return n <= 65535 ? n : 0;
}

static void limit(long fd, long option, long seconds, long micros) {
  struct { long seconds, micros; } patience = {seconds, micros};
  sys(__NR_setsockopt, fd, SOL_SOCKET, option, (long)&patience, sizeof patience, 0);
}

/* A connected socket, or a negative number. */
static long connect_to(u32 address, u32 port) {
  struct address to = {AF_INET, (u16)((port << 8 | port >> 8) & 0xffff), address, {0}};
  long fd = sys(__NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0);
  if (fd < 0) return fd;
  limit(fd, SO_SNDTIMEO, CONNECT_SECONDS, 0);
  if (sys(__NR_connect, fd, (long)&to, sizeof to, 0, 0, 0) == 0) return fd;
  sys(__NR_close, fd, 0, 0, 0, 0, 0);
  return -1;
}

/* The first address that is not loopback and accepts a connection. */
static long connect_anywhere(u32 port) {
  static struct interface found[32];
  struct interfaces list = {sizeof found, found};
  long socket = sys(__NR_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0);
  if (sys(__NR_ioctl, socket, SIOCGIFCONF, (long)&list, 0, 0, 0) < 0) return -1;
  sys(__NR_close, socket, 0, 0, 0, 0, 0);
  for (u32 i = 0; i < (u32)list.length / sizeof found[0]; i++) {
    u32 address = found[i].address.ip;
    if ((address & 0xff) == 127) continue;
    long fd = connect_to(address, port);
    if (fd >= 0) return fd;
  }
  return -1;
}

static void put_hex(u32 n) {
  if (n > 15) put_hex(n >> 4);
  char digit[2] = {"0123456789abcdef"[n & 15], 0};
  put(digit);
}

static u32 hex(const char *s, int digits) {
  u32 n = 0;
  for (; digits--; s++) n = n << 4 | (u32)(*s <= '9' ? *s - '0' : (*s | 32) - 'a' + 10);
  return n;
}

/* The words as /proc/net prints them, in the machine's byte order; an IPv4 address is the last one alone. */
struct listener {
  u32 words[4];
  u32 port, v6;
};
static struct listener listed[MAX_LISTED];
static u32 listed_count;

static void put_v4(u32 address) {
  for (int i = 0; i < 4; i++) {
    if (i) put(".");
    put_number(address >> 8 * i & 0xff);
  }
}

static void put_v6(const u32 *words) {
  put("[");
  if (!(words[0] | words[1] | words[2]) && (!words[3] || words[3] == 0x01000000)) {
    put(words[3] ? "::1" : "::");
  } else {
    const u8 *bytes = (const u8 *)words;
    for (int i = 0; i < 16; i += 2) {
      if (i) put(":");
      put_hex((u32)bytes[i] << 8 | bytes[i + 1]);
    }
  }
  put("]");
}

static int same_listener(const struct listener *a, const struct listener *b) {
  for (int i = 0; i < 4; i++)
    if (a->words[i] != b->words[i]) return 0;
  return a->port == b->port && a->v6 == b->v6;
}

static void list(const struct listener *it) {
  if (listed_count == MAX_LISTED) return;
  if (!it->v6 && it->words[3] == 0x0b00007f) return; /* 127.0.0.11 is Docker's own resolver */
  for (u32 i = 0; i < listed_count; i++)
    if (same_listener(&listed[i], it)) return;
  if (listed_count) put(", ");
  if (it->v6) put_v6(it->words);
  else put_v4(it->words[3]);
  put(":");
  put_number(it->port);
  listed[listed_count++] = *it;
}

/* `  0: 0100007F:1F90 00000000:0000 0A …`, addresses as words of the machine's byte order. */
static void list_line(const char *s, u32 v6) {
  while (*s && *s != ':') s++;
  if (!*s) return;
  s += 2;
  struct listener it = {{0}, 0, v6};
  for (u32 i = v6 ? 0 : 3; i < 4; i++, s += 8) it.words[i] = hex(s, 8);
  it.port = hex(s + 1, 4);
  u32 state = hex(s + 1 + 4 + 1 + (v6 ? 32 : 8) + 1 + 4 + 1, 2);
  if (state != LISTEN_STATE) return;
  if (!(it.words[0] | it.words[1]) && it.words[2] == 0xffff0000) it.words[2] = it.v6 = 0; /* IPv4 within IPv6, as Java does */
  list(&it);
}

/* Whether the file could be read. */
static int list_file(const char *path, u32 v6) {
  static char line[512];
  static char chunk[4096];
  u32 used = 0, first = 1;
  long n, fd = sys(__NR_openat, AT_FDCWD, (long)path, O_RDONLY, 0, 0, 0);
  if (fd < 0) return 0;
  while ((n = sys(__NR_read, fd, (long)chunk, sizeof chunk, 0, 0, 0)) > 0) {
    for (long i = 0; i < n; i++) {
      if (chunk[i] != '\n') {
        if (used < sizeof line - 1) line[used++] = chunk[i];
        continue;
      }
      line[used] = 0;
      if (!first && used > (v6 ? 90 : 40)) list_line(line, v6);
      first = used = 0;
    }
  }
  sys(__NR_close, fd, 0, 0, 0, 0, 0);
  return 1;
}

static void not_listening(u32 port) {
  put("not listening on port ");
  put_number(port);
  put("; listening: ");
  int known = list_file("/proc/net/tcp", 0);
  list_file("/proc/net/tcp6", 1); /* not there on a machine without IPv6 */
  if (!listed_count) put(known ? "nothing" : "unknown");
  leave(1);
}

static void send_all(long fd, const char *s, int more) {
  u32 length = 0;
  while (s[length]) length++;
  while (length) {
    long n = sys(__NR_sendto, fd, (long)s, length, MSG_NOSIGNAL | more, 0, 0);
    if (n <= 0) return;
    s += n;
    length -= (u32)n;
  }
}

static int hex_digit(char c) {
  return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

/* Closed before its end, an answer would be a broken connection to the server, and a line in its log at every check. */
static void drain(long fd) {
  static char rest[65536];
  limit(fd, SO_RCVTIMEO, 0, DRAIN_MICROS);
  for (int i = 0; i < DRAIN_READS; i++)
    if (sys(__NR_read, fd, (long)rest, sizeof rest, 0, 0, 0) <= 0) return;
}

static char answer[4096];
static u32 answer_length;

/* The status of the answer, or 0. */
static u32 get(long fd, const char *path, const char *host) {
  answer_length = 0;
  send_all(fd, "GET ", MSG_MORE); /* in one packet: simple servers read a request only once */
  send_all(fd, path, MSG_MORE);
  send_all(fd, " HTTP/1.1\r\nHost: ", MSG_MORE);
  send_all(fd, host, MSG_MORE);
  send_all(fd, "\r\nUser-Agent: berth-probe\r\nConnection: close\r\n\r\n", 0);
  while (answer_length < 12) {
    long n = sys(__NR_read, fd, (long)(answer + answer_length), sizeof answer - 1 - answer_length, 0, 0, 0);
    if (n <= 0) return 0;
    answer_length += (u32)n;
  }
  if (answer[0] != 'H' || answer[4] != '/' || answer[8] != ' ') return 0;
  char after = answer[12];
  answer[12] = 0;
  u32 status = port_of(answer + 9);
  answer[12] = after;
  return status;
}

/* Reads on until the answer ends, pauses or fills the buffer. */
static void read_rest(long fd) {
  limit(fd, SO_RCVTIMEO, 0, DRAIN_MICROS);
  while (answer_length < sizeof answer - 1) {
    long n = sys(__NR_read, fd, (long)(answer + answer_length), sizeof answer - 1 - answer_length, 0, 0, 0);
    if (n <= 0) return;
    answer_length += (u32)n;
  }
}

/* The beginning of the body in one line, without the tags of HTML and without the sizes of chunks. */
static void put_text(void) {
  u32 from = 0, shown = 0, in_tag = 0, gap = 0;
  while (from + 3 < answer_length && !(answer[from] == '\r' && answer[from + 1] == '\n' && answer[from + 2] == '\r')) from++;
  from += 4;
  u32 size_end = from;
  while (size_end < answer_length && hex_digit(answer[size_end])) size_end++;
  if (size_end > from && size_end + 1 < answer_length && answer[size_end] == '\r' && answer[size_end + 1] == '\n')
    from = size_end + 2;
  for (u32 i = from; i < answer_length && shown < MAX_TEXT; i++) {
    u8 c = (u8)answer[i];
    if (c == '<') in_tag = 1;
    if (c <= ' ' || in_tag || c == 127) {
      gap = 1;
      if (c == '>') in_tag = 0;
      continue;
    }
    char text[2] = {(char)c, 0};
    if (gap && shown) put(" "), shown++;
    if (!shown) put(": ");
    put(text);
    gap = 0;
    shown++;
  }
}

/* Seconds since the container's first process began; 0 when that cannot be known. */
static long age(void) {
  static char text[1024];
  struct { long seconds, nanos; } now;
  long length, ticks = 0, fd = sys(__NR_openat, AT_FDCWD, (long)"/proc/1/stat", O_RDONLY, 0, 0, 0);
  if (fd < 0) return 0;
  length = sys(__NR_read, fd, (long)text, sizeof text - 1, 0, 0, 0);
  sys(__NR_close, fd, 0, 0, 0, 0, 0);
  if (length <= 0 || sys(__NR_clock_gettime, CLOCK_BOOTTIME, (long)&now, 0, 0, 0, 0) < 0) return 0;
  const char *s = 0; /* the second field, a name, may hold anything, and ends with the last parenthesis */
  for (long i = 0; i < length; i++)
    if (text[i] == ')') s = text + i;
  if (!s) return 0;
  for (int field = 2; field < START_TIME_FIELD && *s; s++)
    if (*s == ' ') field++;
  for (; *s >= '0' && *s <= '9'; s++) ticks = ticks * 10 + (*s - '0');
  return now.seconds - ticks / TICKS_PER_SECOND;
}

static u32 rest, calm_after;

/* It holds no connection while it rests. */
static void well(long fd) {
  struct { long seconds, nanos; } pause = {rest, 0};
  sys(__NR_close, fd, 0, 0, 0, 0, 0);
  if (rest && age() > (long)calm_after) sys(__NR_nanosleep, (long)&pause, 0, 0, 0, 0, 0);
  leave(0);
}

/* Ends the probe when the answer is good. Of several hosts, the first one's failure is reported. */
static void check(u32 port, const char *path, const char *host, int is_first) {
  long fd = connect_anywhere(port);
  if (fd < 0) {
    if (is_first) not_listening(port);
    return;
  }
  u32 status = get(fd, path, host);
  if (status >= 200 && status < 400) {
    drain(fd);
    out_length = 0;
    well(fd);
  }
  if (is_first) {
    put("GET ");
    for (u32 i = 0; path[i] && i < 200; i++) { /* a longer path would push the rest out of what Docker keeps */
      char c[2] = {path[i], 0};
      put(c);
    }
    put(status ? " answered " : " gave no answer");
    if (status) {
      put_number(status);
      read_rest(fd);
      put_text();
    }
  }
  drain(fd);
  sys(__NR_close, fd, 0, 0, 0, 0, 0);
}

__attribute__((used)) void start(long *stack) {
  long count = stack[0];
  char **arguments = (char **)(stack + 1);
  if (count >= 4 && same(arguments[1], "calm")) {
    rest = port_of(arguments[2]);
    calm_after = port_of(arguments[3]);
    if (!rest || !calm_after) count = 0;
    count -= 3;
    arguments += 3;
  }
  u32 port = count >= 3 ? port_of(arguments[2]) : 0;
  int tcp = count == 3 && same(arguments[1], "tcp");
  int http = count >= 4 && same(arguments[1], "http") && arguments[3][0] == '/';
  if (!port || (!tcp && !http)) {
    put("usage: probe [calm REST AFTER] tcp PORT | http PORT PATH [HOST]...");
    leave(2);
  }
  if (tcp) {
    long fd = connect_anywhere(port);
    if (fd < 0) not_listening(port);
    well(fd);
  }
  for (long i = 4; i == 4 || i < count; i++) check(port, arguments[3], i < count ? arguments[i] : "localhost", i == 4);
  leave(1);
}
