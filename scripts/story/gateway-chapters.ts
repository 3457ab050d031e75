import type { AccessLine } from '../../test/support/lab/agent.ts';
import type { Gateway } from '../../test/support/lab/gateway.ts';
import { waitFor } from '../../test/support/lab/wait.ts';
import { type Cast, changed, generation, redirectText, refusalText, started, typed } from './telling.ts';

const SEED_000 = 'test/fixtures/config/seed-000';
const SEED_002 = 'test/fixtures/config/seed-002';
const NAME = 'istio-system/egressgateway-0';

/** The egress gateway of Alibaba's documentation: Gateway and VirtualService as they stand there. Gives the gateway. */
export async function throughGateway(cast: Cast): Promise<Gateway> {
  const { lab, stage } = cast;
  stage.chapter(
    '4. Through the gateway',
    'A Gateway and a VirtualService send aliyun.com by way of the egress gateway, which runs in a pod of its own.',
  );
  await changed(cast, `cp scripts/story/resources/egressgateway.yaml ${SEED_000}/gateway.yaml ${lab.config}/`);
  const gateway = await startGateway(cast);
  await typed(cast, 'node', `cat ${SEED_000}/virtual-service.yaml`);
  await bothTake(cast, `cp ${SEED_000}/virtual-service.yaml ${lab.config}/`);

  lab.forget();
  const answer = await typed(cast, 'pod', 'curl -I http://aliyun.com');
  stage.row('HTTP', '301 Moved Permanently, location: https://aliyun.com/', redirectText(answer));
  stage.row('the origin', 'has seen the gateway alone', `has seen ${peersText(cast)}`);
  const line = await gateway.accessLine(({ authority }) => authority === 'aliyun.com');
  await typed(cast, 'gateway', `grep aliyun.com ${gateway.accessLog} | tail -n 1`);
  const pod = `the pod, ${lab.pod().v4}`;
  stage.row(
    "the gateway's access log",
    `downstream_remote_address: ${pod}`,
    `downstream_remote_address: ${remote(cast, line)}`,
  );

  const question = '--from default/sleep --to aliyun.com:80 --host aliyun.com';
  const why = await typed(cast, 'node', `./scripts/weir-agent explain --config ${lab.config} ${question}`);
  const hops = /gateway:istio-system\/istio-egressgateway: .*Gateway default\/egress-gw/.test(why.stdout);
  stage.row('explain shows both hops', 'the agent, then the gateway', hops ? 'the agent, then the gateway' : 'one hop');

  await truthTable(cast, gateway);
  return gateway;
}

/** Routes admit nothing: without the ServiceEntry the gateway's configuration is of no use. */
async function truthTable(cast: Cast, gateway: Gateway): Promise<void> {
  const { lab, stage } = cast;
  await bothTake(cast, `rm ${lab.config}/aliyun.yaml`);
  const refused = await typed(cast, 'pod', 'curl -I http://aliyun.com');
  stage.row('no ServiceEntry', '502 Bad Gateway, server: weir, x-weir-reason: not-listed', refusalText(refused));

  const before = gateway.accessLines().length;
  await bothTake(cast, `sed -i s/REGISTRY_ONLY/ALLOW_ANY/ ${lab.config}/mesh.yaml`);
  const passed = await typed(cast, 'pod', 'curl -I http://aliyun.com');
  stage.row('… and ALLOW_ANY', '301 Moved Permanently, location: https://aliyun.com/', redirectText(passed));
  await lab.accessLine(({ reason, response_code }) => reason === 'allow-any' && response_code === 301);
  const more = gateway.accessLines().length - before;
  stage.row('… past the gateway', '0 lines of the gateway', `${more} lines of the gateway`);

  await bothTake(cast, `cp scripts/story/resources/mesh.yaml scripts/story/resources/aliyun.yaml ${lab.config}/`);
}

/** Nothing goes direct because the gateway is not there; when it is there again, all is as before. */
export async function gatewayLost(cast: Cast, gateway: Gateway): Promise<void> {
  const { lab, stage } = cast;
  stage.chapter('5. The gateway is lost', 'The route leads through it, so there is no other way out.');
  lab.forget();
  await typed(cast, 'node', `kill -9 ${gateway.pid}`);
  await waitFor('the gateway is dead', () => !gateway.alive());
  const refused = await typed(cast, 'pod', 'curl -I http://aliyun.com');
  const unavailable = '503 Service Unavailable, server: weir, x-weir-reason: dial-refused';
  stage.row('HTTP', unavailable, refusalText(refused));
  const line = await lab.accessLine(({ response_code }) => response_code === 503);
  stage.row("the agent's access log", 'response_flags: UF', `response_flags: ${String(line['response_flags'])}`);
  stage.row('the origin', 'has seen 0 connections', `has seen ${lab.seen().length} connections`);

  await startGateway(cast);
  const answer = await typed(cast, 'pod', 'curl -I http://aliyun.com');
  stage.row('the gateway is back', '301 Moved Permanently, location: https://aliyun.com/', redirectText(answer));
}

