import { talkAll } from '../clients/captured-pod.ts';
import type { EgressWorld } from '../clients/egress-world.ts';
import { curlPorts } from '../clients/own-ports.ts';
import { outcomeText } from '../lab/run.ts';
import { EXT } from '../lab/topology.ts';
import type { SeenConnection } from '../origins/record.ts';
import { type Caller, filled, placeOf } from './places.ts';
import type { Action } from './schema.ts';

/** What came of an action, and what the origins saw of it. */
export type Performed = {
  /** Of curl and openssl; of raw TCP how the connection ended. */
  readonly ended: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** `IP:PORT` of the client as access lines have it, if the client tells. */
  readonly client: string | undefined;
  readonly seen: readonly SeenConnection[];
  /** For a person. */
  readonly told: string;
};

export async function perform({ lab }: EgressWorld, action: Action, caller: Caller): Promise<Performed> {
  const place = placeOf(caller.world, action.from);
  const words = (line: string): readonly string[] => filled(line, caller).split(/\s+/);
  lab.forget();
  if (action.tcp) {
    const [host, port] = splitEndpoint(filled(action.tcp.to, caller));
    const [told] = await talkAll(lab, [{ host, port, steps: [{ send: action.tcp.send }, { until: 'end' }] }], place);
    if (!told) throw new Error('the client told nothing');
    const text = `${told.local}: received ${JSON.stringify(told.received)}, ended ${told.end}`;
    return { ended: told.end, stdout: told.received, stderr: '', client: told.local, seen: lab.seen(), told: text };
  }
  if (action.openssl !== undefined) {
    const ca = ['-CAfile', `${lab.folder}/ca.pem`];
    const outcome = await lab.exec(place, ['openssl', ...words(action.openssl), ...ca], { input: '', limitMs: 30_000 });
    return { ...outcome, ended: outcome.code, client: undefined, seen: lab.seen(), told: outcomeText(outcome) };
  }
  const own = action.from === 'outside' ? ['--interface', EXT[caller.of]] : [];
  const asked = ['-w', '%{stderr}\n%{local_ip} %{local_port}', `-${caller.of[1]}`, ...curlPorts(), ...own];
  const outcome = await lab.curl(place, ...asked, ...words(action.curl ?? ''));
  const [ip = '', port = ''] = (outcome.stderr.split('\n').at(-1) ?? '').split(' ');
  const client = ip === '' ? undefined : `${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
  return { ...outcome, ended: outcome.code, client, seen: lab.seen(), told: outcomeText(outcome) };
}

function splitEndpoint(text: string): readonly [host: string, port: number] {
  const colon = text.lastIndexOf(':');
  return [text.slice(0, colon).replace(/^\[|\]$/g, ''), Number(text.slice(colon + 1))];
}
