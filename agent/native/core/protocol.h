/*
 * What the mover and its owner (TypeScript, or the driver of the tests) say to each other through memory that both see.
 * agent/native/records.ts holds the same numbers; `mover_layout` and a test keep them equal.
 *
 * One block of memory, made by the owner of the mover:
 *   [ bell, two cache lines ][ thread 0 ][ thread 1 ] …
 *   thread: [ control words ][ message ring, C writes ][ command ring, the owner writes ]
 * Both rings have one producer and one consumer. Heads and tails count bytes and run over.
 */
#ifndef WEIR_PROTOCOL_H
#define WEIR_PROTOCOL_H

#include <stdint.h>

enum { BELL_BYTES = 128, MESSAGE_RING_BYTES = 1 << 20, COMMAND_RING_BYTES = 1 << 18 };

/*
 * The bell's words. BELL_OWNER_SLEEPS: 1 = the owner sleeps, whoever sets it back to 0 wakes the owner. BELL_EPOCH:
 * written by the owner alone; a lease passes nothing unless it was given in this epoch.
 */
enum { BELL_OWNER_SLEEPS = 0, BELL_EPOCH = 16 };

/* Control words of a thread. Words that different threads write are a cache line (16 words) apart. */
enum {
  WORD_MESSAGES_HEAD = 0,
  WORD_FLOWS = 1,
  WORD_HELD_BYTES = 2,
  WORD_PAUSED = 3,
  WORD_MESSAGES_TAIL = 16,
  WORD_COMMANDS_HEAD = 32,
  WORD_COMMANDS_TAIL = 48,
  WORD_THREAD_SLEEPS = 64,
  CONTROL_WORDS = 128
};

enum { THREAD_BYTES = CONTROL_WORDS * 4 + MESSAGE_RING_BYTES + COMMAND_RING_BYTES };

/* Largest payload of one record; the rest of a longer one follows in records of its own (respond) or is refused. */
enum { MAX_PAYLOAD = 64 * 1024, MAX_HELD_LIMIT = 256 * 1024 };

/* Most that one edit puts in, and by how much edits may lift what is held above the limit. */
enum { MAX_EDIT = 16 * 1024 };

/* Shares of memory that the owner may number. */
enum { MAX_SHARES = 1 << 16 };

/* Longest name of the time field of a lease. */
enum { LEASE_TIME_HEADER_CAP = 256 };

/* Every record begins with this and is padded to a multiple of 8 bytes. No record wraps: a filler closes the lap. */
typedef struct {
  uint32_t length; /* of the whole record */
  uint8_t kind;
  uint8_t side;
  uint16_t flags;
  uint32_t slot;
  uint32_t generation;
  uint32_t payload; /* bytes that follow the fixed part */
  int32_t value;    /* by kind: errno, cause and ends, identifier */
} record_header;

/* An endpoint. family 4 (first four bytes of ip), 6, or 0 for none; port in the machine's order. */
typedef struct {
  uint8_t ip[16];
  uint16_t port;
  uint8_t family;
  uint8_t reserved;
} wire_address;

enum side { CLIENT = 0, UPSTREAM = 1 };

enum message_kind {
  MESSAGE_FILLER = 0,
  MESSAGE_ACCEPTED = 1,
  MESSAGE_HELD = 2,
  MESSAGE_GATE = 3,
  MESSAGE_OBSERVED = 4,
  MESSAGE_DIALED = 5,
  MESSAGE_CLOSED = 6,
  MESSAGE_STOPPED = 7,
  MESSAGE_LOST = 8,
  MESSAGE_LEASED_REQUEST = 9,
  MESSAGE_LEASED_ANSWER = 10,
  MESSAGE_LEASED_END = 11,
  MESSAGE_ASKED = 12,
  MESSAGE_ADOPTED_BYTES = 13, /* payload: a piece of what MESSAGE_ADOPTED, which follows, hands over; FLAG_UNSENT */
  MESSAGE_ADOPTED = 14
};

enum message_flag {
  FLAG_ENDED = 1,
  FLAG_DEADLINE = 2,
  FLAG_FULL = 4,
  FLAG_RESET = 8,
  FLAG_IN_ANSWER = 1,
  FLAG_REQUEST_SENT = 2,
  FLAG_IN_BODY = 4,
  FLAG_BEHIND_DATA = 8,
  FLAG_UNSENT = 1
};

/* value: errno of the original destination, 0 if `original` holds it. Payload: the first bytes. */
typedef struct {
  record_header header;
  double at; /* microseconds of CLOCK_MONOTONIC, as all times here */
  uint32_t listener;
  wire_address peer;
  wire_address local;
  wire_address original;
} accepted_message;

/* MESSAGE_HELD and MESSAGE_GATE. value: era of the last dial, 0 before the first. Payload: what is held. */
typedef struct {
  record_header header;
  double passed; /* bytes of this side since the flow began */
  uint32_t turn; /* of the forward whose gate this is */
} held_message;

