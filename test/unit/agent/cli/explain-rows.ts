/** What is asked: from, to, and what the client shows: nothing (opaque TCP), a Host, an SNI. */
export type Question = {
  /** A folder of test/fixtures/config/explain-table. */
  readonly world: 'registry-only' | 'allow-any';
  readonly from: string;
  readonly to: string;
  readonly shows: { readonly host?: string; readonly sni?: string; readonly method?: string };
};

type Answer = {
  /** The address dialled: that of the client, one of our own choice, or none and why. */
  readonly outcome: 'original' | 'name' | `deny ${string}`;
  /** HTTP status of a refusal. */
  readonly status: number | null;
  /** Namespace and name of what decided; absent: not looked at. */
  readonly by?: string;
  /** Part of the trace or of the problems. */
  readonly says?: string;
};

export type Row = readonly [why: string, question: Question, answer: Answer];

/**
 * What one who knows Istio's ServiceEntry expects, with the differences that Weir makes on purpose: a name is reached
 * only at its own addresses, a Host port counts, one that shows no name gets no more than one that shows a foreign one.
 */
export const ROWS: readonly Row[] = [
  // HTTP by Host
  ['HTTP is matched by Host', ask('api.example:80', http('api.example')), name('default/api')],
  ['… whatever address was dialled', ask('203.0.113.9:80', http('api.example')), name('default/api')],
  ['… whatever name was dialled', ask('else.example:80', http('api.example')), name('default/api')],
  ['a method alone is HTTP to the name dialled', ask('api.example:80', { method: 'POST' }), name('default/api')],
  ['case and the root dot do not matter', ask('api.example:80', http('API.Example.')), name('default/api')],
  ['… in a resource neither', ask('upper.example:80', http('upper.example')), name('default/upper')],
  ['a Host port that is the dialled one', ask('api.example:80', http('api.example:80')), name('default/api')],
  ['a Host port that nothing lists', ask('api.example:80', http('api.example:8080')), refused('not-listed')],
  ['a Host port that is listed as HTTPS', ask('web.example:80', http('web.example:443')), refused('protocol-mismatch')],
  ['another host', ask('other.example:80', http('other.example')), refused('not-listed', 'istio-system/istio')],
  [
    'a foreign Host to the address of a listed name',
    ask('api.example:80', http('other.example')),
    refused('not-listed'),
  ],
  ['a name below a listed one', ask('www.api.example:80', http('www.api.example')), refused('not-listed')],
  ['a port that is not listed', ask('api.example:81', http('api.example')), refused('not-listed')],
  ['TLS where HTTP is listed', ask('api.example:80', tls('api.example')), closed('protocol-mismatch')],
  ['opaque bytes where HTTP is listed', ask('api.example:80', {}), closed('protocol-mismatch', 'it shows no name')],
  ['HTTP to an address, no name', ask('203.0.113.9:80', { method: 'GET' }), refused('not-listed')],
  ['each of several hosts', ask('two.example:80', http('two.example')), name('default/several')],
  ['GRPC is HTTP', ask('grpc.example:50051', { method: 'POST' }), name('default/grpc')],
  [
    'a resource without ports admits nothing',
    ask('unported.example:80', http('unported.example')),
    refused('not-listed'),
  ],
  // TLS by SNI
  ['TLS is matched by SNI', ask('secure.example:443', tls('secure.example')), name('default/secure')],
  ['… whatever address was dialled', ask('203.0.113.9:443', tls('secure.example')), name('default/secure')],
  ['HTTPS is TLS', ask('web.example:443', tls('web.example')), name('default/web')],
  ['an SNI with the root dot', ask('secure.example:443', tls('SECURE.example.')), name('default/secure')],
  ['another name', ask('secure.example:443', tls('other.example')), closed('not-listed')],
  ['no name, though the address is right', ask('secure.example:443', tls('')), closed('not-listed')],
  ['HTTP where TLS is listed', ask('secure.example:443', http('secure.example')), refused('protocol-mismatch')],
  ['opaque bytes where TLS is listed', ask('secure.example:443', {}), closed('protocol-mismatch')],
  ['a TLS name on a port that is not listed', ask('secure.example:8443', tls('secure.example')), closed('not-listed')],
  // Wildcards
  ['a wildcard, NONE: the address dialled', ask('a.wild.example:443', tls('a.wild.example')), original('default/wild')],
  ['… at any depth', ask('a.b.wild.example:443', tls('a.b.wild.example')), original('default/wild')],
  ['… by Host as well', ask('a.wild.example:80', http('a.wild.example')), original('default/wild')],
  ['… not the name itself', ask('wild.example:443', tls('wild.example')), closed('not-listed')],
  ['… not a name that only ends like it', ask('nowild.example:443', tls('nowild.example')), closed('not-listed')],
  ['… a foreign address is not dialled', ask('203.0.113.9:443', tls('a.wild.example')), name('default/wild')],
  [
    'exact before wildcard',
    ask('special.wild.example:443', tls('special.wild.example')),
    name('default/special', '198.18.9.9'),
  ],
  ['… on its ports only', ask('special.wild.example:80', http('special.wild.example')), original('default/wild')],
  [
    'the longer wildcard',
    ask('x.deep.wild.example:443', tls('x.deep.wild.example')),
    name('default/deeper', '198.18.9.8'),
  ],
  ['… which is not its own name', ask('deep.wild.example:443', tls('deep.wild.example')), original('default/wild')],
  // TCP by address, or by port
  ['TCP by address', ask('203.0.113.5:5432', {}), original('default/db-range')],
  ['… the address mapped into IPv6', ask('[::ffff:203.0.113.5]:5432', {}), original('default/db-range')],
  ['… the longest prefix', ask('203.0.113.10:5432', {}), name('default/db-one', '198.18.9.10 port 5432')],
  ['… not beyond it', ask('203.0.113.130:5432', {}), closed('not-listed')],
  [
    '… a name is no address: it is said so',
    ask('db.example:5432', {}),
    closed('not-listed', 'which address is dialled'),
  ],
  ['… IPv6', ask('[2001:db8:5::7]:6379', {}), original('default/redis')],
  ['… not beyond it, IPv6', ask('[2001:db8:6::7]:6379', {}), closed('not-listed')],
  ['… whatever is spoken there', ask('203.0.113.5:5432', tls('any.example')), original('default/db-range')],
  ['TCP without addresses: by port', ask('mysql.example:3306', {}), name('default/mysql')],
  ['… whatever address was dialled', ask('203.0.113.9:3306', {}), name('default/mysql', 'mysql.example')],
  ['… and whatever is spoken', ask('203.0.113.9:3306', http('other.example')), name('default/mysql', 'mysql.example')],
  ['of two on one port the one dialled', ask('mongo-b.example:27017', {}), name('default/mongo-b')],
  ['… neither for a foreign address', ask('203.0.113.9:27017', {}), closed('not-listed')],
  ['no protocol: HTTP by Host', ask('auto.example:9000', http('auto.example')), name('default/auto')],
  ['… TLS by SNI', ask('auto.example:9000', tls('auto.example')), name('default/auto')],
  ['… and nothing that shows no name', ask('auto.example:9000', {}), closed('protocol-mismatch')],
  // Who sees what
  ['exportTo "." for its own namespace', ask('shop.example:80', http('shop.example'), 'shop/web'), name('shop/own')],
  ['… not for others', ask('shop.example:80', http('shop.example')), refused('not-listed')],
  ['exportTo names: one of them', ask('partner.example:80', http('partner.example'), 'lab/x'), name('default/partner')],
  ['… not its own, if not named', ask('partner.example:80', http('partner.example')), refused('not-listed')],
  ['exportTo "~" is for nobody', ask('nobody.example:80', http('nobody.example')), refused('not-listed')],
  ['of two, that of the own namespace', ask('twice.example:80', http('twice.example')), name('default/twice')],
  ['… for each its own', ask('twice.example:80', http('twice.example'), 'shop/web'), name('shop/twice', '198.18.9.11')],
  ['… for a third the older one', ask('twice.example:80', http('twice.example'), 'lab/x'), name('shop/twice')],
  ['by the address of a pod', ask('shop.example:80', http('shop.example'), '198.18.1.20'), name('shop/own')],
  ['by its other address', ask('api.example:80', http('api.example'), '2001:db8:1::10'), name('default/api')],
  ['an address of no pod', ask('api.example:80', http('api.example'), '198.18.1.99'), refused('source-unknown')],
  // How it is reached
  [
    'targetPort',
    ask('moved.example:80', http('moved.example')),
    name('default/moved', 'moved.example by our own resolution, port 8080'),
  ],
  [
    'DNS with an endpoint that is a name',
    ask('alias.example:80', http('alias.example')),
    name('default/alias', 'real.example'),
  ],
  ['DNS_ROUND_ROBIN', ask('rotating.example:80', http('rotating.example')), name('default/rotating')],
  [
    'STATIC without endpoints: policy says yes',
    ask('empty.example:80', http('empty.example')),
    name('default/empty', 'no endpoint'),
  ],
  ['NONE: an address of the name', ask('kept.example:80', http('kept.example')), original('default/kept')],
  ['… of another name', ask('other.example:80', http('kept.example')), name('default/kept')],
  ['… an address that is listed', ask('203.0.113.200:80', http('kept-at.example')), original('default/kept-at')],
  ['… by that address as Host', ask('203.0.113.200:80', { method: 'GET' }), original('default/kept-at')],
  ['… a foreign Host to it', ask('203.0.113.200:80', http('other.example')), refused('not-listed')],
  // Never dialled
  [
    'an endpoint on the loopback',
    ask('loopback.example:80', http('loopback.example')),
    forbidden(503, 'default/loopback'),
  ],
  ['an endpoint that is the metadata address', ask('metadata.example:80', http('metadata.example')), forbidden(503)],
  [
    '… another endpoint remains',
    ask('mixed.example:80', http('mixed.example')),
    name('default/mixed', '198.18.9.12 port 8081'),
  ],
  ['the metadata address itself', ask('169.254.169.254:80', { method: 'GET' }), forbidden(502)],
  ['… in 6to4', ask('[2002:a9fe:a9fe::1]:80', { method: 'GET' }), forbidden(502)],
  [
    '… under a wildcard of NONE: its name is dialled',
    ask('169.254.169.254:443', tls('a.wild.example')),
    name('default/wild'),
  ],
  ['loopback, nothing said', ask('127.0.0.1:22', {}), forbidden(null)],
  // ALLOW_ANY
  ['ALLOW_ANY: HTTP', any('other.example:80', http('other.example')), original('istio-system/istio')],
  ['ALLOW_ANY: TLS', any('203.0.113.9:443', tls('other.example')), original('istio-system/istio')],
  ['ALLOW_ANY: TCP', any('203.0.113.9:22', {}), original('istio-system/istio')],
  ['ALLOW_ANY: what is listed goes as listed', any('203.0.113.9:80', http('api.example')), name('default/api')],
  ['ALLOW_ANY: listed by port', any('203.0.113.9:3306', {}), name('default/mysql')],
  [
    'ALLOW_ANY: what others list is nothing',
    any('shop.example:80', http('shop.example')),
    original('istio-system/istio'),
  ],
  ['ALLOW_ANY: the metadata address', any('169.254.169.254:80', { method: 'GET' }), forbidden(502)],
  ['ALLOW_ANY: … with a foreign Host', any('169.254.169.254:80', http('other.example')), forbidden(502)],
  ['ALLOW_ANY: … as an endpoint', any('metadata.example:80', http('metadata.example')), forbidden(503)],
  ['ALLOW_ANY: ::1, NAT64', any('[64:ff9b::7f00:1]:80', {}), forbidden(null)],
  [
    'ALLOW_ANY: nobody is still nobody',
    any('other.example:80', http('other.example'), '198.18.1.99'),
    refused('source-unknown'),
  ],
];

type Shows = Question['shows'];

function ask(to: string, shows: Shows, from = 'default/sleep'): Question {
  return { world: 'registry-only', from, to, shows };
}

function any(to: string, shows: Shows, from = 'default/sleep'): Question {
  return { world: 'allow-any', from, to, shows };
}

function http(host: string): Shows {
  return { host };
}

function tls(sni: string): Shows {
  return { sni };
}

function name(by: string, says?: string): Answer {
  return { outcome: 'name', status: null, by, ...(says === undefined ? {} : { says }) };
}

function original(by: string): Answer {
  return { outcome: 'original', status: null, by };
}

/** Plaintext HTTP is told so. */
function refused(reason: string, by?: string): Answer {
  return { outcome: `deny ${reason}`, status: 502, ...(by === undefined ? {} : { by }) };
}

function closed(reason: string, says?: string): Answer {
  return { outcome: `deny ${reason}`, status: null, ...(says === undefined ? {} : { says }) };
}

function forbidden(status: number | null, by?: string): Answer {
  return { outcome: 'deny address-forbidden', status, ...(by === undefined ? {} : { by }) };
}
