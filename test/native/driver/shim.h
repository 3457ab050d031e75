/*
 * System calls of the mover's threads, linked by --wrap, with faults that can be switched on. Calls of the driver's own
 * thread always reach the kernel unchanged.
 *
 * A read is never shortened: the kernel does not either unless the socket is then empty, and the core relies on that.
 */
#ifndef DRIVER_SHIM_H
#define DRIVER_SHIM_H

/* Each is read atomically at every call; all 0 at the start. */
typedef struct {
  int accept_error;       /* errno of accept4 */
  int socket_error;       /* errno of socket */
  int pipe_error;         /* errno of pipe2 */
  int watch_error;        /* errno of epoll_ctl ADD for flows */
  int no_memory;          /* malloc gives NULL */
  int short_writes;       /* of 256 sends and splices, how many are cut to a part */
  int preamble_room;      /* bytes of preambles that sockets still take, then they are full; 0: no limit */
  int original_error;     /* errno of SO_ORIGINAL_DST; 0: the answer is ORIGINAL_IP, ORIGINAL_PORT */
  int original_port_zero; /* the answer has port 0 */
  int original_asked;     /* counts the questions */
} shim_faults;

extern shim_faults shim;

#define ORIGINAL_IP {198, 18, 0, 7}
enum { ORIGINAL_PORT = 4711 };

/* To be called by the driver's thread before the mover starts. */
void shim_init(void);

void shim_set(int *knob, int value);

#endif
