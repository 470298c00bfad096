/*
 * A web page that says hello, its version and who asks, as a static program of a few KB: the first deployment needs no
 * registry. One thread serves all connections with ppoll(2); raw system calls instead of a C library, as in the probe.
 * PORT (8080) and VERSION come from the environment. SIGTERM and SIGINT arrive through a signalfd, because the first
 * process of a container ignores signals that it does not handle.
 */
#include <asm/unistd.h>

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;

/* The kernel's interface, socket(7), poll(2), signalfd(2): written out, so that the bytes depend on no header. */
#define AF_INET 2
#define SOCK_STREAM 1
#define SOCK_NONBLOCK 04000
#define SOL_SOCKET 1
#define SO_REUSEADDR 2
#define SHUT_WR 1
#define MSG_NOSIGNAL 0x4000
#define POLLIN 1
#define EAGAIN 11
#define EINTR 4
#define CLOCK_MONOTONIC 1
#define SIG_BLOCK 0
#define SIGINT 2
#define SIGTERM 15
struct address {
  u16 family, port;
  u8 ip[4];
  u8 zero[8];
};
struct pollfd {
  int fd;
  short events, revents;
};
struct time {
  long seconds, nanos;
};

#define DEFAULT_PORT 8080
#define BACKLOG 128
#define MAX_CONNECTIONS 64
/* A request line and its headers; what is longer is answered with 431. */
#define MAX_REQUEST_BYTES 8192
/* What the page and the log show of a text of the client. */
#define MAX_SHOWN_BYTES 200
/* For the whole request, and again for the client to close after the response. */
#define TIMEOUT_SECONDS 5

