import type { IpAddress } from '../model/address.ts';
import { type Cidr, cidrContains } from '../model/cidr.ts';
import type { FailureCode } from '../model/failure.ts';
import type { HeldEvent } from '../model/mover.ts';
import type { Preamble } from '../wire/proxy-v2.ts';
import { type ProxyV2Result, readProxyV2 } from '../wire/proxy-v2-read.ts';
import type { Caller } from './caller.ts';
import type { Accepted, Located, Placing } from './stages.ts';

/** Who may say for whom it speaks: the agents of the nodes. Never an address that a pod can have. */
export type TrustedPeers = readonly Cidr[];

/**
 * Where a gateway's flow goes and on whose behalf. A trusted peer says so ahead of all else (docs/hop.md), and must; from
 * anybody else such a header ends the connection, and the peer is the client.
 */
export function placeAtGateway(flow: Accepted, trusted: TrustedPeers): Placing | Promise<Placing> {
  const { opening } = flow.conversation;
  if (trusted.some((cidr) => cidrContains(cidr, opening.peer.ip))) return placeTold(flow);
  return { ok: true, located: placeItself(flow), first: opening, refuses: 'preamble' };
}

async function placeTold(flow: Accepted): Promise<Placing> {
  const read = await readPreamble(flow);
  if (read === 'gone') return { ok: 'gone' };
  const { first, told } = read;
  if (told.kind === 'not-proxy' || first.bytes.length === 0) return fail('preamble-missing');
  if (told.kind !== 'preamble') return fail('preamble-bad');
  flow.conversation.edit('client', 0, told.bytes, NOTHING);
  const located = placeFor(flow, told.preamble);
  return { ok: true, located, first: { bytes: first.bytes.subarray(told.bytes), ended: first.ended } };
}

function fail(code: FailureCode): Placing {
  return { ok: false, code };
}

/** What is held once it is a header, or can be none, or the time is up; and how far it is one. */
async function readPreamble({ conversation }: Accepted): Promise<Read | 'gone'> {
  const until = performance.now() + PREAMBLE_MS;
  let first: Said = conversation.opening;
  for (let late = false; ; ) {
    const told = readProxyV2(first.bytes);
    const left = until - performance.now();
    if (told.kind !== 'more' || first.ended || late || left <= 0) return { first, told };
    const held = await conversation.inspect('client', first.bytes.length, Math.ceil(left));
    if (!held) return 'gone';
    first = held;
    late = held.deadline;
  }
}

type Said = Pick<HeldEvent, 'bytes' | 'ended'>;
type Read = { readonly first: Said; readonly told: ProxyV2Result };

function placeItself(flow: Accepted): Located {
  const { peer, local } = flow.conversation.opening;
  const { port } = local;
  const asked = { destination: { ip: undefined, port }, answers: undefined, listener: port };
  return { ...flow, destination: local, client: peer, asked };
}

function placeFor(flow: Accepted, { source, destination, workload }: Preamble): Located {
  const { local } = flow.conversation.opening;
  const asked = { destination, answers: undefined, listener: local.port };
  const caller: Caller = {
    key: workload ? `${workload.namespace}/${workload.name}` : source.ip,
    namespace: null,
    pod: null,
  };
  return { ...flow, caller, destination: local, client: source, asked, claim: workload };
}

/** The peer of a connection, as long as it has not said for whom it speaks. */
export function peerCaller(ip: IpAddress): Caller {
  return { key: ip, namespace: null, pod: null };
}

const NOTHING = new Uint8Array(0);
/** An agent sends it with the first packet. */
const PREAMBLE_MS = 10_000;
