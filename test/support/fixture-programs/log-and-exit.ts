/** argv: path, number of records, how to end (`exit`, `close`, `wait`). Writes access lines, then says so on stderr. */
import { writeSync } from 'node:fs';
import { openAccessLog } from '../../../agent/log/access-log.ts';
import { accessRecord } from '../access-record.ts';

const [path = '-', lines = '1', ending = 'exit'] = process.argv.slice(2);
const log = openAccessLog({ path, format: 'json', limitBytes: 1024 * 1024, onError: (error) => say(error.message) });
for (let at = 0; at < Number(lines); at++) log.write(accessRecord({ bytesSent: at }));
if (ending === 'close') await log.close();
say(`held ${log.stats().heldBytes} dropped ${log.stats().dropped} rss ${process.memoryUsage().rss}`);
if (ending !== 'wait') process.exit(0);
process.stdin.on('data', () => undefined).on('end', () => process.exit(0));

function say(text: string): void {
  writeSync(2, `${text}\n`);
}
