import { assumed, ech, http, OPAQUE, resolved, SILENT, tls } from './builders.ts';
import { HTTP, KEPT, rowsOf, SOME, TLS } from './decide-rows.ts';

rowsOf('TLS by SNI', [
  { says: 'its own name', given: [TLS], to: `${SOME}:443`, shows: tls('api.test'), want: 'name api.test:443' },
  { says: 'another name', given: [TLS], to: `${SOME}:443`, shows: tls('other.test'), want: 'deny not-listed' },
  { says: 'no name', given: [TLS], to: `${SOME}:443`, shows: tls(undefined), want: 'deny not-listed' },
  { says: 'the outer name of ECH', given: [TLS], to: `${SOME}:443`, shows: ech('api.test'), want: 'name api.test:443' },
  { says: 'ECH with another', given: [TLS], to: `${SOME}:443`, shows: ech('other.test'), want: 'deny not-listed' },
  { says: 'ECH without', given: [TLS], to: `${SOME}:443`, shows: ech(undefined), want: 'deny not-listed' },
  {
    says: 'another name to a listed address',
    given: [{ ...TLS, reach: 'original', addresses: [SOME] }],
    to: `${SOME}:443`,
    shows: tls('other.test'),
    want: 'deny not-listed',
  },
  {
    says: 'no name to a listed address knows less than another name, so it gets no more',
    given: [{ ...TLS, reach: 'original', addresses: [SOME] }],
    to: `${SOME}:443`,
    shows: tls(undefined),
    want: 'deny not-listed',
  },
  {
    says: 'no name to an address that TCP lists',
    given: [{ ...TLS, ports: ['443 tcp'], reach: 'original', addresses: [SOME] }],
    to: `${SOME}:443`,
    shows: tls(undefined),
    want: 'original',
  },
  { says: 'opaque on a TLS port', given: [TLS], to: `${SOME}:443`, shows: OPAQUE, want: 'deny protocol-mismatch' },
  { says: 'silence on a TLS port', given: [TLS], to: `${SOME}:443`, shows: SILENT, want: 'deny protocol-mismatch' },
]);

rowsOf('wildcards', [
  {
    says: 'one label below',
    given: [{ ...KEPT, hosts: ['*.api.test'] }],
    to: `${SOME}:80`,
    shows: http('a.api.test'),
    answers: resolved({ 'a.api.test': [SOME] }),
    want: 'original',
  },
  {
    says: 'several labels below',
    given: [{ ...KEPT, hosts: ['*.api.test'] }],
    to: `${SOME}:80`,
    shows: http('a.b.api.test'),
    answers: resolved({ 'a.b.api.test': [] }),
    want: 'name a.b.api.test:80',
  },
  {
    says: 'not the name itself',
    given: [{ ...KEPT, hosts: ['*.api.test'] }],
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'deny not-listed',
  },
  {
    says: 'not a name that only ends alike',
    given: [{ ...KEPT, hosts: ['*.api.test'] }],
    to: `${SOME}:80`,
    shows: http('myapi.test'),
    want: 'deny not-listed',
  },
  {
    says: 'exact before wildcard',
    given: [
      { name: 'wild', hosts: ['*.test'], ports: ['80 http 81'] },
      { name: 'exact', hosts: ['a.test'], ports: ['80 http 82'] },
    ],
    to: `${SOME}:80`,
    shows: http('a.test'),
    want: 'name a.test:82',
  },
  {
    says: 'the longer wildcard first',
    given: [
      { name: 'short', hosts: ['*.test'], ports: ['80 http 81'] },
      { name: 'long', hosts: ['*.a.test'], ports: ['80 http 82'] },
    ],
    to: `${SOME}:80`,
    shows: http('x.a.test'),
    want: 'name x.a.test:82',
  },
  {
    says: 'a more specific one that the source does not see hides nothing',
    given: [
      { name: 'wild', hosts: ['*.test'], ports: ['80 http 81'] },
      { name: 'exact', hosts: ['a.test'], ports: ['80 http 82'], to: ['other'] },
    ],
    to: `${SOME}:80`,
    shows: http('a.test'),
    want: 'name a.test:81',
  },
  {
    says: 'endpoints serve every name below',
    given: [{ ...TLS, hosts: ['*.api.test'], reach: ['198.18.0.1'] }],
    to: `${SOME}:443`,
    shows: tls('x.api.test'),
    want: 'endpoint 198.18.0.1:443',
  },
]);

rowsOf('a grant for a name is honoured only towards that name (resolution NONE)', [
  {
    says: 'the answers are asked for',
    given: [KEPT],
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'need answers api.test',
  },
  {
    says: 'an answer of the name is dialled as it is',
    given: [KEPT],
    to: `${SOME}:80`,
    shows: http('api.test'),
    answers: resolved({ 'api.test': ['203.0.113.8', SOME] }),
    want: 'original',
  },
  {
    says: 'any other address is replaced by our own resolution',
    given: [KEPT],
    to: `${SOME}:80`,
    shows: http('api.test'),
    answers: resolved({ 'api.test': ['203.0.113.8'] }),
    want: 'name api.test:80',
  },
  {
    says: 'answers of another name are no answers',
    given: [KEPT],
    to: `${SOME}:80`,
    shows: http('api.test'),
    answers: resolved({ 'other.test': [SOME] }),
    want: 'need answers api.test',
  },
  {
    says: 'a listed address needs no answer',
    given: [{ ...KEPT, addresses: ['203.0.113.0/24'] }],
    to: `${SOME}:80`,
    shows: http('api.test'),
    want: 'original',
  },
  {
    says: 'explain: the address is one of the name',
    given: [KEPT],
    to: ':80',
    shows: http('api.test'),
    answers: assumed('api.test'),
    want: 'original',
  },
  {
    says: 'explain: the address is one of no name',
    given: [KEPT],
    to: `${SOME}:80`,
    shows: http('api.test'),
    answers: assumed(null),
    want: 'name api.test:80',
  },
  {
    says: 'DNS does not look at the dialled address',
    given: [HTTP],
    to: `${SOME}:80`,
    shows: http('api.test'),
    answers: assumed(null),
    want: 'name api.test:80',
  },
]);
