import { parseCidr } from '../../model/cidr.ts';
import { type Hostname, type HostPattern, parseHostname, parseHostPattern } from '../../model/hostname.ts';
import { complaint, parsedText } from '../expect.ts';

// Hosts as VirtualService and DestinationRule name them: one without a dot is a Service of the resource's own namespace.

export type WrittenName = { readonly name: Hostname; readonly short: boolean };
export type WrittenPattern = WrittenName & Pick<HostPattern, 'kind'>;

/** What can be dialled. */
export const nameOfHost = parsedText('a DNS name', (text): { value: WrittenName } | string => {
  const name = parseHostname(text);
  return name ? { value: { name, short: isShort(text) } } : refusal('a DNS name', text);
});

const SOME = 'a DNS name, or "*." and one';

export const hostPattern = parsedText(
  SOME,
  (text): { value: WrittenPattern } | string => patternOf(text) ?? refusal(SOME, text),
);

const ANY = `${SOME}, or "*"`;

export const hostOrAny = parsedText(ANY, (text): { value: WrittenPattern | 'any' } | string => {
  return text === '*' ? { value: 'any' } : (patternOf(text) ?? refusal(ANY, text));
});

/** `reviews` → `reviews.shop.svc.cluster.local` */
export function fullName({ name, short }: WrittenName, namespace: string): Hostname {
  if (!short) return name;
  // A namespace that makes no name was complained about with the metadata: such a document adds nothing.
  return parseHostname(`${name}.${namespace}.svc.cluster.local`) ?? name;
}

export function fullPattern(pattern: WrittenPattern, namespace: string): HostPattern;
export function fullPattern(pattern: WrittenPattern | 'any', namespace: string): HostPattern | 'any';
export function fullPattern(pattern: WrittenPattern | 'any', namespace: string): HostPattern | 'any' {
  return pattern === 'any' ? 'any' : { kind: pattern.kind, name: fullName(pattern, namespace) };
}

function patternOf(text: string): { value: WrittenPattern } | undefined {
  const pattern = parseHostPattern(text);
  return pattern && { value: { ...pattern, short: isShort(text) } };
}

function isShort(text: string): boolean {
  return !text.includes('.');
}

function refusal(expected: string, text: string): string {
  const seen = complaint(expected, text);
  if (parseCidr(text)) return `${seen}; an address is no host`;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return `${seen}; write the name alone, without the scheme`;
  if (/^[^:]+:[0-9]+$/.test(text)) return `${seen}; write the name alone, without the port`;
  if (text.includes('*'))
    return expected === 'a DNS name' ? `${seen}; a wildcard cannot be dialled` : starred(seen, text);
  return /[^ -~]/.test(text) ? `${seen}; write it in its ASCII form (xn--…)` : seen;
}

function starred(seen: string, text: string): string {
  return text === '*' ? `${seen}; "*" alone is too wide here` : `${seen}; "*" may only be the whole first label`;
}
