import { readFileSync } from 'node:fs';
import { type IpAddress, parseIp } from '../agent/model/address.ts';

/** Nameservers of the file that programs inside that namespace read; a file that cannot be read names none. */
export function nameserversOf(netns: string | undefined): readonly IpAddress[] {
  for (const path of pathsFor(netns)) {
    const text = readIfThere(path);
    if (text !== undefined) return parseNameservers(text);
  }
  return [];
}

/** resolv.conf(5): one `nameserver ADDRESS` a line; a zone (`fe80::1%eth0`) is cut off, as a rule cannot match it. */
export function parseNameservers(text: string): readonly IpAddress[] {
  const found = text.split('\n').flatMap((line) => {
    const ip = parseIp(/^\s*nameserver\s+([^\s%#;]+)/.exec(line)?.[1] ?? '');
    return ip === undefined ? [] : [ip];
  });
  return [...new Set(found)];
}

/** ip-netns(8): `ip netns exec NAME` shows /etc/netns/NAME/resolv.conf as /etc/resolv.conf. */
export function pathsFor(netns: string | undefined): readonly string[] {
  const name = /^(?:\/var)?\/run\/netns\/([^/]+)$/.exec(netns ?? '')?.[1];
  const own = name === undefined || name === '.' || name === '..' ? [] : [`/etc/netns/${name}/resolv.conf`];
  return [...own, '/etc/resolv.conf'];
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // no such file, or not for us: the next one, or no server at all, which only closes more
  }
}
