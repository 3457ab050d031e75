import { z } from 'zod';

/**
 * The form of a section of conformance cases (test/conformance/?-*.yaml), as test/conformance/README.md tells it. Every
 * object is strict: a misspelt field is an error, not a check that is never made.
 */
const ID = z.string().regex(/^[A-Z]\d\d$/, 'expected an id such as A05');
const PLACE = z.string().min(1);
const WORKLOAD = z.templateLiteral([z.string().min(1), '/', z.string().min(1)]);
const PATTERN = z.string().refine(isPattern, 'not a regular expression');

/** What a text or number must be. */
const VALUE = z.union([
  z.string(),
  z.number(),
  z.null(),
  z.strictObject({ matches: PATTERN }),
  z.strictObject({ is: z.enum(['number', 'string']) }),
  /** `IP:PORT` of this place, of either family; of the client: of the family that it called by. */
  z.strictObject({ endpoint: PLACE, port: z.int().optional() }),
  /** The same without a port. */
  z.strictObject({ ip: PLACE }),
]);

const LINE_KEYS = [
  'trace_id',
  'upstream_host',
  'downstream_remote_address',
  'requested_server_name',
  'response_code',
  'upstream_service_time',
  'user_agent',
  'path',
  'route_name',
  'bytes_sent',
  'response_flags',
  'upstream_local_address',
  'duration',
  'upstream_cluster',
  'upstream_transport_failure_reason',
  'authority',
  'request_id',
  'protocol',
  'bytes_received',
  'method',
  'downstream_local_address',
  'start_time',
  'istio_policy_status',
  'x_forwarded_for',
  'source_namespace',
  'source_workload',
  'registry',
] as const;

/** What one hop decides, and what its access line says of it. */
const AT_HOP = z.strictObject({
  verdict: z.enum(['allow', 'deny']),
  reason: z.string(),
  /** `KIND NAMESPACE/NAME`, in order. */
  matched: z.array(z.string()),
  line: z.partialRecord(z.enum(LINE_KEYS), VALUE).default({}),
  /** What the line says in place of `reason`: what was decided could not be done. */
  failure: z.string().optional(),
  /** All keys of the line, in any order, with spaces between. */
  keys: z.string().optional(),
  /** The line itself, in formats that are no JSON. */
  text: PATTERN.optional(),
  /** `grep TAIL LOG | tail -n 1` gives this line. */
  tail: z.string().optional(),
});

const REACHED = z.strictObject({
  /** A name of the lab's origins, or a key of the world's own; of several: one of these. */
  origin: z.union([z.string(), z.array(z.string()).min(2)]),
  /** Whom the origin saw: `node` (the agent), or a gateway. */
  from: PLACE,
  port: z.int(),
  sni: z.string().optional(),
  /** `METHOD AUTHORITY PATH`, all that came on this connection. */
  requests: z.array(z.string()).optional(),
});

const ACTION = z
  .strictObject({
    /** A workload of the world, or `outside`. */
    from: z.union([z.literal('outside'), WORKLOAD]),
    curl: z.string().optional(),
    openssl: z.string().optional(),
    tcp: z.strictObject({ to: z.string(), send: z.string() }).optional(),
    families: z
      .array(z.enum(['v4', 'v6']))
      .min(1)
      .default(['v4', 'v6']),
    /** By what `decide` and `explain` are asked. */
    facts: z.strictObject({
      /** `mesh`, or the gateway that is called itself. */
      hop: PLACE.default('mesh'),
      to: z.string(),
      host: z.string().optional(),
      sni: z.string().optional(),
      method: z.string().optional(),
      path: z.string().optional(),
    }),
    expect: z.strictObject({
      /** Of curl or openssl: one of these. */
      exit: z.union([z.int(), z.array(z.int())]).default(0),
      /** Of raw TCP: one of these. */
      end: z.array(z.enum(['fin', 'ECONNRESET'])).optional(),
      status: z.int().optional(),
      headers: z.record(z.string().regex(/^[a-z-]+$/, 'expected lower case'), VALUE).default({}),
      body: VALUE.optional(),
      body_bytes: z.int().optional(),
      stdout: z.array(PATTERN).default([]),
      stderr: z.array(PATTERN).default([]),
      /** Every connection that an origin sees; others see nothing. */
      reached: z.array(REACHED).default([]),
      /** Origins of which it is the point that they see nothing. */
      never: z.array(z.string()).default([]),
      mesh: z.union([z.literal('none'), AT_HOP]),
      gateway: z.union([z.literal('none'), AT_HOP]),
    }),
  })
  .refine(({ curl, openssl, tcp }) => [curl, openssl, tcp].filter((each) => each !== undefined).length === 1, {
    message: 'expected exactly one of curl, openssl, tcp',
  });

