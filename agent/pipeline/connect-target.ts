import type { Evidence } from '../model/evidence.ts';
import type { FlowFacts, Hop } from '../model/flow.ts';
import type { Authority } from '../model/hostname.ts';
import type { Port } from '../model/port.ts';
import type { Answers, Verdict } from '../model/verdict.ts';
import type { Source } from '../model/workload.ts';
import type { Registry } from '../registry/compile.ts';
import { decide } from '../registry/decide.ts';
import type { RequestHead } from '../wire/http1-request.ts';

/** What is asked for: where the flow was going, or, inside a tunnel, what the tunnel was asked for. */
export type Asked = {
  readonly destination: FlowFacts['destination'];
  /** undefined: names are resolved where a rule needs it. */
  readonly answers: Answers | undefined;
  /** At a gateway: the port that was dialled there. */
  readonly listener?: Port;
  /** Of a tunnel: the CONNECT that opened it, which must stay admitted too. */
  readonly through?: { readonly evidence: Evidence; readonly asked: Asked | undefined };
};

/** What a CONNECT asks its proxy for, in the terms of a flow: the name stands for whatever address the proxy dials. */
export function targetOf({ authority }: RequestHead): Asked | undefined {
  if (authority?.port === undefined) return undefined;
  const { host, port } = authority;
  return host.kind === 'ip'
    ? { destination: { ip: host.ip, port }, answers: { kind: 'assumed', name: null } }
    : { destination: { ip: undefined, port }, answers: { kind: 'assumed', name: host.name } };
}

/**
 * Whether a flow of any protocol could be admitted to the target of this CONNECT; what is then said through the tunnel is
 * judged for itself. The denial is that of the protocol that the port makes likely, TLS.
 */
export function admitsTarget(registry: Registry, hop: Hop, source: Source, request: RequestHead): Verdict {
  const target = targetOf(request);
  const verdicts = evidencesOf(request.authority).map((evidence) =>
    target ? decide(registry, hop, { source, ...target, evidence }) : undefined,
  );
  const admitting = verdicts.find((verdict) => verdict?.kind === 'allow');
  const denying = verdicts.find((verdict) => verdict?.kind === 'deny');
  if (admitting?.kind === 'allow') return admitting;
  if (denying?.kind === 'deny') return denying;
  return { kind: 'deny', reason: 'not-listed', httpStatus: 502, matched: [], dependsOn: ['source', 'http-host'] };
}

function evidencesOf(authority: Authority | undefined): readonly Evidence[] {
  const name = authority?.host.kind === 'name' ? authority.host.name : undefined;
  return [
    { kind: 'tls', serverName: name, alpn: [] },
    { kind: 'http', request: { method: 'GET', authority, target: '/', headers: [] } },
    { kind: 'opaque' },
  ];
}
