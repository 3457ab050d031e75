import assert from 'node:assert/strict';
import type { Evidence } from '../../../agent/model/evidence.ts';
import type { Hop } from '../../../agent/model/flow.ts';
import type { Decision } from '../../../agent/model/verdict.ts';
import type { Source } from '../../../agent/model/workload.ts';
import { compile, type Registry } from '../../../agent/registry/compile.ts';
import { decide } from '../../../agent/registry/decide.ts';
import { readDocuments } from '../../../agent/sources/documents.ts';
import { NOTHING_IN_FORCE, resourceSetOf, settle } from '../../../agent/sources/in-force.ts';
import {
  ech,
  flow,
  HTTP2,
  http,
  ip,
  MESH,
  OPAQUE,
  OPEN,
  request,
  resolved,
  SILENT,
  tls,
  workload,
} from '../../unit/agent/registry/builders.ts';
import {
  changeColons,
  changeIndent,
  changeLineEnds,
  insertLine,
  moveLines,
  swapWords,
} from '../harness/mutate-lines.ts';
import { assertEqual } from '../harness/prefixes.ts';
import { fixtures } from '../harness/seeds.ts';
import type { Target } from '../harness/target.ts';

const FILE = 'fuzz.yaml';
const GATEWAY: Hop & { kind: 'gateway' } = { kind: 'gateway', namespace: 'istio-system', name: 'egress' };

/** Values and kinds that mean something, or nothing, or too much. */
const WORDS = (
  'null ~ true {} [] "" 0 -1 65536 1e9 .nan 0x50 a.test *.test "*" * 198.18.0.0/15 2001:db8::/32 HTTP TLS ' +
  'TCP MONGO DNS NONE STATIC mesh ALLOW_ANY &a *a << !!binary | >- 2026-01-01 __proto__ constructor ' +
  'ServiceEntryList List VirtualService Gateway DestinationRule ConfigMap Pod Service EndpointSlice ' +
  'toString'
).split(' ');

/** Lines; `|` parts them. */
const LINES = (
  '---|...|%YAML 1.2|# x|<<: *a|items:|- |  - a|  x: &a [*a]|kind: List|? [a]|: b|  exportTo: ["."]|' +
  '  addresses: [198.18.0.1]|  resolution: NONE|    weight: 1|  - match: [{uri: {regex: "(a*)*b"}}]|' +
  '    route: [{destination: {host: a.test}}]|\t|\0|"|\'|{|}'
).split('|');

export const resources: Target = {
  name: 'resources',
  invariant:
    'Any text becomes documents, problems that stand in it, and a registry that decides every flow, all without throwing; ' +
    'an unknown source is refused, and the same text again changes nothing.',
  seeds: () => [...fixtures('config', /\.yaml$/), ...fixtures('../fuzz/corpus/resources', /^seed-/)],
  mutators: [
    moveLines,
    changeIndent,
    changeIndent,
    changeLineEnds,
    changeColons,
    swapWords(WORDS),
    insertLine(LINES, '\n'),
  ],
  tokens: [
    ': ',
    '- ',
    '\n',
    '{',
    '}',
    '[',
    ']',
    ',',
    '&a ',
    '*a',
    '|\n',
    '"',
    "'",
    '#',
    '---\n',
    '\t',
    '!!',
    '\u00ff',
    '\0',
    '? ',
    '<<: ',
  ],
  check(input) {
    const text = Buffer.from(input).toString('utf8');
    const lines = text.split(/\r\n|\r|\n/).length; // YAML 1.2 §5.4
    const reading = { file: FILE, documents: readDocuments(FILE, text) };
    const { inForce, problems } = settle(NOTHING_IN_FORCE, [reading]);
    for (const { position, message } of problems) {
      assert.equal(position.file, FILE);
      assert.ok(
        position.line >= 1 && position.line <= lines && position.column >= 1,
        `${message} at ${position.line}:${position.column} of ${lines}`,
      );
    }
    assertEqual(settle(inForce, [reading]).inForce, inForce, 'settled again');
    const set = resourceSetOf(inForce);
    compile(set, 1, { ...GATEWAY, labels: undefined });
    return [
      ...problems.map(({ severity, message }) => `${severity} ${/^(?:[a-z]+ ){0,3}/.exec(message)?.[0]}`), // not the input's own
      ...decideAll(compile(set, 1), MESH),
      ...decideAll(compile(set, 1, { ...GATEWAY, labels: { istio: 'egressgateway' } }), GATEWAY),
    ];
  },
};

const EVIDENCE: readonly Evidence[] = [
  OPEN,
  http('a.test'),
  http(undefined),
  request('GET aliyun.com/a/../b?c=1', 'x-a: b'),
  request('POST 198.18.0.1/%2e%2e//x'),
  tls('edition.cnn.com'),
  tls(undefined),
  ech('a.test'),
  HTTP2,
  OPAQUE,
  SILENT,
];
const ANSWERS = [undefined, resolved({ 'a.test': ['203.0.113.1'], 'aliyun.com': ['198.18.0.1'] })] as const;

/** Answers what the decisions were. */
function decideAll(registry: Registry, hop: Hop): readonly string[] {
  const decisions: string[] = [];
  for (const port of new Set([80, 443, ...[...registry.ports.keys()].slice(0, 3)])) {
    for (const [index, evidence] of EVIDENCE.entries()) {
      const facts = flow(
        index % 2 === 0 ? `203.0.113.1:${port}` : `:${port}`,
        evidence,
        ANSWERS[index % ANSWERS.length],
      );
      for (const source of SOURCES) {
        const decision = decide(registry, hop, { ...facts, source });
        if (source.kind === 'unknown') assert.ok(decision.kind === 'deny' && decision.reason === 'source-unknown');
        if (decision.kind === 'need') assert.ok(decision.attributes.length > 0);
        if (decision.kind === 'allow') assert.ok(decision.route.cluster.length > 0);
        decisions.push(`${hop.kind} ${evidence.kind} ${wordOf(decision)}`);
      }
    }
  }
  return decisions;
}

function wordOf(decision: Decision): string {
  if (decision.kind === 'need') return `needs ${decision.attributes.join()} ${decision.admissibleWithout}`;
  if (decision.kind === 'deny') return decision.reason;
  const { dial, via, targets, transport } = decision.route;
  return `${decision.reason} ${dial} ${via} ${targets.length} ${transport} ${decision.split?.length}`;
}

const SOURCES: readonly Source[] = [
  { kind: 'workload', workload: { ...workload('default'), labels: { app: 'sleep' } } },
  { kind: 'unknown' },
  { kind: 'outside', ip: ip('192.0.2.1') },
];
