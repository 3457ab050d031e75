import { type Captured, capturedLab, meshMode, serviceEntry } from '../lab/captured.ts';
import { literally } from '../literally.ts';
import { type Talked, talk } from './captured-pod.ts';

/** raw.test: an origin that writes its own bytes (origins/raw-http.ts), listed as HTTP on one port and as TCP on another. */
export const RAW_ADDRESSES = ['203.0.113.19', '2001:db8:ee::19'] as const;
export const HTTP_PORT = 8000;
/** Every flow is admitted before it says anything. */
export const TCP_PORT = 8001;

/** A captured lab with raw.test, its origins known as `raw` and `raw-tcp`. */
export async function rawWorld(): Promise<Captured> {
  const world = await capturedLab({
    names: { 'raw.test': RAW_ADDRESSES },
    config: {
      'mesh.yaml': meshMode('REGISTRY_ONLY'),
      'http.yaml': serviceEntry({ name: 'http', hosts: ['raw.test'], ports: [[HTTP_PORT, 'HTTP']] }),
      'tcp.yaml': serviceEntry({ name: 'tcp', hosts: ['raw.test'], ports: [[TCP_PORT, 'TCP']] }),
    },
  });
  await world.lab.addOrigins('ext', [
    { key: 'raw', names: [], addresses: RAW_ADDRESSES, services: [{ port: HTTP_PORT, kind: 'raw-http' }] },
    { key: 'raw-tcp', names: [], addresses: RAW_ADDRESSES, services: [{ port: TCP_PORT, kind: 'raw-http' }] },
  ]);
  return world;
}

/** Sends this and waits for the end. The client keeps its side open: that the flow ends is the agent's doing. */
export function ask(
  { lab }: Captured,
  sent: string,
  { port = HTTP_PORT, host = RAW_ADDRESSES[0] }: { readonly port?: number; readonly host?: string } = {},
): Promise<Talked> {
  return talk(lab, { host, port, steps: [{ send: sent }, { until: 'end' }] });
}

/** What a client gets of these answers of the origin: byte for byte but for the time, as a regular expression. */
export function timed(...answers: readonly string[]): string {
  const parts = answers.join('').split(FINAL_STATUS_LINE);
  return parts.map(literally).join(String.raw`x-envoy-upstream-service-time: \d+\r\n`);
}

const FINAL_STATUS_LINE = /(?<=HTTP\/1\.[01] (?:101|[2-9]\d\d)[^\r\n]*\r\n)/;

/** A GET of raw.test with these further field lines. */
export function get(path: string, ...fields: readonly string[]): string {
  return head('GET', path, ...fields);
}

export function head(method: string, path: string, ...fields: readonly string[]): string {
  return [`${method} ${path} HTTP/1.1`, `Host: raw.test:${HTTP_PORT}`, ...fields, '', ''].join('\r\n');
}
