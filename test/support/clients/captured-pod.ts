import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import type { AccessLine, Agent } from '../lab/agent.ts';
import type { Lab } from '../lab/lab.ts';
import { outcomeText } from '../lab/run.ts';
import { waitFor } from '../lab/wait.ts';
import { ownPorts } from './own-ports.ts';
import type { Script, Told } from './talk.ts';

const TALK = fileURLToPath(new URL('./talk.ts', import.meta.url));

/** What the client was told, and the access lines of that very connection, the first one or that many. */
export type Talked = Told & {
  readonly line: () => Promise<AccessLine>;
  readonly lines: (count: number) => Promise<readonly AccessLine[]>;
};

export type Talk = Omit<Script, 'limitMs' | 'localPort'> & { readonly limitMs?: number };

/** A scripted raw client (talk.ts) in the first pod; 8 s for the whole unless the script says otherwise. */
export async function talk(lab: Lab, script: Talk): Promise<Talked> {
  const [told] = await talkAll(lab, [script]);
  assert.ok(told);
  return told;
}

/** Several at once, in the first pod or the one named, told in the order given. */
export async function talkAll(
  lab: Lab,
  scripts: readonly Talk[],
  pod: string = lab.pod().name,
): Promise<readonly Talked[]> {
  const before = lab.accessLines().length;
  const full = scripts.map((script): Script => ({ limitMs: 8_000, ...script, localPort: ownPorts(1) }));
  const limitMs = Math.max(...full.map((each) => each.limitMs)) + 10_000;
  const options = { input: JSON.stringify(full), limitMs };
  const outcome = await lab.exec(pod, [process.execPath, TALK, 'run'], options);
  assert.equal(outcome.code, 0, outcomeText(outcome));
  const all = JSON.parse(outcome.stdout) as Told[]; // printed by talk.ts alone
  return all.map((told) => {
    const mine = () => linesOf(lab, told.local, before);
    return {
      ...told,
      line: () => waitFor(`the line of ${told.local}`, () => mine()[0]),
      lines: (count) =>
        waitFor(`${count} lines of ${told.local}`, () => mine().length >= count && mine(), {
          told: () => [JSON.stringify(told), ...mine().map((line) => JSON.stringify(line))].join('\n'),
        }),
    };
  });
}

/** Only among the lines since `before`: a port may have served an earlier connection too. */
function linesOf(lab: Lab, remote: string, before: number): readonly AccessLine[] {
  return lab
    .accessLines()
    .slice(before)
    .filter((line) => line['downstream_remote_address'] === remote);
}

/** Waits until the agent says that no flow lives any more: none is forgotten, whatever its sides did. */
export async function noFlowLeft(lab: Lab): Promise<void> {
  let metrics = '';
  const asked = async () => {
    metrics = (await lab.exec('node', ['curl', '-sS', 'http://127.0.0.1:15020/metrics'])).stdout;
    return /^weir_flows_open 0$/m.test(metrics);
  };
  await waitFor('no flow is left', asked, { told: () => metrics.match(/^weir_flows_open.*/m)?.[0] ?? metrics });
}

/** As `telling`, with origins that have forgotten what they saw before. */
export function tellingAnew(world: () => { readonly lab: Lab; readonly agent: Agent }, body: () => Promise<void>) {
  return telling(world, async () => {
    world().lab.forget();
    await body();
  });
}

/** Runs `body`; if it fails, what the agent said and reported is told with the failure. */
export function telling(world: () => { readonly lab: Lab; readonly agent: Agent }, body: () => Promise<void>) {
  return async (): Promise<void> => {
    try {
      await body();
    } catch (thrown) {
      const { lab, agent } = world();
      const lines = lab
        .accessLines()
        .slice(-5)
        .map((line) => JSON.stringify(line));
      const said = [...lines, ...agent.stderr().split('\n').slice(-8)].join('\n');
      throw new Error(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${said}`, { cause: thrown });
    }
  };
}
