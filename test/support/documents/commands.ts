import type { Block } from './markdown.ts';

/** A command of ours in a block of shell: `weir-agent run`, `weir-init`, `demo`; and the options that it is given. */
export type Typed = { readonly program: string; readonly options: readonly string[]; readonly line: string };

export function commandsOf({ text }: Pick<Block, 'text'>): readonly Typed[] {
  const lines = text.replaceAll(/\s*\\\n\s*/g, ' ').split('\n');
  return lines.flatMap((line) => withoutComment(line).split(/[|;&]+/)).flatMap((part) => typed(part.trim()));
}

function typed(line: string): readonly Typed[] {
  const [, program, rest = ''] = /(?:^|[ /])(weir-init|weir-agent|demo|setup|test)(?= |$)(.*)$/.exec(line) ?? [];
  if (program === undefined || !/^(\S*\/)?(weir-|scripts\/)|^ip netns exec /.test(line)) return [];
  const options = [...rest.matchAll(/(?<=^| )--([a-z][a-z0-9-]*)/g)].map(([, name = '']) => name);
  const command = program === 'weir-agent' ? /^ +([a-z]+)/.exec(rest)?.[1] : undefined;
  return [{ program: command === undefined ? program : `${program} ${command}`, options, line }];
}

function withoutComment(line: string): string {
  return line.replace(/(^|\s)#.*$/, '');
}
