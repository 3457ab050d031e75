import type { Agent } from '../lab/agent.ts';
import type { Differences } from './expected.ts';
import { judgeClient, judgeLine, newLine } from './judge.ts';
import type { LabWorld, LogName } from './lab-world.ts';
import { perform } from './perform.ts';
import type { Caller } from './places.ts';
import type { Action, AtHop } from './schema.ts';
import type { Step } from './steps.ts';

/** An action as it went in the lab. */
export type Conducted = {
  readonly differences: Differences;
  readonly lines: readonly Told[];
  /** For a person. */
  readonly told: string;
};

/** A line of a hop, as it stands in its log, with what was expected of it. */
export type Told = { readonly log: LogName; readonly text: string; readonly expected: AtHop };

export async function conduct(lab: LabWorld, step: Step, action: Action, caller: Caller): Promise<Conducted> {
  const { facts, expect } = action;
  const world = await lab.enter(step);
  const since = lab.counts();
  const performed = await perform(world, action, caller);
  const gateway = facts.hop === 'mesh' ? step.behind : facts.hop;
  const wanted = new Map<LogName, AtHop>([
    ...(expect.mesh === 'none' ? [] : [['mesh', expect.mesh] as const]),
    ...(expect.gateway === 'none' ? [] : [[gateway, expect.gateway] as const]),
  ]);
  const lines: Told[] = [];
  const differences: string[] = [
    ...judgeClient(performed, expect, caller),
    ...step.problems.flatMap((pattern) => untold(pattern, world.agent())),
  ];
  for (const [log, before] of since) {
    const expected = wanted.get(log);
    if (!expected) {
      const others = lab.lines(log, before);
      if (others.length > 0) differences.push(`${log}: expected no line, came ${others.join('\n')}`);
      continue;
    }
    const text = await newLine(lab, log, before, performed.client).catch((thrown: Error) => thrown);
    if (text instanceof Error) differences.push(text.message);
    else {
      lines.push({ log, text, expected });
      const judgement = await judgeLine(lab.path(log), text, expected, caller);
      differences.push(...judgement.map((each) => `${log}: ${each}`));
    }
  }
  const said = [world.agent(), world.gateway(gateway)].map(lastWords);
  return { differences, lines, told: [performed.told, ...lines.map(({ text }) => text), ...said].join('\n') };
}

/** The agent tells each error of its resources. */
function untold(pattern: string, { stderr }: Agent): Differences {
  const messages = stderr()
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => String((JSON.parse(line) as { readonly msg?: unknown }).msg)); // pino wrote it
  return messages.some((message) => new RegExp(pattern).test(message)) ? [] : [`the agent told no error /${pattern}/`];
}

function lastWords({ stderr }: Agent): string {
  return stderr().trimEnd().split('\n').slice(-4).join('\n');
}
