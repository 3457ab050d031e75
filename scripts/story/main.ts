/** The demo's door: runs the chapters, prints the table, exit 0 only if everything happened as expected. */
import { parseArgs } from 'node:util';
import { type Lab, makeLab } from '../../test/support/lab/lab.ts';
import { keepLab } from '../../test/support/lab/teardown.ts';
import { agentKilled, listed, nothingListed } from './chapters.ts';
import { gatewayLost, outsideServices, throughGateway } from './gateway-chapters.ts';
import { enterKept, removeKept, tellHowToEnter } from './kept.ts';
import { Enough, makeStage, type Stage } from './stage.ts';
import type { Cast } from './telling.ts';
import { bold, dim } from './terminal.ts';

const HELP = `Usage: ./scripts/demo [--step] [--keep]
       ./scripts/demo --enter pod|node|gateway|ingress|ext [COMMAND…]
       ./scripts/demo --down [NAME]

Makes a small world of network namespaces (a pod, two gateways, a node,
an outside world with DNS, HTTP and TLS servers), runs weir-init and
weir-agent in it and shows with curl what they do. Removes all of it.

  --step     wait for a key before each command
  --keep     leave the world standing at the end, and say how to go in
  --enter    a shell (or COMMAND) inside a world that was kept
  --down     remove all that was kept, or the one of this name
`;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: string[]): Promise<number> {
  const [first, place, ...command] = argv;
  if (first === '--enter') return enterKept(place ?? '', command);
  if (first === '--down' && command.length === 0) {
    removeKept(place);
    return 0;
  }
  const options = read(argv);
  if (options === undefined) {
    console.error(HELP);
    return 64;
  }
  if (options.help) console.log(HELP);
  else if (options.step && !process.stdin.isTTY) {
    console.error('demo: --step needs a terminal');
    return 64;
  } else return await play(options);
  return 0;
}

function read(argv: string[]): { keep: boolean; step: boolean; help: boolean } | undefined {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ args: argv, options: { keep: flag, step: flag, help: { ...flag, short: 'h' } } }).values;
  } catch (thrown) {
    console.error(`demo: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    return undefined;
  }
}

async function play({ keep, step }: { readonly keep: boolean; readonly step: boolean }): Promise<number> {
  const began = performance.now();
  const stage = makeStage(step);
  const progress = (next: string) => console.log(dim(`· ${next}`));
  const lab = await makeLab({ name: `weir-demo-${process.pid}`, pods: ['pod', 'gateway', 'ingress'], progress });
  try {
    await chapters({ lab, stage });
  } catch (thrown) {
    // Whatever breaks the story off is the last row of its table, so that the sum is never green by accident.
    if (thrown instanceof Enough) {
      await end(lab, keep);
      if (!keep) console.log(dim('everything is removed again'));
      return 0;
    }
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    stage.say(why);
    stage.row('the story goes on', 'to its end', why.split('\n')[0] ?? '');
  }
  const allTrue = sum(stage);
  await end(lab, keep);
  console.log(dim(`${Math.round((performance.now() - began) / 1000)} s${keep ? '' : ', everything is removed again'}`));
  return allTrue ? 0 : 1;
}

async function end(lab: Lab, keep: boolean): Promise<void> {
  if (!keep) return lab.close();
  keepLab(lab.name);
  tellHowToEnter(lab.name);
}

async function chapters(cast: Cast & { readonly lab: Lab }): Promise<void> {
  const agent = await nothingListed(cast);
  await listed(cast);
  await agentKilled(cast, agent);
  await gatewayLost(cast, await throughGateway(cast));
  await outsideServices(cast);
}

function sum(stage: Stage): boolean {
  stage.chapter('7. Sum', '');
  for (const line of stage.table()) console.log(line);
  const allTrue = stage.allTrue();
  console.log(bold(allTrue ? '\nEverything happened as expected.' : '\nNot everything happened as expected.'));
  return allTrue;
}
