/* A whole HTTP server in one static binary, for an image made FROM scratch: no shell, no libraries, no tools inside.
 * PORT (8080) and LISTEN (0.0.0.0) come from the environment; /boom answers 500, everything else 200. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static const char OK[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";
static const char BOOM[] =
    "HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nConnection: close\r\n\r\nboom\n";

/* The kernel ignores signals without a handler for process 1, and a stop would then take its whole grace period. */
static void leave(int number) {
  (void)number;
  _exit(0);
}

static void answer(int connection) {
  char request[2048];
  struct timeval patience = {.tv_sec = 2};
  setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ssize_t length = read(connection, request, sizeof request - 1);
  if (length > 0) {
    request[length] = 0;
    const char *reply = strncmp(request, "GET /boom", 9) == 0 ? BOOM : OK;
    if (write(connection, reply, strlen(reply)) < 0) perror("write");
  }
  close(connection);
}

int main(void) {
  const char *port = getenv("PORT"), *host = getenv("LISTEN");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port ? port : "8080"))};
  inet_pton(AF_INET, host ? host : "0.0.0.0", &address.sin_addr);
  signal(SIGTERM, leave);
  signal(SIGINT, leave);
  signal(SIGPIPE, SIG_IGN);
  int server = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (bind(server, (struct sockaddr *)&address, sizeof address) != 0 || listen(server, 128) != 0) {
    perror("listen");
    return 1;
  }
  printf("listening on port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    int connection = accept(server, NULL, NULL);
    if (connection >= 0) answer(connection);
  }
}
