import { z } from 'zod';
import { problemTexts } from './problem-text.ts';

/** The form of Istio's tables (test/conformance/istio-*.yaml): what Istio does, what Weir does, and why it is not the same. */
const PORTS = ['80 HTTP', '81 auto', '82 TCP', '83 TLS', '84 HTTPS', '85 GRPC', '86 HTTP2'] as const;
const MODES = ['ALLOW_ANY', 'REGISTRY_ONLY'] as const;
const ENTRIES = ['with-address', 'without-address'] as const;
const SPEECH = ['HTTP', 'TCP', 'TLS'] as const;

/** `listed`: outbound|PORT||listed.example. */
const OUTCOME = z.union([
  z.enum(['listed', 'PassthroughCluster', 'BlackHoleCluster', '502']),
  z.string().regex(/^outbound\|\d+\|\|[\w.]+$/, 'expected a cluster, BlackHoleCluster or 502'),
]);
const COLUMNS = { istio: OUTCOME, ours: OUTCOME, differs: z.string().optional() };
/** One of IPv4, one of IPv6. */
const PAIR = z.tuple([z.ipv4(), z.ipv6()]);
const ROW = z.strictObject({ port: z.enum(PORTS), says: z.enum(SPEECH), ...COLUMNS, reason: z.string() });

const TABLE = z.strictObject({
  table: z.string(),
  title: z.string(),
  entries: z.record(z.enum(ENTRIES), z.array(z.looseObject({ apiVersion: z.string(), kind: z.string() }))),
  /** What HTTP and TLS name. */
  name: z.string(),
  dials: z.record(z.enum(ENTRIES), PAIR),
  answers: z.record(z.string(), PAIR),
  differences: z.record(z.string(), z.string().min(40)),
  /** By `ENTRY MODE`. */
  rows: z.record(z.string(), z.array(ROW)),
  /** Two ServiceEntries of port 9999 with these addresses, resolution NONE, ALLOW_ANY. */
  overlaps: z
    .array(
      z.strictObject({
        title: z.string(),
        entries: z.strictObject({ first: z.array(z.string()), second: z.array(z.string()) }),
        protocol: z.enum(['TCP', 'TLS']),
        dials: z.string(),
        sni: z.string().optional(),
        ...COLUMNS,
      }),
    )
    .default([]),
});

type Parsed = z.infer<typeof TABLE>;
export type Overlap = Parsed['overlaps'][number];
export type Row = z.infer<typeof ROW> & {
  readonly entry: (typeof ENTRIES)[number];
  readonly mode: (typeof MODES)[number];
};
export type Table = Omit<Parsed, 'rows'> & { readonly rows: readonly Row[] };

/** Throws with every problem. */
export function parseTable(file: string, value: unknown): Table {
  const parsed = TABLE.safeParse(value);
  const rows = parsed.success ? rowsOf(parsed.data) : [];
  const problems = parsed.success ? crossProblems({ ...parsed.data, rows }) : problemTexts(parsed.error.issues);
  if (!parsed.success || problems.length > 0) {
    throw new Error(problems.map((each) => `${file}: ${each}`).join('\n'));
  }
  return { ...parsed.data, rows };
}

function rowsOf({ rows }: Parsed): readonly Row[] {
  return ENTRIES.flatMap((entry) =>
    MODES.flatMap((mode) => (rows[`${entry} ${mode}`] ?? []).map((row) => ({ ...row, entry, mode }))),
  );
}

/** The table is whole, and says of every difference why, and of nothing else. */
function crossProblems({ rows, overlaps, differences }: Table): readonly string[] {
  const texts = rows.map(rowText);
  const all = ENTRIES.flatMap((entry) =>
    MODES.flatMap((mode) => PORTS.flatMap((port) => SPEECH.map((says) => rowText({ entry, mode, port, says })))),
  );
  const columns = [...rows.map((row) => ({ ...row, title: rowText(row) })), ...overlaps];
  const used = columns.map(({ differs }) => differs);
  return [
    ...all.filter((text) => !texts.includes(text)).map((text) => `rows: ${text}: missing`),
    ...texts.filter((text, at) => texts.indexOf(text) !== at).map((text) => `rows: ${text}: there twice`),
    ...columns
      .filter(({ istio, ours, differs }) => (istio !== ours) !== (differs !== undefined))
      .map(({ title }) => `${title}: expected differs where istio and ours differ, and only there`),
    ...columns
      .filter(({ differs }) => differs !== undefined && !(differs in differences))
      .map(({ title, differs }) => `${title}: no difference ${differs}`),
    ...Object.keys(differences)
      .filter((name) => !used.includes(name))
      .map((name) => `differences: ${name}: no row has it`),
  ];
}

export function rowText({ entry, mode, port, says }: Pick<Row, 'entry' | 'mode' | 'port' | 'says'>): string {
  return `${entry}, ${mode}, port ${port}, ${says}`;
}
