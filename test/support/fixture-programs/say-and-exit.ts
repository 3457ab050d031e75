/** argv: number of messages. Writes operator messages, then ends without any flush. */
import { createDiagnostics } from '../../../agent/log/diagnostics.ts';

const diagnostics = createDiagnostics();
diagnostics.debug('not for the operator');
for (let at = 0; at < Number(process.argv[2]); at++) diagnostics.warn({ at }, 'something to act on');
process.exit(0);
