import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { endpointText } from '../../../../../agent/model/address.ts';
import { serviceIndex } from '../../../../../agent/registry/index/services.ts';
import { hostname } from '../builders.ts';
import { service, setOf, slice, type Written } from '../resources.ts';

function endpoints(...written: readonly Written[]): Readonly<Record<string, readonly string[]>> | undefined {
  const { services, endpoints: slices } = setOf({ written });
  const placed = serviceIndex(services, slices).get(hostname('egress.istio-system.svc.cluster.local'));
  return placed && Object.fromEntries([...placed.endpoints].map(([name, all]) => [name, all.map(endpointText)]));
}

const EGRESS = service('egress', ['80 8080', '443']);

test('by the name of the port, at the port of the pod', () => {
  deepEqual(endpoints(EGRESS, slice('egress', ['p80 8080', 'p443 8443'], ['198.18.64.1', '198.18.64.2'])), {
    p80: ['198.18.64.1:8080', '198.18.64.2:8080'],
    p443: ['198.18.64.1:8443', '198.18.64.2:8443'],
  });
});

test('of all its slices, each address once', () => {
  deepEqual(
    endpoints(
      EGRESS,
      slice('egress', ['p80 8080'], ['198.18.64.1'], { name: 'a' }),
      slice('egress', ['p80 8080'], ['198.18.64.1', '198.18.64.2'], { name: 'b' }),
      slice('egress', ['p80 8080'], ['2001:db8::1'], { name: 'c' }),
    ),
    { p80: ['198.18.64.1:8080', '198.18.64.2:8080', '[2001:db8::1]:8080'] },
  );
});

test('slices may have the same port at different ports of their pods', () => {
  deepEqual(
    endpoints(
      EGRESS,
      slice('egress', ['p80 8080'], ['198.18.64.1'], { name: 'a' }),
      slice('egress', ['p80 8081'], ['198.18.64.1'], { name: 'b' }),
    ),
    { p80: ['198.18.64.1:8080', '198.18.64.1:8081'] },
  );
});

test('none of another Service, nor of one of that name in another namespace', () => {
  deepEqual(
    endpoints(
      EGRESS,
      slice('other', ['p80 8080'], ['198.18.64.1'], { name: 'a' }),
      slice('egress', ['p80 8080'], ['198.18.64.2'], { name: 'b', namespace: 'shop' }),
    ),
    {},
  );
});

test('endpoints without a Service are nobody', () => {
  equal(endpoints(slice('egress', ['p80 8080'], ['198.18.64.1'])), undefined);
});
