/* The scripted cases, each list closed by an entry without a name. */
#ifndef DRIVER_CASES_H
#define DRIVER_CASES_H

#include "stage.h"

extern const scripted_case decide_cases[];
extern const scripted_case relay_cases[];
extern const scripted_case gate_cases[];
extern const scripted_case lease_cases[];
extern const scripted_case chunk_cases[];
extern const scripted_case adopt_cases[];
extern const scripted_case fault_cases[];

#endif
