import type { HeaderField } from './http1-fields.ts';
import type { Fault } from './http1-lines.ts';

export type HttpVersion = '1.0' | '1.1';

/** What the fields of one message say about the connection and the framing, whatever the message is. */
export type ControlFields = {
  readonly kind: 'control';
  readonly hosts: readonly string[];
  /** Content-Length, strictly read; undefined: none. */
  readonly length: number | undefined;
  /** Exactly one Transfer-Encoding field that says `chunked` and no more. */
  readonly chunked: boolean;
  readonly keepAlive: boolean;
  /** Lower-case protocols of all Upgrade fields, whether or not Connection names it: a lenient server may heed them. */
  readonly upgrade: readonly string[];
  readonly expectContinue: boolean;
};

/**
 * RFC 9112 §6 and §9.3, RFC 9110 §7.6. Refused is what two recipients could read differently: Transfer-Encoding with
 * Content-Length, any of both twice (equal or not), any coding but one `chunked`, Transfer-Encoding under HTTP/1.0, a
 * length that is more than plain digits, framing fields named by Connection or spelled with `_`, which CGI-like servers
 * read as `-`.
 */
export function readControl(fields: readonly HeaderField[], version: HttpVersion): ControlFields | Fault {
  const hosts: string[] = [];
  const lengths: string[] = [];
  const codings: string[] = [];
  const connection: string[] = [];
  const upgrade: string[] = [];
  let expectContinue = false;
  for (const [name, value] of fields) {
    // By length first: most fields are none of these, and equal lengths are what makes comparing strings cost.
    switch (name.length) {
      case 4:
        if (name === 'host') hosts.push(value);
        break;
      case 6:
        if (name === 'expect') expectContinue ||= version === '1.1' && value.toLowerCase() === '100-continue';
        break;
      case 7:
        if (name === 'upgrade') upgrade.push(...members(value));
        break;
      case 10:
        if (name === 'connection') connection.push(...members(value));
        break;
      case 14:
        if (name === 'content-length') lengths.push(value);
        else if (name === 'content_length') return bad(`a field ${name}`);
        break;
      case 17:
        if (name === 'transfer-encoding') codings.push(value);
        else if (name === 'transfer_encoding') return bad(`a field ${name}`);
        break;
    }
  }
  const nominated = connection.find((option) => NEVER_HOP_BY_HOP.has(option));
  if (nominated !== undefined) return bad(`Connection names ${nominated}`);
  const length = lengthOf(lengths);
  const chunked = chunkedOf(codings, version);
  if (typeof length === 'object') return length;
  if (typeof chunked === 'object') return chunked;
  if (chunked && length !== undefined) return bad('both Transfer-Encoding and Content-Length');
  const keepAlive = !connection.includes('close') && (version === '1.1' || connection.includes('keep-alive'));
  return { kind: 'control', hosts, length, chunked, keepAlive, upgrade, expectContinue };
}

/** A next hop that drops what Connection names would frame or route the message differently. */
const NEVER_HOP_BY_HOP = new Set(['host', 'content-length', 'transfer-encoding']);

/** RFC 9110 §5.6.1: members of a list, lower case, empty ones left out. */
function members(value: string): readonly string[] {
  if (value === 'keep-alive' || value === 'close') return [value];
  return value
    .split(',')
    .map((member) => member.replaceAll('\t', ' ').trim().toLowerCase())
    .filter((member) => member !== '');
}

/** Leading zeros are refused too: C's strtol with base 0 takes them for octal. */
function lengthOf(values: readonly string[]): number | undefined | Fault {
  const [value] = values;
  if (value === undefined) return undefined;
  if (values.length > 1) return bad('Content-Length twice');
  const length = /^(0|[1-9][0-9]{0,15})$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(length) ? length : bad('a Content-Length that is no plain number');
}

function chunkedOf(values: readonly string[], version: HttpVersion): boolean | Fault {
  const [value] = values;
  if (value === undefined) return false;
  if (version === '1.0') return bad('Transfer-Encoding in HTTP/1.0');
  if (values.length > 1) return bad('Transfer-Encoding twice');
  return value.toLowerCase() === 'chunked' || bad('a Transfer-Encoding other than chunked');
}

function bad(why: string): Fault {
  return { kind: 'bad', why };
}
