import { deepEqual } from 'node:assert/strict';
import { test } from 'node:test';
import { checkFields, lowerCamel } from '../../../../agent/dialects/check-fields.ts';
import { listOf, mapOf, objectOf, portNumber, textField } from '../../../../agent/dialects/expect.ts';

const SCHEMA = objectOf('a thing', {
  name: textField('a name'),
  portList: listOf('ports', objectOf('a port', { targetPort: portNumber('a port') }), { min: 0, max: 2 }).optional(),
  labels: mapOf('labels', textField('a label')).optional(),
});

function brief(part: unknown): unknown {
  const { value, findings } = checkFields(SCHEMA, part, ['spec']);
  return { value, findings: findings.map(({ severity, path, at }) => [severity, path.join('.'), at]) };
}

test('what fits is handed on', () => {
  const part = { name: 'a', portList: [{ targetPort: 1 }], labels: { snake_case: 'x' } };
  deepEqual(brief(part), { value: part, findings: [] });
});

test('every problem at once, each with its path', () => {
  deepEqual(brief({ portList: [{ targetPort: 0 }, 3], labels: { a: 1 } }), {
    value: undefined,
    findings: [
      ['error', 'spec.name', 'value'],
      ['error', 'spec.portList.0.targetPort', 'value'],
      ['error', 'spec.portList.1', 'value'],
      ['error', 'spec.labels.a', 'value'],
    ],
  });
});

test('unknown fields and other spellings warn, at any depth', () => {
  deepEqual(brief({ name: 'a', port_list: [{ target_port: 1, x: 2 }] }), {
    value: { name: 'a', portList: [{ targetPort: 1 }] },
    findings: [
      ['warning', 'spec.port_list', 'key'],
      ['warning', 'spec.portList.0.target_port', 'key'],
      ['warning', 'spec.portList.0.x', 'key'],
    ],
  });
});

test('both spellings of one field are an error, in either order', () => {
  const finding = [['error', 'spec.labels', 'key']];
  const schema = objectOf('a thing', { subLabels: mapOf('labels', textField('a label')) });
  for (const part of [
    { subLabels: {}, sub_labels: {} },
    { sub_labels: {}, subLabels: {} },
  ]) {
    const { value, findings } = checkFields(schema, part, ['spec']);
    deepEqual([value, findings.filter(({ severity }) => severity === 'error').length], [undefined, finding.length]);
  }
});

test('names of Object.prototype are unknown fields like any other', () => {
  deepEqual(brief(JSON.parse('{"name": "a", "__proto__": {"name": "b"}, "constructor": 1, "toString": 2}')), {
    value: { name: 'a' },
    findings: [
      ['warning', 'spec.__proto__', 'key'],
      ['warning', 'spec.constructor', 'key'],
      ['warning', 'spec.toString', 'key'],
    ],
  });
});

test('lowerCamel', () => {
  deepEqual(['export_to', 'exportTo', '_a', 'a__b', 'a_1', 'a_'].map(lowerCamel), [
    'exportTo',
    'exportTo',
    'A',
    'a_B',
    'a1',
    'a_',
  ]);
});
