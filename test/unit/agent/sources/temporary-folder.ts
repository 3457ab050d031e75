import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** An empty folder that is gone after the test. */
export function temporaryFolder(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'weir-config-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A ServiceEntry for one host; `*` makes it invalid. */
export function serviceEntryFor(name: string, host: string): string {
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ${name}}
spec:
  hosts: ["${host}"]
  ports: [{number: 80, name: http, protocol: HTTP}]
  resolution: DNS
`;
}
