/** `npm run bench`: contenders side by side in network namespaces. Needs root; method: docs/performance.md, docs/gate.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { loadsOf, metricsOf } from './cases.ts';
import type { Setting } from './contender.ts';
import { PEER_FILES, peerFile } from './contenders/peers.ts';
import { checkNames, contendersOf } from './contenders.ts';
import { type CoreInstructions, coreInstructions } from './core-instructions.ts';
import { type Counts, countAll, isCounted } from './counts.ts';
import { bytesOfEach, type Load, loadText } from './load.ts';
import { describeMachine } from './machine.ts';
import { type BenchOptions, HELP, readOptions, USAGE } from './options.ts';
import { install } from './packages.ts';
import { writeDocument } from './report/document.ts';
import { reportOf } from './report/report.ts';
import { summaryText } from './report/summary.ts';
import { type Measured, measureLoad } from './rounds.ts';
import { makeStage } from './stage.ts';
import { tableText } from './table.ts';
import { shareOfTime, type TimeLeft } from './time.ts';

/** For system calls of one load, and instructions of the core: only where each load that is left has two rounds. */
const COUNTS_MS = 15_000;
const CORE_MS = 40_000;
const ROUNDS_FIRST = 2;

try {
  const options = readOptions(process.argv.slice(2));
  checkNames(options.contenders);
  if (options.help) process.stdout.write(`${HELP}\n`);
  else if (options.showPeers) showPeers();
  else await bench(options);
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${USAGE}\n`);
  process.exitCode = 1;
}

function showPeers(): void {
  for (const name of PEER_FILES) process.stdout.write(`==> ${name}\n${readFileSync(peerFile(name), 'utf8')}\n`);
}

type Findings = { readonly measured: Measured[]; readonly counts: Counts[]; core: readonly CoreInstructions[] };

async function bench(options: BenchOptions): Promise<void> {
  const loads = loadsOf(options.cases, options.connections).filter(
    ({ setting }) => contendersOf(setting, options.contenders).length > 0,
  );
  const settings = [...new Set(loads.map(({ setting }) => setting))];
  const time = shareOfTime(options.quick, loads.length, settings.length);
  await install(settings.flatMap((setting) => contendersOf(setting, options.contenders)));
  const found: Findings = { measured: [], counts: [], core: [] };
  for (const setting of settings) {
    await inSetting(
      setting,
      loads.filter((load) => load.setting === setting),
      options,
      time,
      found,
    );
  }
  const report = reportOf(await describeMachine(), found, options);
  process.stdout.write(`${summaryText(report)}\n`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
  if (options.writeDocs) writeDocument(report);
}

async function inSetting(
  setting: Setting,
  loads: readonly Load[],
  options: BenchOptions,
  time: TimeLeft,
  found: Findings,
): Promise<void> {
  const stage = await makeStage(setting, contendersOf(setting, options.contenders), options);
  try {
    time.settingBegins();
    for (const [index, load] of loads.entries()) {
      const measured = await measureLoad(stage, load, options, time);
      found.measured.push(measured);
      process.stdout.write(`${tableText(titleOf(measured, options), measured.rows, load.kind === 'idle')}\n`);
      if (!isCounted(load, loads.slice(index + 1)) || !time.isLeftFor(COUNTS_MS, ROUNDS_FIRST)) continue;
      found.counts.push(...(await countAll(stage, load, options)));
    }
    if (found.core.length === 0 && time.isLeftFor(CORE_MS, ROUNDS_FIRST)) {
      found.core = await coreInstructions(stage.folder);
    }
  } finally {
    await stage.close();
  }
}

function titleOf({ load, rows }: Measured, options: BenchOptions): string {
  const rounds = rows[0]?.runs.length ?? 0;
  const what = metricsOf(load, options.cases).map((metric) => metric.case);
  const how =
    load.kind === 'stream'
      ? `${bytesOfEach(load.streams, options) / 2 ** 20} MiB each`
      : load.kind === 'idle'
        ? 'bytes of memory each'
        : `${options.measureMs / 1000} s each`;
  const names = [...new Set(what)].join(', ');
  return `${names}: ${loadText(load)} (${load.setting}); ${rounds} rounds, ${how}`;
}
