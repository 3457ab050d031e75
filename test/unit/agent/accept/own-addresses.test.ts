import { deepEqual, equal } from 'node:assert/strict';
import { test } from 'node:test';
import { ownAddresses } from '../../../../agent/accept/own-addresses.ts';
import { type IpAddress, parseIp } from '../../../../agent/model/address.ts';

test('read anew when older than 100 ms, and not with each dial', () => {
  const ips = ['198.18.0.1', '198.18.0.2'].map((text) => parseIp(text)).filter((each) => each !== undefined);
  let [now, reads] = [0, 0];
  let present: readonly IpAddress[] = ips.slice(0, 1);
  const addresses = ownAddresses({ localAddresses: () => (reads++, present) }, () => now);
  deepEqual([...addresses()], ['198.18.0.1']);
  present = ips;
  now = 100;
  deepEqual([...addresses()], ['198.18.0.1']);
  equal(reads, 1);
  now = 101;
  deepEqual([...addresses()], ['198.18.0.1', '198.18.0.2']);
  present = ips.slice(1);
  now = 202;
  deepEqual([...addresses()], ['198.18.0.2'], 'an address that is gone is forgotten');
  equal(reads, 3);
});
