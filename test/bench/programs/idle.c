/*
 * idle ADDRESS PORT COUNT: COUNT connections, one small exchange on each, all left open. Says `idle`; on SIGUSR1 a second
 * exchange on each shows that all are still there, says `alive`, ends.
 */
#include "agreement.h"
#include "generator.h"

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
  const struct sockaddr_in to = address_of(argv[1], argv[2]);
  int count = atoi(argv[3]);
  all_descriptors();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR1);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  int *all = calloc((size_t)count, sizeof *all);
  for (int i = 0; i < count; i++) {
    all[i] = connect_to(&to);
    exchange(all[i]);
  }
  puts("idle");
  fflush(stdout);
  int got;
  sigwait(&signals, &got);
  for (int i = 0; i < count; i++) exchange(all[i]);
  puts("alive");
}
