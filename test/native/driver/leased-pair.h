/* A client and an origin with a leased flow between them, and what the cases of leases say to each other over it. */
#ifndef DRIVER_LEASED_PAIR_H
#define DRIVER_LEASED_PAIR_H

#include "stage.h"

#define REQUEST "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"
#define OTHER_HOST "GET /x HTTP/1.1\r\nHost: b.test\r\n\r\n"
#define ANSWER_HEAD "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
#define ANSWER ANSWER_HEAD "hello"

enum { LONG_MS = 60 * 1000 };

typedef struct {
  flow_ref f;
  int client, origin;
} pair;

/* The flow is dialled, and nothing is forwarded. */
pair connected(stage *s);
/* The same, with a lease for a.test. */
pair leased(stage *s);
void close_pair(const pair *p);
void expect_request_with(stage *s, const pair *p, const char *head, uint64_t body_bytes);
void expect_request(stage *s, const pair *p, const char *head);
message expect_answer(stage *s, const pair *p, int32_t status, uint64_t body_bytes, bool whole);
void expect_asked(stage *s, const pair *p, uint16_t flags);
/* All that is held of this side. */
void expect_held(stage *s, const pair *p, enum side side, const char *text);
/* One whole exchange under the lease. */
void exchange(stage *s, const pair *p);

#endif
