import { readFile } from 'node:fs/promises';
import { EXIT } from './contract.ts';
import { InitFailure } from './failure.ts';
import { LOCK_WAIT_SECONDS } from './lock.ts';
import { ToolFailure } from './netfilter/failure.ts';
import { type Backend, type Family, testRestore, toolName } from './netfilter/iptables.ts';
import { findTool } from './netfilter/run.ts';
import { humanText, restoreText } from './render.ts';
import type { Plan } from './rules/rule.ts';
import { PLACES } from './state.ts';

// capability.h
const CAPABILITIES = { NET_ADMIN: 12, SYS_ADMIN: 21 } as const;

/** Every missing tool and privilege, before anything is touched: exit 69. */
export async function requireTools(tools: readonly string[]): Promise<void> {
  const missing = tools.filter((tool) => findTool(tool) === undefined);
  if (missing.length > 0) {
    unavailable(
      `not installed: ${missing.join(', ')} (Debian: apt install iptables ipset conntrack iproute2 util-linux)`,
    );
  }
}

/** `NET_ADMIN` to look at or change rules, `SYS_ADMIN` to enter another namespace. */
export async function requireCapability(name: keyof typeof CAPABILITIES): Promise<void> {
  const status = await readFile('/proc/self/status', 'utf8');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  if ((effective >> BigInt(CAPABILITIES[name])) & 1n) return;
  unavailable(`this needs root (capability ${name}): use sudo, or give the container that capability`);
}

export function toolsFor(backend: Backend, families: readonly Family[]): readonly string[] {
  return families.flatMap((family) => [
    toolName({ family, backend }, 'restore'),
    toolName({ family, backend }, 'save'),
  ]);
}

/** The sets must exist: a rule that names an absent set cannot be tested. */
export async function testPlan(plan: Plan, backend: Backend): Promise<void> {
  for (const place of PLACES.filter(({ family }) => plan.families.includes(family))) {
    const variant = { family: place.family, backend };
    try {
      await testRestore(variant, restoreText(plan, place, [], false), LOCK_WAIT_SECONDS);
    } catch (thrown) {
      if (!(thrown instanceof ToolFailure) || thrown.reason !== 'refused') throw thrown;
      unavailable(`missing in kernel or iptables: ${await culprit(plan, backend, place)}: ${thrown.stderr}`);
    }
  }
}

/** The first rule that is refused when it is tested alone. */
async function culprit(plan: Plan, backend: Backend, { family, table }: (typeof PLACES)[number]): Promise<string> {
  for (const rule of plan.rules.filter((each) => each.family === family && each.table === table)) {
    const alone = restoreText({ ...plan, rules: [rule] }, { family, table }, [], false);
    try {
      await testRestore({ family, backend }, alone, LOCK_WAIT_SECONDS);
    } catch {
      return `${humanText(rule)} (${[...rule.match, `-j ${rule.target}`].join(' ')})`;
    }
  }
  return `v${family} table ${table}`;
}

function unavailable(message: string): never {
  throw new InitFailure(EXIT.unavailable, message);
}
