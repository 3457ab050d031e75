import { must } from '../lab/run.ts';
import { literally } from '../literally.ts';
import { type Block, blocksOf } from './markdown.ts';

/** A block of shell, and the block of answers just below it; undefined: the page tells none. */
type Step = { readonly typed: string; readonly told: string | undefined; readonly line: number };

export type Answered = Step & { readonly answer: string };

/** The steps below these headings, in the order of the page. */
export function stepsOf(page: string, headings: readonly string[]): readonly Step[] {
  const blocks = blocksOf(page).filter(({ heading }) => headings.includes(heading));
  return blocks.flatMap((block, at) => {
    if (block.language !== 'sh') return [];
    const below: Block | undefined = blocks[at + 1];
    return [{ typed: block.text, told: below?.language === '' ? below.text : undefined, line: block.line }];
  });
}

/**
 * Types all steps into one shell, as root in `cwd`, on a machine of its own: another network, and its own places for the
 * names of namespaces. Each step with what it answered.
 */
export async function typeAll(
  steps: readonly Step[],
  { cwd, home }: { readonly cwd: string; readonly home: string },
): Promise<readonly Answered[]> {
  const own = 'mkdir -p /run/netns /etc/netns; mount -t tmpfs none /run/netns; mount -t tmpfs none /etc/netns';
  const script = ['exec 2>&1', ...steps.flatMap(({ typed }) => [typed, `echo; echo '${MARK}'`])].join('\n');
  const shell = `${own}; ip link set lo up; exec bash -c "$0"`;
  const machine = ['unshare', '--net', '--mount', '--propagation', 'private', 'sh', '-ec', shell, script];
  const { stdout } = await must(machine, { cwd, env: { HOME: home }, limitMs: 120_000 });
  const answers = stdout.split(`${MARK}\n`);
  return steps.map((step, at) => ({ ...step, answer: answers[at] ?? '' }));
}

const MARK = '-- the next step --';

/** The first line that the page tells and the answer has not, in this order; `…` stands for anything. */
export function missingFrom({ told = '', answer }: Answered): string | undefined {
  const lines = answer.split('\n').map((line) => line.trimEnd());
  let from = 0;
  for (const wanted of told.split('\n')) {
    const parts = wanted.split('…').map(literally);
    const pattern = new RegExp(`^${parts.join('.*')}$`);
    const at = lines.findIndex((line, index) => index >= from && pattern.test(line));
    if (at === -1) return wanted;
    from = at + 1;
  }
  return undefined;
}
