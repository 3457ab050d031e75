import { type IpAddress, parseIp } from './address.ts';
import { type Port, parsePort } from './port.ts';

declare const hostname: unique symbol;

/** A DNS name as every rule compares it: lower case, without the root's dot, A-labels only (RFC 5890). */
export type Hostname = string & { readonly [hostname]: true };

/**
 * RFC 1035 §2.3.4 lengths; letters, digits, hyphen and underscore. What looks like an IPv4 address to any resolver
 * (an all-numeric or 0x last label, WHATWG URL "ends in a number") is no name.
 */
export function parseHostname(text: string): Hostname | undefined {
  const length = text.endsWith('.') ? text.length - 1 : text.length;
  if (length === 0 || length > 253) return undefined;
  let labelStart = 0;
  for (let at = 0; at <= length; at++) {
    const unit = at < length ? text.charCodeAt(at) : DOT;
    if (unit === DOT) {
      const isLabel = at > labelStart && at - labelStart <= 63 && text.charCodeAt(at - 1) !== HYPHEN;
      if (!isLabel || text.charCodeAt(labelStart) === HYPHEN) return undefined;
      if (at < length) labelStart = at + 1;
    } else if (!isNameUnit(unit)) return undefined;
  }
  // All of it is ASCII by now: lower case makes ASCII of some other characters, too (U+212A).
  const name = (length === text.length ? text : text.slice(0, length)).toLowerCase();
  return endsInNumber(name, labelStart) ? undefined : (name as Hostname);
}

/** Only a label that begins with a digit needs a closer look. */
function endsInNumber(name: string, lastLabel: number): boolean {
  return isDigit(name.charCodeAt(lastLabel)) && /^([0-9]+|0x[0-9a-f]*)$/.test(name.slice(lastLabel));
}

function isNameUnit(unit: number): boolean {
  const lower = unit | LOWER;
  return (lower >= LETTER_A && lower <= LETTER_Z) || isDigit(unit) || unit === HYPHEN || unit === UNDERSCORE;
}

function isDigit(unit: number): boolean {
  return unit >= DIGIT_0 && unit <= DIGIT_9;
}

/** The bit that makes a letter of ASCII a small one; of other characters it makes no letter. */
const LOWER = 0x20;
const [LETTER_A, LETTER_Z, DIGIT_0, DIGIT_9] = [0x61, 0x7a, 0x30, 0x39];
const [HYPHEN, DOT, UNDERSCORE] = [0x2d, 0x2e, 0x5f];

/** A host of a rule. `suffix` stands for `*.name`: any depth below the name, not the name itself. */
export type HostPattern = { readonly kind: 'exact' | 'suffix'; readonly name: Hostname };

export function parseHostPattern(text: string): HostPattern | undefined {
  const wild = text.startsWith('*.');
  const name = parseHostname(wild ? text.slice(2) : text);
  return name && { kind: wild ? 'suffix' : 'exact', name };
}

export function patternText(pattern: HostPattern): string {
  return pattern.kind === 'suffix' ? `*.${pattern.name}` : pattern.name;
}

export function hostMatches(pattern: HostPattern, name: Hostname): boolean {
  return pattern.kind === 'exact' ? pattern.name === name : name.endsWith(`.${pattern.name}`);
}

/** Whether every name that `inner` matches is matched by `outer`; `any` matches all. */
export function covers(outer: HostPattern | 'any', inner: HostPattern | 'any'): boolean {
  if (outer === 'any') return true;
  if (inner === 'any') return false;
  if (outer.name === inner.name) return outer.kind === inner.kind;
  return outer.kind === 'suffix' && inner.name.endsWith(`.${outer.name}`);
}

/** What a Host header or an authority names; `port` is absent where none was written. */
export type Authority = {
  readonly host: { readonly kind: 'name'; readonly name: Hostname } | { readonly kind: 'ip'; readonly ip: IpAddress };
  readonly port: Port | undefined;
};

/** RFC 3986 §3.2.2 host and port, without userinfo; undefined for what names nothing. */
export function parseAuthority(text: string): Authority | undefined {
  const colon = text.indexOf(':', text.startsWith('[') ? text.indexOf(']') : 0);
  const hostEnd = colon === -1 ? text.length : colon;
  const digits = text.slice(hostEnd + 1);
  const port = digits === '' ? undefined : parsePort(digits);
  if (digits !== '' && port === undefined) return undefined;
  const host = parseHost(text.slice(0, hostEnd));
  return host && { host, port };
}

/** Brackets are for IPv6 alone, and what is without has no colon. */
function parseHost(text: string): Authority['host'] | undefined {
  const bracketed = text.startsWith('[');
  if (bracketed && !(text.endsWith(']') && text.includes(':'))) return undefined;
  const ip = bracketed ? parseIp(text.slice(1, -1)) : isDigit(text.charCodeAt(0)) ? parseIp(text) : undefined;
  if (ip) return { kind: 'ip', ip };
  const name = parseHostname(text);
  return name && { kind: 'name', name };
}
