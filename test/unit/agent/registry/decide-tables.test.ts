import { http } from './builders.ts';
import { to, virtualService } from './resources.ts';
import { ALL, API, asks, GATEWAY_SERVICE, meshRows, OTHER, SOME } from './route-rows.ts';

const named = (name: string, meta: object, hosts: readonly string[] = ['api.test'], more: object = {}) =>
  virtualService({ hosts, http: [{ name, route: [to('api.test')] }], ...more }, { name, ...meta });
const at = (day: number) => ({ creationTimestamp: `2026-01-0${day}T00:00:00Z` });

meshRows('which VirtualService', [
  {
    says: 'the oldest',
    given: {
      listed: [API],
      written: [named('young', { namespace: 'a', ...at(2) }), named('old', { namespace: 'b', ...at(1) })],
    },
    asks: asks(),
    want: 'route old',
  },
  {
    says: "one of the source's namespace before an older one",
    given: {
      listed: [API],
      written: [named('own', at(2)), named('old', { namespace: 'b', ...at(1) })],
    },
    asks: asks(),
    want: 'route own',
  },
  {
    says: 'not one that is exported to others',
    given: { listed: [API], written: [named('hidden', { namespace: 'b' }, ['api.test'], { exportTo: ['.'] })] },
    asks: asks(),
    want: 'direct',
  },
  {
    says: 'one that is exported to the source',
    given: { listed: [API], written: [named('shown', { namespace: 'b' }, ['api.test'], { exportTo: ['shop'] })] },
    asks: asks(),
    want: 'route shown',
  },
  {
    says: 'the exact host before a wildcard, whatever their age',
    given: { listed: [API], written: [named('wild', at(1), ['*.test']), named('exact', at(2))] },
    asks: asks(),
    want: 'route exact',
  },
  {
    says: 'a hidden exact one hides no wildcard',
    given: {
      listed: [API],
      written: [named('wild', {}, ['*.test']), named('hidden', { namespace: 'b' }, ['api.test'], { exportTo: ['.'] })],
    },
    asks: asks(),
    want: 'route wild',
  },
  {
    says: 'for another host',
    given: { listed: [API, OTHER], written: [named('other', {}, ['other.test'])] },
    asks: asks(),
    want: 'direct',
  },
  {
    says: 'a wildcard grant: of the name that was said',
    given: { listed: [{ ...API, hosts: ['*.test'] }], written: [named('exact', {})] },
    asks: asks(),
    want: 'route exact',
  },
  {
    says: 'a request by address: of the host that lists it',
    given: { listed: [{ ...API, addresses: [SOME] }], written: [ALL, GATEWAY_SERVICE] },
    asks: asks(http(SOME)),
    want: 'route all',
  },
]);
