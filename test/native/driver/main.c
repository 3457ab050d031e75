/*
 * driver [FILTER]: runs the scripted cases whose name holds FILTER. driver random SEED STEPS: a random sequence.
 * driver leases SEED CONVERSATIONS: random conversations under leases.
 */
#include "cases.h"
#include "check.h"
#include "random-lease.h"
#include "random.h"
#include "shim.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

const char *current_case = "start";

static int run(const scripted_case *cases, const char *filter) {
  int count = 0;
  for (const scripted_case *c = cases; c->name; c++) {
    if (!strstr(c->name, filter)) continue;
    stage_run(c);
    count++;
  }
  return count;
}

int main(int argc, char **argv) {
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdout, NULL, _IOLBF, 0);
  shim_init();
  if (argc == 4 && strcmp(argv[1], "random") == 0) {
    random_sequence((uint32_t)strtoul(argv[2], NULL, 10), (uint32_t)strtoul(argv[3], NULL, 10));
    return 0;
  }
  if (argc == 4 && strcmp(argv[1], "leases") == 0) {
    random_leases((uint32_t)strtoul(argv[2], NULL, 10), (uint32_t)strtoul(argv[3], NULL, 10));
    return 0;
  }
  const char *filter = argc > 1 ? argv[1] : "";
  int count = run(decide_cases, filter) + run(relay_cases, filter) + run(gate_cases, filter);
  count += run(lease_cases, filter) + run(chunk_cases, filter) + run(adopt_cases, filter) + run(fault_cases, filter);
  printf("%d cases\n", count);
  return count ? 0 : 1;
}
