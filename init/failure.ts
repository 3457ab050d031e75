import { EXIT } from './contract.ts';
import { ToolFailure, type ToolReason } from './netfilter/failure.ts';

/** An ending that the operator must know about, with the exit code that tells a caller which kind it is. */
export class InitFailure extends Error {
  readonly exit: number;

  constructor(exit: number, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'InitFailure';
    this.exit = exit;
  }
}

/** The one mapping from whatever was thrown to an exit code and a sentence. */
export function asInitFailure(thrown: unknown): InitFailure {
  if (thrown instanceof InitFailure) return thrown;
  if (thrown instanceof ToolFailure) return new InitFailure(EXIT_OF[thrown.reason], sentence(thrown), thrown);
  return new InitFailure(
    EXIT.software,
    thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
    thrown,
  );
}

const EXIT_OF: Readonly<Record<ToolReason, number>> = {
  missing: EXIT.unavailable,
  denied: EXIT.unavailable,
  locked: EXIT.tempfail,
  refused: EXIT.software,
};

function sentence({ tool, reason, stderr }: ToolFailure): string {
  switch (reason) {
    case 'missing':
      return `${tool} is not installed (Debian: apt install iptables ipset conntrack iproute2 util-linux)`;
    case 'denied':
      return `${tool} is not permitted here: run as root, or with NET_ADMIN (and NET_RAW for legacy): ${stderr}`;
    case 'locked':
      return `another program holds the xtables lock: ${stderr}`;
    case 'refused':
      return `${tool} refused: ${stderr}`;
  }
}
