import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nameserversOf, parseNameservers, pathsFor } from '../../../init/resolv-conf.ts';

test('nameservers of a resolv.conf: once each, zones cut, the rest passed over', () => {
  const text =
    'search a.example\nnameserver 198.18.0.53\n nameserver\tfe80::1%eth0 # link\nnameserver 198.18.0.53\n#nameserver 203.0.113.1\nnameserver x\n';
  assert.deepEqual(parseNameservers(text), ['198.18.0.53', 'fe80::1']);
});

test('a named namespace has its own file first', () => {
  assert.deepEqual(pathsFor('/run/netns/blue'), ['/etc/netns/blue/resolv.conf', '/etc/resolv.conf']);
  assert.deepEqual(pathsFor('/var/run/netns/blue'), ['/etc/netns/blue/resolv.conf', '/etc/resolv.conf']);
  for (const path of [undefined, '/proc/7/ns/net', '/run/netns/../x', '/run/netns/..']) {
    assert.deepEqual(pathsFor(path), ['/etc/resolv.conf']);
  }
});

test('what cannot be read names no server of its own', () => {
  assert.deepEqual(nameserversOf('/run/netns/weir-no-such-namespace'), nameserversOf(undefined));
});
