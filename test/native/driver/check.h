/* The driver's only verdict: a broken expectation prints where and ends the process. */
#ifndef DRIVER_CHECK_H
#define DRIVER_CHECK_H

#include <stdio.h>
#include <stdlib.h>

/* What is running, for the message. */
extern const char *current_case;

#define CHECK(condition)                                                                            \
  do {                                                                                              \
    if (condition) break;                                                                           \
    fprintf(stderr, "FAILED %s: %s:%d: %s\n", current_case, __FILE__, __LINE__, #condition);        \
    abort();                                                                                        \
  } while (0)

#endif
