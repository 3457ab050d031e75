/** Istio's simulation tables, rebuilt as data: what Istio does with a call, what Weir does, and why where they differ. */
import { deepEqual } from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { parse } from 'yaml';
import { parseIp } from '../../agent/model/address.ts';
import { parseHostname } from '../../agent/model/hostname.ts';
import { parsePort } from '../../agent/model/port.ts';
import { compile } from '../../agent/registry/compile.ts';
import { decide } from '../../agent/registry/decide.ts';
import { evidenceOf, loaded } from '../support/conformance/ask.ts';
import { type Differences, differs } from '../support/conformance/expected.ts';
import { FOLDER } from '../support/conformance/read-section.ts';
import { type Overlap, parseTable, type Row, rowText, type Table } from '../support/conformance/table.ts';
import { meshMode } from '../support/lab/captured.ts';

const tables = readdirSync(FOLDER)
  .filter((file) => /^istio-.*\.yaml$/.test(file))
  .map((file) => parseTable(file, parse(readFileSync(FOLDER + file, 'utf8'), { merge: true, maxAliasCount: -1 })));

for (const table of tables) {
  describe(`${table.table}: ${table.title}`, () => {
    for (const row of table.rows) {
      for (const family of [0, 1] as const) {
        test(`${rowText(row)}, IPv${family === 0 ? 4 : 6}: ${row.istio} there, ${row.ours} here`, () => {
          const outcome = row.ours === 'listed' ? `outbound|${numberOf(row)}||listed.example` : row.ours;
          const wanted = { outcome, reason: row.reason };
          held(table, row, differs('the decision', wanted, outcomeOf(callOf(table, row, family))));
        });
      }
    }
    for (const overlap of table.overlaps) {
      test(`${overlap.title}: ${overlap.istio} there, ${overlap.ours} here`, () => {
        held(table, overlap, differs('the decision', overlap.ours, outcomeOf(overlapCall(overlap)).outcome));
      });
    }
  });
}
after(() => {
  const rows = tables.flatMap((table) => [...table.rows, ...table.overlaps]);
  const other = rows.filter(({ differs }) => differs !== undefined).length;
  console.log(`istio tables: ${rows.length} rows, ${other} differ on purpose`);
});

type Call = {
  readonly files: Readonly<Record<string, string>>;
  readonly ip: string;
  readonly port: number;
  readonly shows: Parameters<typeof evidenceOf>[0];
  readonly answers: Readonly<Record<string, readonly string[]>>;
};

function callOf(table: Table, row: Row, family: 0 | 1): Call {
  const { entry, mode, says } = row;
  const documents = table.entries[entry].map((each) => `${JSON.stringify(each)}\n`).join('---\n');
  const shows = { HTTP: { host: table.name }, TLS: { sni: table.name }, TCP: {} }[says];
  const files = { 'entry.yaml': documents, 'mesh.yaml': meshMode(mode) };
  return { files, ip: table.dials[entry][family], port: numberOf(row), shows, answers: table.answers };
}

function numberOf({ port }: Row): number {
  return Number.parseInt(port, 10);
}

function overlapCall({ entries, protocol, dials, sni }: Overlap): Call {
  const documents = Object.entries(entries).map(([name, addresses]) =>
    JSON.stringify({
      apiVersion: 'networking.istio.io/v1',
      kind: 'ServiceEntry',
      metadata: { name },
      spec: {
        hosts: [`${name}.example`],
        addresses,
        ports: [{ number: PORT, name: 'port', protocol }],
        resolution: 'NONE',
      },
    }),
  );
  const files = { 'entries.yaml': documents.join('\n---\n'), 'mesh.yaml': meshMode('ALLOW_ANY') };
  // Neither name resolves to what is dialled.
  const answers = { 'first.example': [], 'second.example': [] };
  return { files, ip: dials, port: PORT, shows: sni === undefined ? {} : { sni }, answers };
}

const PORT = 9999;

/** In the words of the tables. */
function outcomeOf({ files, ip, port: number, shows, answers }: Call): {
  readonly outcome: string;
  readonly reason: string;
} {
  const { set, errors } = loaded(files);
  deepEqual(errors, []);
  const port = parsePort(String(number));
  if (!port) throw new Error(`no port: ${number}`);
  const evidence = evidenceOf(shows);
  const byName = new Map(Object.entries(answers).map(([name, ips]) => [host(name), ips.map(address)]));
  const decision = decide(
    compile(set, 1),
    { kind: 'mesh' },
    {
      source: { kind: 'workload', workload: SLEEP },
      destination: { ip: address(ip), port },
      evidence,
      answers: { kind: 'resolved', byName },
    },
  );
  switch (decision.kind) {
    case 'allow':
      return { outcome: decision.route.cluster, reason: decision.reason };
    case 'deny': {
      const told = evidence.kind === 'http' && decision.httpStatus !== undefined;
      return { outcome: told ? String(decision.httpStatus) : 'BlackHoleCluster', reason: decision.reason };
    }
    case 'need':
      throw new Error(`asks for ${decision.attributes.join(', ')}`);
  }
}

const SLEEP = { namespace: 'default', name: 'sleep', serviceAccount: undefined, labels: undefined, ips: [] };

function address(text: string) {
  return parseIp(text) ?? unreadable(text);
}

function host(text: string) {
  return parseHostname(text) ?? unreadable(text);
}

function unreadable(text: string): never {
  throw new Error(`cannot be read: ${text}`);
}

/** A failure tells why it is not as in Istio, if it is not. */
function held({ differences }: Table, { differs: why }: Pick<Row, 'differs'>, came: Differences): void {
  if (came.length > 0) throw new Error([...came, ...(why === undefined ? [] : [differences[why]])].join('\n'));
}