#if defined(__x86_64__)
static long sys(long n, long a, long b, long c, long d, long e, long f) {
  long r;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(r)
                   : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
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

/* Text that is cut where the buffer ends. */
struct text {
  u32 length, size;
  char *bytes;
};

struct connection {
  int fd; /* -1: free */
  int is_answered;
  u32 used;
  u64 number; /* in the order of their arrival */
  long deadline;
  struct address client;
  char request[MAX_REQUEST_BYTES + 1];
};

static struct connection connections[MAX_CONNECTIONS];
static const char *version;

static void put_char(struct text *to, char c) {
  if (to->length < to->size) to->bytes[to->length++] = c;
}

static void put(struct text *to, const char *s) {
  while (*s) put_char(to, *s++);
}

static void put_number(struct text *to, u32 n) {
  if (n > 9) put_number(to, n / 10);
  put_char(to, (char)('0' + n % 10));
}

static void put_address(struct text *to, const struct address *it) {
  for (int i = 0; i < 4; i++) {
    if (i) put_char(to, '.');
    put_number(to, it->ip[i]);
  }
}

/* A text from outside, up to the end of its line: printable ASCII as it is, each other byte as a question mark. */
static void put_foreign(struct text *to, const char *s, int as_html) {
  for (u32 i = 0; i < MAX_SHOWN_BYTES && *s && *s != '\r' && *s != '\n'; i++, s++) {
    if (as_html && *s == '<') put(to, "&lt;");
    else if (as_html && *s == '>') put(to, "&gt;");
    else if (as_html && *s == '&') put(to, "&amp;");
    else if (as_html && *s == '"') put(to, "&quot;");
    else if (as_html && *s == '\'') put(to, "&#39;");
    else put_char(to, *s >= ' ' && *s < 127 ? *s : '?');
  }
}

static void write_out(const struct text *it) {
  sys(__NR_write, 1, (long)it->bytes, it->length, 0, 0, 0);
}

static void leave(int code) {
  for (;;) sys(__NR_exit_group, code, 0, 0, 0, 0, 0);
}

static void fail(const char *what) {
  char bytes[128];
  struct text line = {0, sizeof bytes, bytes};
  put(&line, what);
  put_char(&line, '\n');
  write_out(&line);
  leave(1);
}

static long now(void) {
  struct time time;
  sys(__NR_clock_gettime, CLOCK_MONOTONIC, (long)&time, 0, 0, 0, 0);
  return time.seconds;
}

/* Whether `s` begins with `prefix`, which is in lower case, in any case of letters. */
static int begins(const char *s, const char *prefix) {
  for (; *prefix; s++, prefix++)
    if ((*s >= 'A' && *s <= 'Z' ? *s | 32 : *s) != *prefix) return 0;
  return 1;
}

/* What stands behind `name`, such as "user-agent:", in the headers; 0 when it is missing. */
static const char *header(const char *request, const char *name) {
  for (const char *s = request; *s; s++) {
    if (*s != '\n' || !begins(s + 1, name)) continue;
    for (s++; *name; name++) s++;
    while (*s == ' ') s++;
    return s;
  }
  return 0;
}

static const char *variable(char **environment, const char *name) {
  for (; *environment; environment++) {
    const char *a = *environment, *b = name;
    while (*b && *a == *b) a++, b++;
    if (!*b && *a == '=' && a[1]) return a + 1;
  }
  return 0;
}

static void put_page(struct text *to, const struct connection *it) {
  const char *agent = header(it->request, "user-agent:");
  const char *behind = header(it->request, "x-forwarded-for:");
  put(to, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Hello from Berth</title>\n"
          "<style>body{font:1.2em/1.5 system-ui,sans-serif;max-width:36em;margin:15vh auto;padding:0 1em}</style>\n"
          "<h1>Hello from Berth</h1>\n<p>This is version ");
  put_foreign(to, version, 1);
  put(to, ".</p>\n<p>The request came from ");
  put_address(to, &it->client);
  if (behind) {
    put(to, ", for ");
    put_foreign(to, behind, 1);
  }
  if (agent) {
    put(to, ", by ");
    put_foreign(to, agent, 1);
  }
  put(to, ".</p>\n</html>\n");
}

static void log_request(const struct connection *it, const char *status) {
  char bytes[MAX_SHOWN_BYTES + 128];
  struct text line = {0, sizeof bytes, bytes};
  put_address(&line, &it->client);
  put(&line, " \"");
  put_foreign(&line, it->request, 0);
  put(&line, "\" ");
  for (u32 i = 0; i < 3; i++) put_char(&line, status[i]);
  put_char(&line, '\n');
  write_out(&line);
}

/* The whole response fits into the socket's empty buffer, so that one call sends it. */
static void respond(struct connection *it, const char *status) {
  static char page_bytes[8192], bytes[sizeof page_bytes + 512];
  struct text page = {0, sizeof page_bytes, page_bytes}, response = {0, sizeof bytes, bytes};
  int is_page = status[0] == '2';
  if (is_page) {
    put_page(&page, it);
  } else {
    put(&page, status);
    put_char(&page, '\n');
  }
  put(&response, "HTTP/1.1 ");
  put(&response, status);
  put(&response, is_page ? "\r\nContent-Type: text/html; charset=utf-8" : "\r\nContent-Type: text/plain");
  if (begins(status, "405")) put(&response, "\r\nAllow: GET, HEAD");
  put(&response, "\r\nCache-Control: no-store\r\nConnection: close\r\nContent-Length: ");
  put_number(&response, page.length);
  put(&response, "\r\n\r\n");
  if (!begins(it->request, "head "))
    for (u32 i = 0; i < page.length; i++) put_char(&response, page.bytes[i]);
  log_request(it, status);
  sys(__NR_sendto, it->fd, (long)response.bytes, response.length, MSG_NOSIGNAL, 0, 0);
  sys(__NR_shutdown, it->fd, SHUT_WR, 0, 0, 0, 0);
  it->is_answered = 1;
  it->deadline = now() + TIMEOUT_SECONDS;
}

static void close_connection(struct connection *it) {
  sys(__NR_close, it->fd, 0, 0, 0, 0, 0);
  it->fd = -1;
}

/* Closed while bytes of the client are unread, a connection would be reset and the response lost: they are read first. */
static void drop_input(struct connection *it) {
  static char rest[4096];
  long n;
  do n = sys(__NR_read, it->fd, (long)rest, sizeof rest, 0, 0, 0);
  while (n > 0);
  if (n != -EAGAIN && n != -EINTR) close_connection(it);
}

static int is_complete(const struct connection *it) {
  for (u32 i = 3; i < it->used; i++)
    if (it->request[i] == '\n' && (it->request[i - 1] == '\n' || it->request[i - 2] == '\n')) return 1;
  return 0;
}

static void receive(struct connection *it) {
  if (it->is_answered) {
    drop_input(it);
    return;
  }
  long n = sys(__NR_read, it->fd, (long)(it->request + it->used), MAX_REQUEST_BYTES - it->used, 0, 0, 0);
  if (n == -EAGAIN || n == -EINTR) return;
  if (n <= 0) {
    close_connection(it);
    return;
  }
  it->used += (u32)n;
  it->request[it->used] = 0;
  if (is_complete(it)) {
    int is_known = begins(it->request, "get ") || begins(it->request, "head ");
    respond(it, is_known ? "200 OK" : "405 Method Not Allowed");
  } else if (it->used == MAX_REQUEST_BYTES) {
    respond(it, "431 Request Header Fields Too Large");
  }
}

static struct connection *free_connection(void) {
  for (u32 i = 0; i < MAX_CONNECTIONS; i++)
    if (connections[i].fd < 0) return &connections[i];
  return 0;
}

/* The oldest gives way to a new client, so that idle connections cannot keep others out. */
static struct connection *oldest_connection(void) {
  struct connection *oldest = &connections[0];
  for (u32 i = 1; i < MAX_CONNECTIONS; i++)
    if (connections[i].number < oldest->number) oldest = &connections[i];
  close_connection(oldest);
  return oldest;
}

static void accept_clients(int listener) {
  static u64 accepted;
  for (;;) {
    struct address client;
    u32 length = sizeof client;
    long fd = sys(__NR_accept4, listener, (long)&client, (long)&length, SOCK_NONBLOCK, 0, 0);
    if (fd < 0) return;
    struct connection *it = free_connection();
    if (!it) it = oldest_connection();
    it->fd = (int)fd;
    it->is_answered = 0;
    it->used = 0;
    it->number = accepted++;
    it->deadline = now() + TIMEOUT_SECONDS;
    it->client = client;
  }
}

static int listen_on(u32 port) {
  struct address any = {AF_INET, (u16)((port << 8 | port >> 8) & 0xffff), {0}, {0}};
  int yes = 1;
  long fd = sys(__NR_socket, AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0, 0, 0, 0);
  sys(__NR_setsockopt, fd, SOL_SOCKET, SO_REUSEADDR, (long)&yes, sizeof yes, 0);
  if (sys(__NR_bind, fd, (long)&any, sizeof any, 0, 0, 0) < 0 || sys(__NR_listen, fd, BACKLOG, 0, 0, 0, 0) < 0)
    fail("The port cannot be used: it is taken, or only root may use it.");
  return (int)fd;
}

static int signals(void) {
  u64 mask = 1UL << (SIGTERM - 1) | 1UL << (SIGINT - 1);
  sys(__NR_rt_sigprocmask, SIG_BLOCK, (long)&mask, 0, sizeof mask, 0, 0);
  return (int)sys(__NR_signalfd4, -1, (long)&mask, sizeof mask, 0, 0, 0);
}

static u32 port_of(const char *s) {
  u32 n = 0;
  if (!s) return DEFAULT_PORT;
  for (; *s; s++) {
    if (*s < '0' || *s > '9' || n > 65535) return 0;
    n = n * 10 + (u32)(*s - '0');
  }
  return n <= 65535 ? n : 0;
}

static void tell_start(u32 port) {
  char bytes[MAX_SHOWN_BYTES + 64];
  struct text line = {0, sizeof bytes, bytes};
  put(&line, "hello, version ");
  put_foreign(&line, version, 0);
  put(&line, ", listens on port ");
  put_number(&line, port);
  put_char(&line, '\n');
  write_out(&line);
}

static void serve(int listener, int ending) {
  static struct pollfd watched[MAX_CONNECTIONS + 2];
  static const struct time second = {1, 0};
  for (;;) {
    watched[0] = (struct pollfd){listener, POLLIN, 0};
    watched[1] = (struct pollfd){ending, POLLIN, 0};
    for (u32 i = 0; i < MAX_CONNECTIONS; i++) watched[i + 2] = (struct pollfd){connections[i].fd, POLLIN, 0};
    struct time timeout = second; /* the kernel writes what is left of it */
    sys(__NR_ppoll, (long)watched, MAX_CONNECTIONS + 2, (long)&timeout, 0, 0, 0);
    if (watched[1].revents) leave(0);
    for (u32 i = 0; i < MAX_CONNECTIONS; i++) {
      struct connection *it = &connections[i];
      if (it->fd < 0) continue;
      if (watched[i + 2].revents) receive(it);
      if (it->fd >= 0 && now() > it->deadline) close_connection(it);
    }
    if (watched[0].revents) accept_clients(listener);
  }
}

__attribute__((used)) void start(long *stack) {
  char **environment = (char **)(stack + 1) + stack[0] + 1;
  u32 port = port_of(variable(environment, "PORT"));
  if (!port) fail("PORT must be a number from 1 to 65535.");
  version = variable(environment, "VERSION");
  if (!version) version = "1";
  for (u32 i = 0; i < MAX_CONNECTIONS; i++) connections[i].fd = -1;
  int ending = signals();
  int listener = listen_on(port);
  tell_start(port);
  serve(listener, ending);
}
