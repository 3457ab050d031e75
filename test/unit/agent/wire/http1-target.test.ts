import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAuthority } from '../../../../agent/model/hostname.ts';
import { readAsked } from '../../../../agent/wire/http1-target.ts';

const asked = [
  { method: 'GET', target: '/', hosts: ['a.test'], authority: 'a.test', path: '/' },
  { method: 'GET', target: '//x/../y', hosts: ['A.TEST.:80'], authority: 'a.test:80', path: '//x/../y' },
  { method: 'GET', target: '/', hosts: ['203.0.113.7'], authority: '203.0.113.7', path: '/' },
  { method: 'GET', target: '/', hosts: ['[2001:db8::7]:8080'], authority: '[2001:db8::7]:8080', path: '/' },
  { method: 'OPTIONS', target: '*', hosts: ['a.test'], authority: 'a.test', path: '*' },
  { method: 'GET', target: 'http://a.test', hosts: ['a.test'], authority: 'a.test', path: '/' },
  { method: 'GET', target: 'http://a.test?q', hosts: ['a.test:80'], authority: 'a.test', path: '/?q' },
  { method: 'GET', target: 'HTTP://A.test:80/x', hosts: ['a.test'], authority: 'a.test:80', path: '/x' },
  { method: 'GET', target: 'http://203.0.113.7/x', hosts: ['203.0.113.7'], authority: '203.0.113.7', path: '/x' },
  { method: 'CONNECT', target: 'a.test:443', hosts: ['a.test:443'], authority: 'a.test:443', path: '' },
  { method: 'CONNECT', target: 'a.test:443', hosts: ['a.test'], authority: 'a.test:443', path: '' },
] as const;

for (const { method, target, hosts, authority, path } of asked) {
  test(`${method} ${target} to [${hosts.join()}]`, () => {
    const want = { kind: 'asked', authority: parseAuthority(authority), path };
    assert.deepEqual(readAsked(method, target, '1.1', hosts), want);
  });
}

test('HTTP/1.0 may leave out Host; an absolute target then names the host', () => {
  assert.deepEqual(readAsked('GET', '/', '1.0', []), { kind: 'asked', authority: undefined, path: '/' });
  const want = { kind: 'asked', authority: parseAuthority('a.test'), path: '/x' };
  assert.deepEqual(readAsked('GET', 'http://a.test/x', '1.0', []), want);
  assert.equal(readAsked('CONNECT', 'a.test:443', '1.0', []).kind, 'asked');
});

const refused = [
  { says: 'no Host', method: 'GET', target: '/', hosts: [] },
  { says: 'two Hosts', method: 'GET', target: '/', hosts: ['a.test', 'b.test'] },
  { says: 'two equal Hosts', method: 'GET', target: '/', hosts: ['a.test', 'a.test'] },
  { says: 'an empty Host', method: 'GET', target: '/', hosts: [''] },
  { says: 'userinfo', method: 'GET', target: '/', hosts: ['user@a.test'] },
  { says: 'a list', method: 'GET', target: '/', hosts: ['a.test, b.test'] },
  { says: 'a path in Host', method: 'GET', target: '/', hosts: ['a.test/x'] },
  { says: 'a port that is none', method: 'GET', target: '/', hosts: ['a.test:0'] },
  { says: 'a name ending in a number', method: 'GET', target: '/', hosts: ['127.1'] },
  { says: 'a zone', method: 'GET', target: '/', hosts: ['[fe80::1%25eth0]'] },
  { says: 'an absolute target with another host', method: 'GET', target: 'http://b.test/', hosts: ['a.test'] },
  { says: 'an absolute target with another port', method: 'GET', target: 'http://a.test:81/', hosts: ['a.test'] },
  { says: 'an absolute target without Host', method: 'GET', target: 'http://a.test/', hosts: [] },
  { says: 'userinfo in the target', method: 'GET', target: 'http://u@a.test/', hosts: ['a.test'] },
  { says: 'an absolute target without host', method: 'GET', target: 'http:///x', hosts: ['a.test'] },
  { says: 'https', method: 'GET', target: 'https://a.test/', hosts: ['a.test'] },
  { says: 'another scheme', method: 'GET', target: 'ftp://a.test/', hosts: ['a.test'] },
  { says: 'an http target without slashes', method: 'GET', target: 'http:a.test/', hosts: ['a.test'] },
  { says: 'a fragment', method: 'GET', target: '/x#y', hosts: ['a.test'] },
  { says: 'a path without slash', method: 'GET', target: 'x', hosts: ['a.test'] },
  { says: '* without OPTIONS', method: 'GET', target: '*', hosts: ['a.test'] },
  { says: 'authority-form without CONNECT', method: 'GET', target: 'a.test:80', hosts: ['a.test:80'] },
  { says: 'CONNECT to a path', method: 'CONNECT', target: '/', hosts: ['a.test'] },
  { says: 'CONNECT without a port', method: 'CONNECT', target: 'a.test', hosts: ['a.test'] },
  { says: 'CONNECT to an http URI', method: 'CONNECT', target: 'http://a.test:80/', hosts: ['a.test'] },
  { says: 'CONNECT to another host', method: 'CONNECT', target: 'b.test:443', hosts: ['a.test:443'] },
  { says: 'CONNECT to another port', method: 'CONNECT', target: 'a.test:443', hosts: ['a.test:80'] },
] as const;

for (const { says, method, target, hosts } of refused)
  test(`bad: ${says}`, () => assert.equal(readAsked(method, target, '1.1', hosts).kind, 'bad'));
