import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runCommand } from './commands.ts';
import { EXIT } from './contract.ts';
import { asInitFailure, InitFailure } from './failure.ts';
import { execInside, isInside, refusedEntry } from './netfilter/namespace.ts';
import { type InitOptions, parseOptions, type Surroundings } from './options.ts';
import { requireCapability, requireTools } from './preflight.ts';
import { nameserversOf } from './resolv-conf.ts';

process.exitCode = await main(process.argv.slice(2)).catch((thrown: unknown) => {
  const failure = asInitFailure(thrown);
  process.stderr.write(`weir-init: ${failure.message}\n`);
  return failure.exit;
});

async function main(argv: readonly string[]): Promise<number> {
  const outside: Surroundings = { nameservers: nameserversOf, version: packageVersion() };
  const parsed = await parseOptions(argv, outside);
  switch (parsed.kind) {
    case 'print':
      process.stdout.write(`${parsed.text}\n`);
      return EXIT.ok;
    case 'problems':
      process.stderr.write(parsed.problems.map((problem) => `weir-init: ${problem}\n`).join(''));
      return EXIT.usage;
    case 'options':
      break;
  }
  await enter(parsed.options, argv);
  // What an apply recorded is the whole of its options: the environment of today must not mix in.
  const outcome = await runCommand(parsed.options, (recorded) => parseOptions(recorded, { ...outside, env: {} }));
  const text = parsed.options.json ? JSON.stringify(outcome.object) : outcome.lines.join('\n');
  process.stdout.write(`${text}\n`);
  return outcome.exit;
}

function packageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version; // our own file; npm demands the field
}

/**
 * With --netns the whole program is run again inside, so that every tool and socket is there. `print` touches nothing
 * and stays outside, as it needs no privilege.
 */
async function enter(options: InitOptions, argv: readonly string[]): Promise<void> {
  if (options.netns === undefined || options.command === 'print') return;
  const inside = await isInside(options.netns).catch((thrown: unknown) => {
    throw new InitFailure(EXIT.usage, `--netns ${options.netns}: no such network namespace`, thrown);
  });
  if (inside) return;
  await requireCapability('SYS_ADMIN');
  await requireTools(['nsenter']);
  const refused = await refusedEntry(options.netns);
  if (refused !== undefined)
    throw new InitFailure(EXIT.usage, `--netns ${options.netns}: not a network namespace (${refused})`);
  const script = fileURLToPath(import.meta.url);
  execInside(options.netns, [process.execPath, ...process.execArgv, script, ...argv]);
}
