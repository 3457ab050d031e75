import type { Mode } from '../../registry/model.ts';
import { isMapping, lowerCamel } from '../check-fields.ts';
import {
  errorAt,
  type Finding,
  type KubeObject,
  type ParseText,
  type Path,
  type Translation,
  translation,
  warningAt,
} from '../dialect.ts';
import { complaint } from '../expect.ts';
import { nearest, suggestion } from '../spelling.ts';

/**
 * The mesh config: YAML text under `data.mesh` of ConfigMap `istio` in namespace `istio-system`. Only
 * `outboundTrafficPolicy.mode` is read; without it nothing is configured (which is REGISTRY_ONLY, unlike Istio's own
 * default). Any other ConfigMap is somebody else's.
 */
export function translateConfigMap(object: KubeObject, parseText: ParseText): Translation {
  const { ref, body } = object;
  if (ref.name !== 'istio') return NOTHING;
  if (ref.namespace !== 'istio-system') {
    const message = `ConfigMap "istio" is the mesh config only in namespace "istio-system", not in "${ref.namespace}": not read`;
    return { ...NOTHING, findings: [warningAt(['metadata', 'namespace'], message)] };
  }
  const data = body['data'] ?? {};
  if (!isMapping(data)) return refused(errorAt(['data'], complaint('the data of a ConfigMap (a mapping)', data)));
  const mesh = data['mesh'];
  if (mesh === undefined) {
    return {
      ...NOTHING,
      findings: [warningAt(['data', 'mesh'], 'missing: no mesh config is set; expected YAML text')],
    };
  }
  if (typeof mesh !== 'string')
    return refused(errorAt(['data', 'mesh'], complaint('the mesh config as YAML text', mesh)));
  const parsed = parseText(mesh);
  if (!parsed.ok) return refused(errorAt(['data', 'mesh'], `not YAML: ${parsed.message}`));
  return meshConfig(parsed.value, ref);
}

const NOTHING: Translation = { contribution: { kind: 'nothing' }, findings: [] };

function refused(...findings: Finding[]): Translation {
  return { contribution: undefined, findings };
}

function meshConfig(config: unknown, ref: KubeObject['ref']): Translation {
  if (config === undefined || config === null) return NOTHING;
  if (!isMapping(config)) return refused(within('error', [], complaint('the mesh config (a mapping)', config)));
  const findings: Finding[] = [];
  const policy = pick(config, POLICY, [], findings);
  if (policy === undefined) return translation(findings, () => ({ kind: 'nothing' }));
  if (!isMapping(policy)) {
    return refused(...findings, within('error', [POLICY], complaint('the policy (a mapping with "mode")', policy)));
  }
  for (const key of Object.keys(policy)) {
    if (key !== 'mode')
      findings.push(
        within('warning', [POLICY, key], `unknown field: it has no effect${suggestion(key, ['mode'])}`, 'key'),
      );
  }
  const written = policy['mode'];
  if (written === undefined) return translation(findings, () => ({ kind: 'nothing' }));
  const value = MODES.find((mode) => mode === written);
  if (value === undefined) {
    const hint = typeof written === 'string' ? suggestion(written, MODES) : '';
    return refused(...findings, within('error', [POLICY, 'mode'], `${complaint(MODES.join(' or '), written)}${hint}`));
  }
  return translation(findings, () => ({ kind: 'mode', mode: { value, ref } }));
}

const POLICY = 'outboundTrafficPolicy';
const MODES: readonly Mode[] = ['REGISTRY_ONLY', 'ALLOW_ANY'];

/** MeshConfig has a hundred other fields, so only a name that looks like the one we read is worth a word. */
function pick(config: Readonly<Record<string, unknown>>, name: string, path: Path, findings: Finding[]): unknown {
  for (const key of Object.keys(config)) {
    if (key === name) continue;
    if (lowerCamel(key) === name) findings.push(within('warning', [...path, key], `read as "${name}"`, 'key'));
    else if (nearest(key, [name]))
      findings.push(
        within('warning', [...path, key], `unknown field: it has no effect; did you mean "${name}"?`, 'key'),
      );
  }
  return config[name] ?? Object.entries(config).find(([key]) => lowerCamel(key) === name)?.[1];
}

function within(severity: Finding['severity'], path: Path, message: string, at: Finding['at'] = 'value'): Finding {
  return { severity, path: ['data', 'mesh'], within: path, at, message };
}
