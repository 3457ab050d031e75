/**
 * Why a tool could not do its work. `missing`: not in PATH or not executable. `locked`: another program holds the xtables
 * lock (exit status 4). `denied`: the kernel wants a capability that this process lacks. `refused`: everything else.
 */
export type ToolReason = 'missing' | 'locked' | 'denied' | 'refused';

/** The one error type of this folder. `stderr` is what the tool said, trimmed. */
export class ToolFailure extends Error {
  readonly tool: string;
  readonly reason: ToolReason;
  readonly stderr: string;

  constructor(tool: string, reason: ToolReason, stderr: string) {
    super(`${tool}: ${reason}${stderr === '' ? '' : `: ${stderr}`}`);
    this.name = 'ToolFailure';
    this.tool = tool;
    this.reason = reason;
    this.stderr = stderr;
  }
}
