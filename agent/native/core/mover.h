/*
 * The mover: threads that accept connections, read first bytes, dial and move bytes between two sockets, while its owner
 * decides over two rings (protocol.h). It knows descriptors and namespaces, no policy and no protocol.
 *
 * All functions are for one thread, the owner's, unless they say otherwise. Those that can fail return a negated errno.
 */
#ifndef WEIR_MOVER_H
#define WEIR_MOVER_H

#include "protocol.h"
#include <stdbool.h>
#include <stddef.h>

enum { MAX_THREADS = 64, MAX_LISTENERS = 4096, MAX_NAMESPACES = 4096 };

/*
 * Identifiers of listeners and namespaces hold the place in their table in the low bits and a count above it: a message
 * that is still on its way names the listener that it came from, never one that was opened in the same place since. Who
 * a connection belongs to is known by its listener alone.
 */
enum { PLACE_BITS = 12, IDENTIFIER_COUNTS = 1 << 19 };

typedef struct mover mover;

typedef struct {
  uint32_t threads;
  uint32_t max_flows; /* per thread */
  uint32_t max_held;  /* bytes held of one side of one flow */
  uint32_t half_close_ms;
  uint32_t linger_ms;
} mover_options;

/* Called by the mover's threads when messages wait and the owner sleeps. Must be thread-safe and must not block. */
typedef void (*mover_wake)(void *context);

/* Bytes of the block that `mover_start` wants, all zero. */
size_t mover_memory_bytes(uint32_t threads);

/*
 * Starts the threads. `memory` stays the owner's and must live until `mover_free`. -EINVAL for options out of range,
 * otherwise what pthread_create, epoll_create1, eventfd or malloc said.
 */
int mover_start(const mover_options *options, uint8_t *memory, mover_wake wake, void *context, mover **out);

/* Tells a thread that commands wait; to be called if its WORD_THREAD_SLEEPS was 1 and the owner set it to 0. */
void mover_kick(mover *m, uint32_t thread);

typedef struct {
  const char *netns; /* path, or NULL for the mover's own namespace */
  wire_address at;   /* port 0: the kernel picks one */
  bool exclusive;    /* one socket for all threads, without SO_REUSEPORT */
  bool transparent;
} listen_options;

/*
 * Opens the sockets and gives the identifier and the port. Accepting begins when COMMAND_LISTEN with the identifier has
 * been written to every thread's ring.
 */
int mover_listen(mover *m, const listen_options *options, uint16_t *port);

/* Nothing is accepted any more; the sockets close once COMMAND_UNLISTEN has reached every thread. */
int mover_unlisten(mover *m, uint32_t listener);

/* Keeps a namespace open to dial from. It closes once COMMAND_DROP_NETNS has reached every thread. */
int mover_open_netns(mover *m, const char *path);

/*
 * Begins to stop: each thread resets its flows, posts their MESSAGE_CLOSED, then MESSAGE_STOPPED, and ends.
 * `deliver` false: nobody reads the rings any more, what does not fit is dropped.
 */
void mover_stop(mover *m, bool deliver);

/* Joins the threads (after `mover_stop`) and frees everything but the memory block. */
void mover_free(mover *m);

/*
 * Every address of every interface of the calling thread's namespace, up or not (getifaddrs). Gives the number of
 * addresses; `*out` is the caller's to free.
 */
int local_addresses(wire_address **out);

#endif
