import { SETS } from './contract.ts';
import type { SetEntry } from './netfilter/ipset.ts';
import type { PlanOptions } from './options.ts';
import type { SetSpec } from './rules/rule.ts';
import { cidrText } from './rules/sets.ts';

// An element's comment holds 255 characters (ipset(8)); a list is cut between items, and an item is at most 43.
const CHUNK_CHARACTERS = 180;

/**
 * The options as a set: each element's comment is one option, or a part of a long list. It is the only place that a
 * network namespace has for text, lives as long as the rules, and needs no file that a container may lack.
 */
export function recordSet(options: PlanOptions): SetSpec {
  const members = optionLists(options)
    .flatMap(([name, items]) => chunks(items).map((chunk) => `${name}=${chunk}`))
    .map((text, at) => `${addressOf(at + 1)} comment "${text}"`);
  return { name: SETS.record, create: 'hash:ip family inet comment', members };
}

/** The recorded options as a command line, for the parser that read them the first time. */
export function recordedArguments(entries: readonly SetEntry[]): readonly string[] {
  const values = new Map<string, string[]>();
  const inOrder = entries.map(({ element, comment }) => [numberOf(element), comment ?? ''] as const);
  for (const [, text] of inOrder.sort(([a], [b]) => a - b)) {
    const at = text.indexOf('=');
    const name = text.slice(0, at);
    values.set(name, [...(values.get(name) ?? []), text.slice(at + 1)]);
  }
  return [...values].map(([name, parts]) => `--${name}=${parts.join(',')}`);
}

function optionLists(options: PlanOptions): readonly (readonly [string, readonly (string | number)[]])[] {
  return [
    ['scope', [options.scope]],
    ['mode', [options.mode]],
    ['port', [options.port]],
    ['cluster-cidr', options.clusterCidrs.map(cidrText)],
    ['exclude-ports', options.excludePorts],
    ['exclude-cidrs', options.excludeCidrs.map(cidrText)],
    ['exclude-uids', options.excludeUids],
    ['include-ports', options.includePorts],
    ['include-cidrs', options.includeCidrs.map(cidrText)],
    ['dns-servers', options.dnsServers],
    ['quic', [options.quic]],
    ['uncaptured', [options.uncaptured]],
  ];
}

/** An empty list is recorded too, as an empty text: absent would mean the default. */
function chunks(items: readonly (string | number)[]): readonly string[] {
  const out: string[] = [];
  for (const item of items.map(String)) {
    const last = out.at(-1);
    if (last === undefined || last.length + item.length >= CHUNK_CHARACTERS) out.push(item);
    else out[out.length - 1] = `${last},${item}`;
  }
  return out.length === 0 ? [''] : out;
}

/** Elements are numbers from 1, written as addresses: 0.0.0.1, 0.0.0.2 … */
function addressOf(number: number): string {
  return `0.0.${number >> 8}.${number & 0xff}`;
}

function numberOf(element: string): number {
  return element.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