/** Istio's blog on a gateway as proxy for outside services: for clients of no mesh, and the mesh shut out. */
export async function outsideServices(cast: Cast): Promise<void> {
  const { lab, stage } = cast;
  stage.chapter(
    '6. A gateway for outside services',
    'Clients from outside the cluster reach httpbin.org and edition.cnn.com through it; the mesh may not.',
  );
  await changed(cast, `cp ${SEED_002}/*.yaml ${lab.config}/`);
  const options = {
    pod: 'ingress',
    name: 'istio-system/ingressgateway-0',
    labels: { istio: 'ingressgateway' },
    trusted: false,
    args: ['--access-log-format', 'istio-1.0'],
  };
  const ingress = await started(cast, 'ingress', (before) => lab.startGateway({ ...options, before }));
  const { v4 } = lab.pod('ingress');
  const teapot = await typed(cast, 'ext', `curl -s http://${v4}:80/status/418 -Hhost:httpbin.org`);
  stage.row('httpbin.org by Host', 'the teapot', /-=\[ teapot \]=-/.test(teapot.stdout) ? 'the teapot' : 'no teapot');
  const unknown = await typed(cast, 'ext', `curl -sI http://${v4}:80/ -Hhost:other.test`);
  stage.row('an unknown Host', '404 Not Found, server: weir, x-weir-reason: no-route', refusalText(unknown));

  const get = `curl -s --resolve edition.cnn.com:443:${v4} https://edition.cnn.com:443`;
  const page = await typed(cast, 'ext', `${get} | grep -o '<title>.*</title>'`);
  const title = '<title>CNN International - Breaking News, US News, World News and Video</title>';
  stage.row('edition.cnn.com by SNI', title, page.stdout.trim());
  const certificate = await typed(
    cast,
    'ext',
    `openssl s_client -connect ${v4}:443 -servername edition.cnn.com </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName`,
  );
  const name = /DNS:edition\.cnn\.com/.test(certificate.stdout) ? 'for edition.cnn.com' : 'of somebody else';
  stage.row("the certificate is the origin's", 'for edition.cnn.com', name);
  await waitFor('the line of the TLS connection', () => ingress.accessText().includes('outbound|443||edition.cnn.com'));
  await typed(cast, 'ingress', `cat ${ingress.accessLog}`);
  const format = /^\[[^\]]+\] "GET \/status\/418 HTTP\/1\.1" 418 - 0 135 /m.test(ingress.accessText());
  stage.row(
    'its log',
    "418, 135 bytes, in that page's format",
    format ? "418, 135 bytes, in that page's format" : 'otherwise',
  );

  const inside = await typed(cast, 'pod', 'curl -sI http://httpbin.org/status/418');
  const forbidden = '503 Service Unavailable, server: weir, x-weir-reason: address-forbidden';
  stage.row('from the mesh', forbidden, refusalText(inside));
}

async function startGateway(cast: Cast): Promise<Gateway> {
  const options = { pod: 'gateway', name: NAME };
  return await started(cast, 'gateway', (before) => cast.lab.startGateway({ ...options, before }));
}

async function bothTake(cast: Cast, command: string): Promise<void> {
  const before = await generation(cast.lab, 'gateway');
  await changed(cast, command);
  await waitFor('the gateway takes them too', async () => (await generation(cast.lab, 'gateway')) !== before);
}

function peersText({ lab }: Cast): string {
  const { v4, v6 } = lab.pod('gateway');
  const peers = lab.origin('aliyun.com').map(({ peer }) => peer.replace(/:\d+$/, ''));
  return peers.length === 1 && [v4, `[${v6}]`].includes(peers[0] ?? '')
    ? 'the gateway alone'
    : peers.join(', ') || 'nobody';
}

function remote({ lab }: Cast, line: AccessLine): string {
  const address = String(line['downstream_remote_address']).replace(/:\d+$/, '');
  return address === lab.pod().v4 ? `the pod, ${address}` : address;
}
