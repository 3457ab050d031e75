/*
 * idle ADDRESS PORT COUNT: COUNT connections, one small exchange on each, all left open. Says `idle`; on SIGUSR1 a second
 * exchange on each shows that all are still there, says `alive`, ends.
 */
#include "agreement.h"
#include "generator.h"

static struct sockaddr_in to;

static void exchange(int fd) {
  uint8_t order[ORDER_BYTES], answer[SMALL_BYTES], expected[SMALL_BYTES];
  make_order(order, ORDER_KEEP, 0);
  fill_body(expected, SMALL_BYTES);
  if (send(fd, order, ORDER_BYTES, MSG_NOSIGNAL) != ORDER_BYTES) fail("send");
  if (recv(fd, answer, SMALL_BYTES, MSG_WAITALL) != SMALL_BYTES) fail("recv");
  errno = 0;
  if (memcmp(answer, expected, SMALL_BYTES) != 0) fail("an answer that is not the origin's");
}

int main(int argc, char **argv) {
  if (argc != 4) fail("three arguments");
  to = address_of(argv[1], argv[2]);
  int count = atoi(argv[3]);
  all_descriptors();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  int *all = calloc((size_t)count, sizeof *all);
  const struct timeval patience = {.tv_sec = 5};
  for (int i = 0; i < count; i++) {
    all[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (all[i] == -1) fail("socket");
    setsockopt(all[i], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(all[i], (struct sockaddr *)&to, sizeof to) == -1) fail("connect");
    exchange(all[i]);
  }
  puts("idle");
  fflush(stdout);
  int got;
  sigwait(&signals, &got);
  for (int i = 0; i < count; i++) exchange(all[i]);
  puts("alive");
}
