/*
 * who ADDRESS PORT [HELLO_FILE]: prints the address that the origin saw dialling; with a file: how many bytes answer that
 * ClientHello. For proofs, not for measuring.
 */
#include "agreement.h"
#include "generator.h"

int main(int argc, char **argv) {
  if (argc < 3) fail("two arguments");
  const struct sockaddr_in to = address_of(argv[1], argv[2]);
  uint8_t bytes[HELLO_BYTES_MOST];
  size_t length = ORDER_BYTES;
  make_order(bytes, ORDER_WHO, 0);
  if (argc > 3) length = read_file(argv[3], bytes, sizeof bytes);
  int fd = connect_to(&to);
  if (send(fd, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) fail("send");
  ssize_t n = recv(fd, bytes, sizeof bytes, MSG_WAITALL);
  if (n == -1 && errno != ECONNRESET) fail("recv"); /* a refusal may be a reset */
  errno = 0;
  if (argc > 3) {
    printf("%zd\n", n > 0 ? n : 0);
    return 0;
  }
  char text[INET_ADDRSTRLEN];
  if (n != 4 || !inet_ntop(AF_INET, bytes, text, sizeof text)) fail("not an address");
  puts(text);
}