/* value: errno, 0 if connected. */
typedef struct {
  record_header header;
  double at;
  wire_address local;
  uint32_t era; /* of the dial */
} dialed_message;

/* value: era of the dial that made the connection. FLAG_RESET. */
typedef struct {
  record_header header;
  double passed; /* bytes of the client since the flow began */
} lost_message;

/* Payload: the request's head. */
typedef struct {
  record_header header;
  double at;
  double passed; /* bytes of the client before it */
  double body_bytes;
} leased_request_message;

/* value: the status. */
typedef struct {
  record_header header;
  double body_bytes;
  double body_at; /* bytes of the upstream before those of the body, with the time field if one was put in */
  double at_sent;
  double at_first_byte;
  double at_end; /* 0: MESSAGE_LEASED_END will tell */
} leased_answer_message;

typedef struct {
  record_header header;
  double at;
  double body_bytes; /* of the answer */
} leased_end_message;

/* FLAG_IN_ANSWER with FLAG_REQUEST_SENT, or FLAG_IN_BODY with FLAG_BEHIND_DATA, or neither. */
typedef struct {
  record_header header;
  double body_bytes; /* FLAG_IN_BODY: of the answer, that have left */
} asked_message;

/* Whoever takes a descriptor puts -1 in its place: it is closed if nobody has when the mover is freed. */
typedef struct {
  record_header header;
  int32_t fd[2];     /* by side; -1: no upstream */
  uint32_t ended[2]; /* 1: FIN was read */
} adopted_message;

/* value: cause | end of the client << 8 | end of the upstream << 16. */
typedef struct {
  record_header header;
  double to_upstream;
  double to_client;
  double at_accepted;
  double at_connected;
  double at_first_upstream_byte;
  double at_closed;
} closed_message;

enum cause {
  CAUSE_ENDED = 0,
  CAUSE_CLOSED = 1,
  CAUSE_RESPONDED = 2,
  CAUSE_RESET = 3,
  CAUSE_HALF_CLOSE_TIMEOUT = 4,
  CAUSE_STOPPED = 5,
  CAUSE_NO_RESOURCES = 6,
  CAUSE_ADOPTED = 7
};

enum side_end { END_NONE = 0, END_FIN = 1, END_RESET = 2, END_ERROR = 3, END_CLOSED_BY_US = 4 };

enum command_kind {
  COMMAND_FILLER = 0,
  COMMAND_LISTEN = 1,      /* value: listener */
  COMMAND_UNLISTEN = 2,    /* value: listener */
  COMMAND_DROP_NETNS = 3,  /* value: namespace */
  COMMAND_INSPECT = 4,
  COMMAND_DIAL = 5,
  COMMAND_FORWARD = 6,
  COMMAND_OBSERVE = 7,     /* flags: 1 on */
  COMMAND_RESPOND = 8,     /* payload; FLAG_MORE: another piece follows */
  COMMAND_CLOSE = 9,       /* FLAG_RST */
  COMMAND_EDIT = 10,
  COMMAND_LEASE = 11, /* FLAG_STOP: only the header */
  COMMAND_ADOPT = 12,
  COMMAND_SHARE = 13 /* value: the share that the flow's held bytes are counted to, below MAX_SHARES */
};

/*
 * Eras: a number that the owner keeps for each flow, 1 at the start, one more with each dial that it gives and each
 * end of one that it is told (a failure, MESSAGE_LOST). A dial one above the last one replaces an upstream.
 */
enum command_flag { FLAG_ALL = 1, FLAG_NOTIFY_HELD = 2, FLAG_MORE = 1, FLAG_RST = 1, FLAG_ON = 1, FLAG_STOP = 1 };

/* header.value: era. */
typedef struct {
  record_header header;
  uint32_t beyond;
  uint32_t deadline_ms;
} inspect_command;

/* header.value: namespace, -1 for the mover's own. Payload: the preamble. */
typedef struct {
  record_header header;
  wire_address to;
  uint32_t timeout_ms;
  uint32_t era;
} dial_command;

/* header.value: era. */
typedef struct {
  record_header header;
  uint32_t bytes_low;
  uint32_t bytes_high;
  uint32_t turn; /* the owner numbers the forwards of each side */
} forward_command;

/* Payload: what comes in place of `remove` bytes. */
typedef struct {
  record_header header;
  uint32_t at;
  uint32_t remove;
} edit_command;

/* Lengths of what the payload has in this order; 0: any method, any target, no time field. */
typedef struct {
  uint16_t host;
  uint16_t method;
  uint16_t target;
  uint16_t time_header;
} lease_terms;

/* header.value: era. */
typedef struct {
  record_header header;
  uint32_t epoch;
  uint32_t valid_ms;
  lease_terms terms;
} lease_command;

#endif
