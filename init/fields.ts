import { type IpAddress, parseIp } from '../agent/model/address.ts';
import { type Cidr, parseCidr } from '../agent/model/cidr.ts';
import { type Port, parsePort, portOf } from '../agent/model/port.ts';
import { DEFAULT_LISTEN_PORT } from './contract.ts';

/** Collected, not thrown, so that all are reported at once. */
export type Problems = { add(problem: string): unknown };
type Values = ReadonlyMap<string, string>;

const DEFAULT_PORT = portOf(DEFAULT_LISTEN_PORT) as Port; // a constant of ours, in range

export function port(values: Values, problems: Problems): Port {
  const text = values.get('port');
  if (text === undefined) return DEFAULT_PORT;
  const parsed = parsePort(text);
  if (parsed === undefined) problems.add(`--port: '${text}' is not a port (1 to 65535)`);
  return parsed ?? DEFAULT_PORT;
}

export function ports(values: Values, name: string, problems: Problems): readonly Port[] {
  return unique(list(values, name, parsePort, 'a port (1 to 65535)', problems));
}

export function cidrs(values: Values, name: string, problems: Problems): readonly Cidr[] {
  return list(values, name, parseCidr, 'an address or a range such as 10.0.0.0/8 or fd00::/8', problems);
}

export function ips(values: Values, name: string, problems: Problems): readonly IpAddress[] {
  return unique(list(values, name, parseIp, 'an IP address', problems));
}

export function uids(values: Values, name: string, problems: Problems): readonly number[] {
  return unique(list(values, name, parseUid, 'a numeric user id (0 to 4294967294)', problems));
}

/** The first of the allowed words is the default. */
export function choice<const Word extends string>(
  values: Values,
  name: string,
  allowed: readonly [Word, ...Word[]],
  problems: Problems,
): Word {
  const text = values.get(name);
  const known = allowed.find((word) => word === text);
  if (text !== undefined && known === undefined) {
    problems.add(`--${name}: '${text}' is none of ${[...allowed].sort().join(', ')}`);
  }
  return known ?? allowed[0];
}

/** Comma separated; an empty text is an empty list. */
function list<Item>(
  values: Values,
  name: string,
  parse: (text: string) => Item | undefined,
  what: string,
  problems: Problems,
): readonly Item[] {
  const text = values.get(name) ?? '';
  if (text.trim() === '') return [];
  return text.split(',').flatMap((part) => {
    const item = parse(part.trim());
    if (item === undefined) problems.add(`--${name}: '${part.trim()}' is not ${what}`);
    return item === undefined ? [] : [item];
  });
}

/** (uid_t)-1 stands for "no user" in the kernel. */
function parseUid(text: string): number | undefined {
  return /^(0|[1-9][0-9]{0,9})$/.test(text) && Number(text) < 0xffff_ffff ? Number(text) : undefined;
}

function unique<Item>(items: readonly Item[]): readonly Item[] {
  return [...new Set(items)];
}
