import { type Port, parsePort } from '../model/port.ts';
import {
  type CommonConfig,
  type Complain,
  type Parsed,
  parseCommonConfig,
  parseWorkloadName,
  type RawCommonConfig,
} from './common-config.ts';

/** The settings of `weir-agent run`, complete and frozen. */
export type AgentConfig = CommonConfig & {
  /** Namespaces enrolled from the command line. */
  readonly enrolments: readonly Enrolment[];
  readonly port: Port;
};

type Enrolment = { readonly netns: string; readonly namespace: string; readonly pod: string };

/** What the command line gave, as strings; lists are comma separated and may be repeated. */
export type RawAgentConfig = RawCommonConfig & {
  readonly scope: string;
  readonly netns: readonly string[];
  readonly workload: readonly string[];
  readonly port: string;
};

/** Every problem at once, each naming the option and what was expected. `cores` is the default number of threads. */
export function parseAgentConfig(raw: RawAgentConfig, cores: number): Parsed<AgentConfig> {
  const problems: string[] = [];
  const complain: Complain = (message) => {
    problems.push(message);
  };
  if (raw.scope === 'node' || raw.scope === 'host')
    complain(`--scope ${raw.scope}: not built yet; this version captures in scope pod`);
  else if (raw.scope !== 'pod') complain(`--scope: expected pod, node or host, not "${raw.scope}"`);
  const enrolments = pairUp(raw, complain);
  const port = parsePort(raw.port) ?? complain(`--port: expected a port from 1 to 65535, not "${raw.port}"`);
  const common = parseCommonConfig(raw, cores, complain);
  if (problems.length > 0 || !common || !port) return { ok: false, problems };
  return { ok: true, value: Object.freeze({ ...common, enrolments, port }) };
}

function pairUp(raw: RawAgentConfig, complain: Complain): readonly Enrolment[] {
  if (raw.netns.length !== raw.workload.length || raw.netns.length === 0) {
    complain(
      `scope pod needs pairs of --netns PATH --workload NS/POD: got ${raw.netns.length} --netns and ${raw.workload.length} --workload`,
    );
    return [];
  }
  const seen = new Set<string>();
  return raw.netns.flatMap((netns, at) => {
    const name = parseWorkloadName(raw.workload[at] ?? '');
    if (!name) return complain(`--workload: expected NS/POD in DNS-1123 form, not "${raw.workload[at]}"`) ?? [];
    if (seen.has(netns)) return complain(`--netns ${netns} is given twice`) ?? [];
    seen.add(netns);
    return [{ netns, ...name }];
  });
}
