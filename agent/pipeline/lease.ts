import type { Lease } from '../model/mover.ts';
import type { Attribute } from '../model/verdict.ts';
import type { JudgedRequest, Stages } from './stages.ts';

/**
 * What following requests of the connection must be equal in so that the verdict on this one is theirs as well; undefined
 * if it looked at what the mover does not compare, or is of another registry than that in force. `ageMs`: since it was
 * judged.
 */
export function leaseOf(judged: JudgedRequest, ageMs: number, epoch: number, stages: Stages): Lease | undefined {
  const { verdict, request, generation } = judged;
  const { forward } = stages;
  // What each request decides or adds for itself the mover cannot.
  if (forward.clientAddress || forward.requestId || (verdict.kind === 'allow' && verdict.split)) return undefined;
  const host = request.headers.find(([name]) => name === 'host')?.[1];
  const validMs = Math.floor(LEASE_MS - ageMs);
  if (host === undefined || validMs <= 0 || generation !== stages.registry().generation) return undefined;
  if (!verdict.dependsOn.every((attribute) => COMPARED.has(attribute))) return undefined;
  if (request.upgrade.length > 0 || request.method === 'CONNECT') return undefined; // what may follow was asked for too
  return {
    epoch,
    validMs,
    host,
    method: verdict.dependsOn.includes('http-method') ? request.method : undefined,
    target: verdict.dependsOn.includes('http-path') ? request.target : undefined,
    timeHeader: stages.timeHeader,
  };
}

/** Source, port and destination are those of the connection; answers of DNS are as old as the resolver may keep any. */
const COMPARED: ReadonlySet<Attribute> = new Set([
  'source',
  'port',
  'destination',
  'http-host',
  'http-method',
  'http-path',
  'answers',
]);

/** The shortest time for which the resolver keeps an answer: a verdict that used one outlives it by no more than this. */
const LEASE_MS = 1_000;
