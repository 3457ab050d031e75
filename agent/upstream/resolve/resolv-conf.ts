import { type Endpoint, parseIp } from '../../model/address.ts';
import { portOf } from '../../model/port.ts';

/**
 * The servers of a resolv.conf(5), in order. Not limited to glibc's three. A line that is no plain address (a zone, for
 * link-local servers) is left out; options and search lists do not concern us: rules name full names.
 */
export function serversFromResolvConf(text: string): readonly Endpoint[] {
  const port = portOf(53);
  return text.split('\n').flatMap((line) => {
    const [keyword, address = ''] = line.trim().split(/\s+/);
    const ip = keyword === 'nameserver' ? parseIp(address) : undefined;
    return ip && port ? [{ ip, port }] : [];
  });
}
