import { apply } from './apply.ts';
import { chooseBackend } from './choose-backend.ts';
import { EXIT } from './contract.ts';
import { InitFailure } from './failure.ts';
import { type Inspected, inspect } from './inspect.ts';
import { exclusively } from './lock.ts';
import type { InitOptions, Parsed, PlanOptions } from './options.ts';
import { requireCapability, requireTools, toolsFor } from './preflight.ts';
import { printObject, printText } from './print.ts';
import { recordSet } from './record.ts';
import { remove } from './remove.ts';
import { notCaptured } from './rules/not-captured.ts';
import { podPlan } from './rules/pod.ts';
import type { Plan } from './rules/rule.ts';
import { backendsWithOurs, familyInPlace } from './state.ts';
import { type Status, exitOf as statusExit, statusOf } from './status.ts';
import { type Proof, exitOf as proofExit, proofText, verify } from './verify.ts';

/** What a command has to say: `lines` for people, `object` for --json. */
export type Outcome = {
  readonly exit: number;
  readonly lines: readonly string[];
  readonly object: Readonly<Record<string, unknown>>;
};

/** Reads a recorded command line with the parser that read it the first time. */
export type ParseRecorded = (argv: readonly string[]) => Promise<Parsed>;

/** Runs one command in the namespace that this process is in. Throws InitFailure or ToolFailure. */
export async function runCommand(options: InitOptions, parse: ParseRecorded): Promise<Outcome> {
  if (options.command === 'print') return print(options);
  await requireCapability('NET_ADMIN');
  await requireTools(['ipset', 'ip']);
  switch (options.command) {
    case 'apply':
      return exclusively(() => applyAndVerify(options));
    case 'remove':
      return exclusively(() => removeAll(options));
    case 'status':
      return showStatus(options, parse);
    case 'verify':
      return showVerify(options, parse);
  }
}

function print(options: InitOptions): Outcome {
  const plan = podPlan([4, 6], options.plan);
  return {
    exit: EXIT.ok,
    lines: [printText(plan, options.plan).trimEnd()],
    object: printObject(plan, options.plan),
  };
}

async function applyAndVerify(options: InitOptions): Promise<Outcome> {
  await requireTools(['conntrack']);
  const before = await inspect();
  const backend = await chooseBackend(options.backend, before.survey);
  await requireTools(toolsFor(backend, before.families));
  const plan = recordedPlan(before, options.plan);
  await apply(podPlan(before.families, options.plan), recordSet(options.plan), before, backend);
  const after = await inspect();
  const status = statusOf(plan, after);
  const proofs = await prove(plan, options.plan, after, status);
  const exit = status.inPlace === 'all' ? proofExit(proofs) : EXIT.verifyFailed;
  const lines = [`applied: ${plan.families.map((f) => `v${f}`).join(', ')}, backend ${backend}`, ...status.wrong];
  return report(exit, [...lines, ...proofs.map(proofText)], { status, proofs }, options.plan);
}

async function removeAll(options: InitOptions): Promise<Outcome> {
  const before = await inspect();
  const ours = backendsWithOurs(before.survey).filter((each) => options.backend === 'auto' || options.backend === each);
  if (ours.length === 0 && before.sets.size === 0)
    return { exit: EXIT.ok, lines: ['nothing to remove'], object: { removed: [] } };
  await requireTools(['conntrack', ...ours.flatMap((backend) => toolsFor(backend, before.families))]);
  await remove(before, ours);
  return { exit: EXIT.ok, lines: [`removed: ${ours.join(', ') || 'sets'}`], object: { removed: ours } };
}

async function showStatus(options: InitOptions, parse: ParseRecorded): Promise<Outcome> {
  const found = await inspect();
  const wanted = await wantedOptions(options, found, parse);
  const status = statusOf(recordedPlan(found, wanted), found);
  const first = { all: 'all rules are in place', none: 'no rules are in place', part: 'rules are partly in place' };
  const backend = status.backend === undefined ? '' : ` (backend ${status.backend})`;
  const lines = [`${first[status.inPlace]}${backend}`, ...status.wrong];
  if (status.inPlace !== 'none') return report(statusExit(status), lines, { status }, wanted);
  return {
    exit: statusExit(status),
    lines: [...lines, 'NOT captured: everything'],
    object: { status, notCaptured: 'everything' },
  };
}

async function showVerify(options: InitOptions, parse: ParseRecorded): Promise<Outcome> {
  const found = await inspect();
  const wanted = await wantedOptions(options, found, parse);
  const plan = recordedPlan(found, wanted);
  const status = statusOf(plan, found);
  if (status.inPlace === 'none') {
    return { exit: EXIT.verifyFailed, lines: ['no rules are in place'], object: { status, proofs: [] } };
  }
  const proofs = await prove(plan, wanted, found, status);
  const exit = status.inPlace === 'all' ? proofExit(proofs) : EXIT.verifyFailed;
  return report(exit, [...status.wrong, ...proofs.map(proofText)], { status, proofs }, wanted);
}

function prove(plan: Plan, options: PlanOptions, found: Inspected, status: Status): Promise<readonly Proof[]> {
  const { backend } = status;
  return verify(
    plan.families,
    options.port,
    (family) => backend !== undefined && familyInPlace(plan, found, backend, family),
  );
}

/** The rules of these options, and the set that records them. */
function recordedPlan(found: Inspected, options: PlanOptions): Plan {
  const plan = podPlan(found.families, options);
  return { ...plan, sets: [recordSet(options), ...plan.sets] };
}

/** Options on the command line win; else those of the last apply; else the defaults. */
async function wantedOptions(options: InitOptions, found: Inspected, parse: ParseRecorded): Promise<PlanOptions> {
  if (options.planGiven || found.recorded === undefined) return options.plan;
  const parsed = await parse(['status', ...found.recorded]);
  if (parsed.kind === 'options') return parsed.options.plan;
  throw new InitFailure(EXIT.software, 'the set with the options of the last apply is unreadable: give the options');
}

function report(
  exit: number,
  lines: readonly string[],
  object: Record<string, unknown>,
  options: PlanOptions,
): Outcome {
  const missed = notCaptured(options);
  return { exit, lines: [...lines, `NOT captured: ${missed}`], object: { ...object, notCaptured: missed } };
}
