import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errnoName, SystemError } from '../../../../agent/native/system-error.ts';

test('an errno has the name that the system call documents', () => {
  const names = [2, 11, 24, 95, 92, 110, 111].map(errnoName);
  assert.deepEqual(names, ['ENOENT', 'EAGAIN', 'EMFILE', 'EOPNOTSUPP', 'ENOPROTOOPT', 'ETIMEDOUT', 'ECONNREFUSED']);
});

test('an errno that nobody knows keeps its number', () => {
  assert.equal(errnoName(4095), 'E4095');
});

test('the error says what was tried on what', () => {
  const error = new SystemError('listen', 98, '127.0.0.1 port 15001');
  assert.equal(error.message, 'listen 127.0.0.1 port 15001: EADDRINUSE');
  assert.deepEqual([error.code, error.errno, error.syscall], ['EADDRINUSE', 98, 'listen']);
});
