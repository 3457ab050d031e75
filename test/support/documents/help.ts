import { must } from '../lab/run.ts';
import { ROOT } from './pages.ts';

type Program = 'weir-init' | 'weir-agent';

/** What `--help` says: of the program, or of one of its commands. */
async function helpText(program: Program, ...command: readonly string[]): Promise<string> {
  return (await must([`${ROOT}scripts/${program}`, ...command, '--help'])).stdout;
}

/** The commands of weir-agent, as its help lists them; those of weir-init share one help. */
async function agentCommands(): Promise<readonly string[]> {
  const section = /^Commands:\n((?: .*\n)+)/m.exec(await helpText('weir-agent'))?.[1] ?? '';
  return [...section.matchAll(/^ {2}weir-agent (\w+) /gm)].map(([, command = '']) => command);
}

/** All help texts: of each command of weir-agent, and of weir-init. */
export async function everyHelp(): Promise<ReadonlyMap<string, string>> {
  const commands = await agentCommands();
  const texts = commands.map(
    async (command) => [`weir-agent ${command}`, await helpText('weir-agent', command)] as const,
  );
  return new Map([...(await Promise.all(texts)), ['weir-init', await helpText('weir-init')]]);
}

/** The commands below "Examples:", each in one line, as a shell takes them. Throws for one that the width has broken. */
export function examplesOf(help: string): readonly string[] {
  const section = /^Examples:\n((?: .*\n)+)/m.exec(help)?.[1] ?? '';
  const lines = section
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('# '));
  const commands = lines.join('\n').replaceAll(' \\\n', ' ').split('\n');
  const broken = commands.find((command) => command !== '' && !/^weir-(init|agent) /.test(command));
  if (broken !== undefined) throw new Error(`this line of the examples is no command: ${broken}`);
  return commands.filter((command) => command !== '');
}

/** Names of options without dashes, and `no-` of those that are on or off. */
export function optionsOf(help: string): ReadonlySet<string> {
  const section = /^Options:\n((?: .*\n)+)/m.exec(help)?.[1] ?? '';
  const names = new Set<string>();
  let name = '';
  for (const line of section.split('\n')) {
    name = /^ +(?:-\w, )?--([a-z][a-z0-9-]*)/.exec(line)?.[1] ?? name;
    names.add(name);
    if (line.includes('[boolean]')) names.add(`no-${name}`);
  }
  return names;
}
