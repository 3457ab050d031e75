import { deepEqual, equal } from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RequestFacts } from '../../../../agent/model/evidence.ts';
import type { FlowFacts } from '../../../../agent/model/flow.ts';
import {
  type Admission,
  admitHttp,
  admitHttp2,
  admitOpaque,
  admitOpen,
  admitTls,
  fallBack,
} from '../../../../agent/registry/grants.ts';
import type { Mode } from '../../../../agent/registry/model.ts';
import type { Question } from '../../../../agent/registry/question.ts';
import { flow, hostname, MESH, OPAQUE, registryOf, request, resolved, type Said } from './builders.ts';

// What is admitted, whatever becomes of it: decide*.test.ts have the rules themselves, told by where a flow goes.

const WEB: Said = { name: 'web', hosts: ['api.test', '*.api.test'], ports: ['80 http'] };
const SECURE: Said = { name: 'secure', hosts: ['api.test'], ports: ['443 tls'] };
const DB: Said = { name: 'db', hosts: ['db.test'], ports: ['3306 tcp'] };
const OTHER_DB: Said = { ...DB, name: 'db2', hosts: ['db2.test'] };

type Asking = {
  readonly listed: readonly Said[];
  readonly port: number;
  readonly mode?: Mode;
  readonly answers?: FlowFacts['answers'];
};

function asked({ listed, port, mode, answers }: Asking, steps: string[] = []): Question {
  const facts = flow(`203.0.113.9:${port}`, OPAQUE, answers);
  return { registry: registryOf(listed, mode), hop: MESH, facts, namespace: 'shop', trace: (step) => steps.push(step) };
}

function head(line: string): RequestFacts {
  const evidence = request(line);
  if (evidence.kind !== 'http') throw new TypeError('the test itself is wrong: no request');
  return evidence.request;
}

/** `GRANT by NAME on PORT`, or why not. */
function text(admission: Admission): string {
  switch (admission.kind) {
    case 'granted': {
      const { entry, name } = admission;
      return `${entry.grant.ref.name}${name === undefined ? '' : ` by ${name}`} on ${entry.port.number} ${entry.port.protocol}`;
    }
    case 'deny':
      return admission.reason;
    case 'need':
      return `need ${[...admission.attributes, ...admission.names].join(' ')}`;
    case 'unlisted':
      return 'unlisted';
  }
}

