#include "mover.h"
#include "mover-state.h"
#include "netns.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

size_t mover_memory_bytes(uint32_t threads) { return BELL_BYTES + (size_t)threads * THREAD_BYTES; }

static bool in_range(const mover_options *o) {
  bool threads = o->threads >= 1 && o->threads <= MAX_THREADS;
  bool flows = o->max_flows >= 1 && o->max_flows <= 1u << 20;
  bool held_limit = o->max_held >= 1 && o->max_held <= MAX_HELD_LIMIT;
  return threads && flows && held_limit;
}

static int begin(mover *m, uint8_t *memory) {
  m->home = netns_open("/proc/thread-self/ns/net");
  if (m->home < 0) return m->home;
  m->threads = calloc(m->options.threads, sizeof *m->threads);
  m->listeners = calloc(MAX_LISTENERS, sizeof *m->listeners);
  m->namespaces = calloc(MAX_NAMESPACES, sizeof *m->namespaces);
  if (!m->threads || !m->listeners || !m->namespaces) return -ENOMEM;
  for (uint32_t i = 0; i < m->options.threads; i++) m->threads[i].epoll = m->threads[i].kick = -1;
  for (uint32_t i = 0; i < m->options.threads; i++) {
    int error = thread_init(&m->threads[i], m, i, memory + BELL_BYTES + (size_t)i * THREAD_BYTES);
    if (error) return error;
  }
  /* Signals are the owner's; splice has no MSG_NOSIGNAL, so SIGPIPE must not reach these threads either. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  for (; m->started < m->options.threads && !error; m->started += !error) {
    error = pthread_create(&m->threads[m->started].id, NULL, thread_main, &m->threads[m->started]);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return -error;
}

int mover_start(const mover_options *options, uint8_t *memory, mover_wake wake, void *context, mover **out) {
  if (!in_range(options)) return -EINVAL;
  mover *m = calloc(1, sizeof *m);
  if (!m) return -ENOMEM;
  m->options = *options;
  m->wake = wake;
  m->context = context;
  m->bell = (int32_t *)(void *)memory;
  int error = begin(m, memory);
  if (error) {
    mover_stop(m, false);
    mover_free(m);
    return error;
  }
  *out = m;
  return 0;
}

void mover_kick(mover *m, uint32_t index) { (void)eventfd_write(m->threads[index].kick, 1); }

void mover_stop(mover *m, bool deliver) {
  if (!deliver) __atomic_store_n(&m->abandoned, 1, __ATOMIC_RELEASE);
  __atomic_store_n(&m->stopping, 1, __ATOMIC_RELEASE);
  for (uint32_t i = 0; i < m->started; i++) mover_kick(m, i);
}

/* Sockets whose COMMAND_LISTEN or COMMAND_UNLISTEN never reached a thread are still held here. */
static void close_rest(mover *m) {
  for (int i = 0; m->listeners && i < MAX_LISTENERS; i++) {
    listener *l = &m->listeners[i];
    uint32_t sockets = l->exclusive ? 1 : m->options.threads;
    for (uint32_t n = 0; l->holders && n < sockets; n++) {
      if (l->fd[n] >= 0) close(l->fd[n]);
    }
  }
  for (int i = 0; m->namespaces && i < MAX_NAMESPACES; i++) {
    if (m->namespaces[i].holders) close(m->namespaces[i].fd);
  }
}

void mover_free(mover *m) {
  for (uint32_t i = 0; i < m->started; i++) pthread_join(m->threads[i].id, NULL);
  close_rest(m);
  for (uint32_t i = 0; m->threads && i < m->options.threads; i++) thread_free(&m->threads[i]);
  if (m->home >= 0) close(m->home);
  free(m->threads);
  free(m->listeners);
  free(m->namespaces);
  free(m);
}