/** A document; the name of a file below test/fixtures/config; the name of a set. */
const RESOURCE = z.union([z.string(), z.looseObject({ apiVersion: z.string(), kind: z.string() })]);

const STEP = {
  mode: z.enum(['ALLOW_ANY', 'REGISTRY_ONLY']).optional(),
  resources: z.array(RESOURCE).optional(),
  /** The gateway that is the endpoint of the Service; the first if not given. */
  behind: PLACE.optional(),
  /** All errors of the resources, in order, without their places. */
  problems: z.array(PATTERN).optional(),
};

const CASE = z
  .strictObject({
    id: ID,
    title: z.string().min(1),
    priority: z.enum(['P0', 'P1', 'P2']),
    /** S seed, T their test, D documentation, C their source, X derived. */
    origin: z.string().regex(/^[STDCX](\/[STDCX])?$/),
    ...STEP,
    actions: z.array(ACTION).optional(),
    steps: z.array(z.strictObject({ ...STEP, actions: z.array(ACTION) })).optional(),
  })
  .refine(({ actions, steps }) => (actions === undefined) !== (steps === undefined), {
    message: 'expected either actions or steps',
  });

export const SECTION = z.strictObject({
  section: z.string().regex(/^[A-Z]$/),
  title: z.string(),
  /** Of all its cases, wherever they are: `A01-A11 A13`. */
  ids: z.string().transform(idsOf),
  world: z.strictObject({
    /** Captured: lab pod → `NAMESPACE/POD`. */
    workloads: z.record(PLACE, WORKLOAD),
    gateways: z.record(
      PLACE,
      z.strictObject({
        name: WORKLOAD,
        labels: z.record(z.string(), z.string()),
        args: z.array(z.string()).default([]),
      }),
    ),
    /** More listeners, by key. */
    origins: z
      .record(
        z.string(),
        z.strictObject({
          at: PLACE,
          address: z.string(),
          services: z.array(z.strictObject({ port: z.int(), kind: z.enum(['http', 'https', 'sink']) })),
        }),
      )
      .default({}),
  }),
  sets: z.record(z.string(), z.array(RESOURCE)).default({}),
  cases: z.array(CASE),
  waiting: z.array(z.strictObject({ id: ID, for: z.string() })).default([]),
});

export type Section = z.infer<typeof SECTION>;
export type World = Section['world'];
export type Case = Section['cases'][number];
export type Resource = z.infer<typeof RESOURCE>;
export type Action = z.infer<typeof ACTION>;
export type Expected = Action['expect'];
export type AtHop = z.infer<typeof AT_HOP>;
export type Value = z.infer<typeof VALUE>;
export type Facts = Action['facts'];

function idsOf(text: string): readonly string[] {
  return text.split(/\s+/).flatMap((each) => {
    const [, letter = '', first = '', last = first] = /^([A-Z])(\d\d)(?:-[A-Z](\d\d))?$/.exec(each) ?? [];
    if (letter === '') return [each]; // no case has such an id, which is told
    const count = Number(last) - Number(first) + 1;
    return Array.from({ length: count }, (_, at) => letter + String(Number(first) + at).padStart(2, '0'));
  });
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text, 's') instanceof RegExp;
  } catch {
    return false; // that is the answer
  }
}