const rows: readonly (Asking & {
  readonly says: string;
  readonly by: (question: Question) => Admission;
  readonly want: string;
})[] = [
  {
    says: 'a Host',
    listed: [WEB],
    port: 80,
    by: (q) => admitHttp(q, head('GET api.test/')),
    want: 'web by api.test on 80 http',
  },
  {
    says: 'a Host below a wildcard keeps its name',
    listed: [WEB],
    port: 80,
    by: (q) => admitHttp(q, head('GET x.api.test/')),
    want: 'web by x.api.test on 80 http',
  },
  {
    says: 'a Host port of another rule',
    listed: [{ ...WEB, ports: ['80 http', '81 http'] }],
    port: 80,
    by: (q) => admitHttp(q, head('GET api.test:81/')),
    want: 'web by api.test on 81 http',
  },
  {
    says: 'a listed address as Host names no host',
    listed: [{ ...WEB, addresses: ['203.0.113.9'] }],
    port: 80,
    by: (q) => admitHttp(q, head('GET 203.0.113.9/')),
    want: 'web on 80 http',
  },
  { says: 'a foreign Host', listed: [WEB], port: 80, by: (q) => admitHttp(q, head('GET b.test/')), want: 'not-listed' },
  {
    says: 'a Host that is listed as TLS',
    listed: [SECURE],
    port: 443,
    by: (q) => admitHttp(q, head('GET api.test/')),
    want: 'protocol-mismatch',
  },
  {
    says: 'a server name',
    listed: [SECURE],
    port: 443,
    by: (q) => admitTls(q, hostname('api.test')),
    want: 'secure by api.test on 443 tls',
  },
  { says: 'no server name', listed: [SECURE], port: 443, by: (q) => admitTls(q, undefined), want: 'not-listed' },
  {
    says: 'a server name that is listed as HTTP',
    listed: [WEB],
    port: 80,
    by: (q) => admitTls(q, hostname('api.test')),
    want: 'protocol-mismatch',
  },
  { says: 'TCP says no name', listed: [DB], port: 3306, by: admitOpaque, want: 'db on 3306 tcp' },
  { says: 'neither where names are listed', listed: [WEB], port: 80, by: admitOpaque, want: 'protocol-mismatch' },
  { says: 'neither where nothing is', listed: [], port: 80, by: admitOpaque, want: 'not-listed' },
  { says: 'HTTP/2 where HTTP is listed', listed: [WEB], port: 80, by: admitHttp2, want: 'http2-undecidable' },
  { says: 'HTTP/2 where TLS is', listed: [SECURE], port: 443, by: admitHttp2, want: 'not-listed' },
  { says: 'HTTP/2 where TCP is', listed: [DB], port: 3306, by: admitHttp2, want: 'db on 3306 tcp' },
  { says: 'open, where names are listed', listed: [WEB], port: 80, by: admitOpen, want: 'need http-head' },
  { says: 'open, where none are', listed: [DB], port: 3306, by: admitOpen, want: 'db on 3306 tcp' },
  { says: 'open, where nothing is', listed: [], port: 80, by: admitOpen, want: 'not-listed' },
  {
    says: 'open, where nothing is and all may pass',
    listed: [],
    port: 80,
    mode: 'ALLOW_ANY',
    by: admitOpen,
    want: 'unlisted',
  },
  {
    says: 'several without a name',
    listed: [DB, OTHER_DB],
    port: 3306,
    by: admitOpaque,
    want: 'need answers db.test db2.test',
  },
  {
    says: 'several, of which one has the address',
    listed: [DB, OTHER_DB],
    port: 3306,
    answers: resolved({ 'db.test': [], 'db2.test': ['203.0.113.9'] }),
    by: admitOpaque,
    want: 'db2 on 3306 tcp',
  },
  {
    says: 'ALLOW_ANY, listed',
    listed: [WEB],
    port: 80,
    mode: 'ALLOW_ANY',
    by: (q) => admitHttp(q, head('GET api.test/')),
    want: 'web by api.test on 80 http',
  },
  {
    says: 'ALLOW_ANY, not listed',
    listed: [WEB],
    port: 80,
    mode: 'ALLOW_ANY',
    by: (q) => admitHttp(q, head('GET b.test/')),
    want: 'unlisted',
  },
];

describe('what the grants admit', () => {
  for (const { says, by, want, ...asking } of rows) test(says, () => equal(text(by(asked(asking))), want));
});

test('what nothing admitted goes by the mode, which is named', () => {
  const steps: string[] = [];
  const refused = fallBack(
    asked({ listed: [], port: 80, mode: 'REGISTRY_ONLY' }, steps),
    'not-listed',
    ['source'],
    'nameless',
  );
  deepEqual(refused, {
    kind: 'deny',
    reason: 'not-listed',
    httpStatus: 502,
    matched: [{ kind: 'ConfigMap', namespace: 'istio-system', name: 'istio' }],
    dependsOn: ['source'],
  });
  deepEqual(steps, ['REGISTRY_ONLY (ConfigMap istio-system/istio): what no resource lists is refused']);
  const passed = fallBack(asked({ listed: [], port: 80, mode: 'ALLOW_ANY' }), 'not-listed', ['source'], 'nameless');
  deepEqual(passed, { kind: 'unlisted', looked: ['source'] });
});

test('it says what it looked at', () => {
  const looked = (admission: Admission) => (admission.kind === 'granted' ? admission.looked : undefined);
  deepEqual(looked(admitHttp(asked({ listed: [WEB], port: 80 }), head('GET api.test/'))), [
    'source',
    'port',
    'http-host',
  ]);
  deepEqual(looked(admitTls(asked({ listed: [SECURE], port: 443 }), hostname('api.test'))), [
    'source',
    'port',
    'tls-name',
  ]);
  deepEqual(looked(admitOpaque(asked({ listed: [DB], port: 3306 }))), ['source', 'port', 'destination']);
  const answers = resolved({ 'db.test': ['203.0.113.9'], 'db2.test': [] });
  deepEqual(looked(admitOpaque(asked({ listed: [DB, OTHER_DB], port: 3306, answers }))), [
    'source',
    'port',
    'destination',
    'answers',
  ]);
});
