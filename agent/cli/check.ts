import { problemText, type ResourceRef, refText } from '../model/resource.ts';
import type { ResourceSet } from '../registry/model.ts';
import { readFolder } from '../sources/files.ts';

export type CheckOptions = {
  /** Folder of resources. */
  readonly config: string;
  /** Warnings count as a failure. */
  readonly strict: boolean;
  readonly json: boolean;
};

/**
 * `weir-agent check`: every problem of a folder, and what would be in force. `code`: 0 clean, 1 warnings with `strict`,
 * 2 errors. `output` ends in a newline. Needs neither root nor the addon.
 */
export async function runCheck({ config, strict, json }: CheckOptions): Promise<{ code: 0 | 1 | 2; output: string }> {
  const { set, problems } = await readFolder(config);
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  const warnings = problems.length - errors;
  const code = errors > 0 ? 2 : strict && warnings > 0 ? 1 : 0;
  const inForce = inForceOf(set);
  const output = json
    ? JSON.stringify({ ok: code === 0, errors, warnings, inForce, problems }, undefined, 2)
    : [...problems.map(problemText), summary(inForce, errors, warnings)].join('\n');
  return { code, output: `${output}\n` };
}

type InForce = {
  readonly mode: string;
  /** What set the mode; null: nothing, so it is the default. */
  readonly modeFrom: string | null;
  /** Resources that admit something, by kind. */
  readonly grants: Readonly<Record<string, number>>;
  readonly hosts: number;
  /** What says where it goes, by kind, and how it gets there; absent where there is none. */
  readonly routes?: Readonly<Record<string, number>>;
  readonly gateways?: number;
  readonly services?: number;
  readonly destinationPolicies?: number;
  readonly workloads: number;
};

function inForceOf(set: ResourceSet): InForce {
  const { grants, routeTables, gateways, services, destinationPolicies } = set;
  return {
    mode: set.mode?.value ?? 'REGISTRY_ONLY',
    modeFrom: set.mode ? refText(set.mode.ref) : null,
    grants: byKind(grants),
    hosts: grants.reduce((sum, grant) => sum + grant.hosts.length, 0),
    ...(routeTables.length > 0 && { routes: byKind(routeTables) }),
    ...(gateways.length > 0 && { gateways: gateways.length }),
    ...(services.length > 0 && { services: services.length }),
    ...(destinationPolicies.length > 0 && { destinationPolicies: destinationPolicies.length }),
    workloads: set.workloads.length,
  };
}

function byKind(resources: readonly { readonly ref: ResourceRef }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { ref } of resources) counts[ref.kind] = (counts[ref.kind] ?? 0) + 1;
  return counts;
}

/** `config/a.yaml:7:15: error: spec.ports[0].number: expected …`, the form that editors jump to. */
function summary(inForce: InForce, errors: number, warnings: number): string {
  const kinds = Object.entries(inForce.grants).map(([kind, count]) => counted(count, kind));
  const mode = `mode ${inForce.mode} (${inForce.modeFrom ?? 'the default: no resource sets it'})`;
  const found = `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`;
  const admits = kinds.length === 0 ? 'nothing is listed' : `${kinds.join(', ')} for ${counted(inForce.hosts, 'host')}`;
  const leads = waysOf(inForce);
  const parts = [
    admits,
    ...(leads.length === 0 ? [] : [leads.join(', ')]),
    mode,
    counted(inForce.workloads, 'workload'),
  ];
  return `${found}. In force: ${parts.join('; ')}.`;
}

function waysOf({ routes = {}, gateways = 0, services = 0, destinationPolicies = 0 }: InForce): readonly string[] {
  const others: readonly [number, string][] = [
    [gateways, 'Gateway'],
    [services, 'Service'],
    [destinationPolicies, 'DestinationRule'],
  ];
  return [
    ...Object.entries(routes).map(([kind, count]) => counted(count, kind)),
    ...others.filter(([count]) => count > 0).map(([count, kind]) => counted(count, kind)),
  ];
}

function counted(count: number, noun: string): string {
  if (count === 1) return `1 ${noun}`;
  return `${count} ${/[^aeiou]y$/.test(noun) ? `${noun.slice(0, -1)}ies` : `${noun}s`}`;
}
