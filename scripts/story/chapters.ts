import type { Agent } from '../../test/support/lab/agent.ts';
import { CLUSTER_CIDR } from '../../test/support/lab/gateway.ts';
import { waitFor } from '../../test/support/lab/wait.ts';
import {
  type Cast,
  changed,
  exitText,
  podPath,
  redirectText,
  refusalText,
  remedyText,
  requestsText,
  startAgent,
  typed,
} from './telling.ts';

/** Chapter 1: what no resource lists is refused, and one can ask why. Gives the agent it has started. */
export async function nothingListed(cast: Cast): Promise<Agent> {
  const { lab, stage } = cast;
  stage.chapter('1. Nothing listed', 'The mesh is in mode REGISTRY_ONLY; no resource lists aliyun.com.');
  await typed(cast, 'node', `cp scripts/story/resources/mesh.yaml ${lab.config}/`);
  await typed(cast, 'node', `./scripts/weir-init apply --netns ${podPath(lab)} --cluster-cidr ${CLUSTER_CIDR}`);
  const agent = await startAgent(cast);
  const verified = await typed(cast, 'node', `./scripts/weir-init verify --netns ${podPath(lab)}`);
  stage.row('rules and agent prove themselves', 'verify exits 0', `verify exits ${verified.code}`);

  const refusal = '502 Bad Gateway, server: weir, x-weir-reason: not-listed';
  stage.row('HTTP', refusal, refusalText(await typed(cast, 'pod', 'curl -I http://aliyun.com')));
  stage.row('HTTP over IPv6', refusal, refusalText(await typed(cast, 'pod', 'curl -6 -I http://aliyun.com')));
  const https = await typed(cast, 'pod', 'curl -I https://aliyun.com');
  stage.row('HTTPS', 'curl exits 35', `curl exits ${https.code}`);
  stage.row('the origin', 'has seen 0 connections', `has seen ${lab.seen().length} connections`);

  const question = '--from default/sleep --to aliyun.com:80 --host aliyun.com --method HEAD --path /';
  const why = await typed(cast, 'node', `./scripts/weir-agent explain --config ${lab.config} ${question}`);
  stage.row('explain names the reason', 'not-listed', /\bnot-listed\b/.exec(why.stdout)?.[0] ?? 'no reason');
  stage.row('explain offers the resource', 'ServiceEntry for aliyun.com', remedyText(why));
  return agent;
}

/** Chapter 2: the ServiceEntry of Alibaba's and Istio's documentation admits it, and nothing else. */
export async function listed(cast: Cast): Promise<void> {
  const { lab, stage } = cast;
  stage.chapter('2. Listed', 'A ServiceEntry lists aliyun.com, port 80. The agent watches its folder.');
  await typed(cast, 'node', 'cat scripts/story/resources/aliyun.yaml');
  await changed(cast, `cp scripts/story/resources/aliyun.yaml ${lab.config}/`);

  const answer = await typed(cast, 'pod', 'curl -I http://aliyun.com');
  stage.row('HTTP', '301 Moved Permanently, location: https://aliyun.com/', redirectText(answer));
  stage.row('the origin', 'has seen HEAD aliyun.com/', `has seen ${requestsText(lab, 'aliyun.com')}`);
  const other = await typed(cast, 'pod', 'curl -I http://other.test');
  stage.row('another host', '502 Bad Gateway, server: weir, x-weir-reason: not-listed', refusalText(other));
  stage.row('its origin', 'has seen 0 connections', `has seen ${lab.origin('other.test').length} connections`);

  await lab.accessLine(({ authority, response_code }) => authority === 'aliyun.com' && response_code === 301);
  const log = await typed(cast, 'node', `grep '"response_code":301' ${lab.accessLog}`);
  stage.row('the access log', '1 line for it', `${log.stdout.split('\n').length - 1} line for it`);

  const shown = "-sI -o /dev/null -w '%{http_code}, new connections: %{num_connects}\\n'";
  const both = await typed(
    cast,
    'pod',
    `curl ${shown} http://aliyun.com --next ${shown} -H 'Host: other.test' http://aliyun.com`,
  );
  const [first = 'nothing', second = 'nothing'] = both.stdout.split('\n');
  stage.row('a kept-alive connection', '301, new connections: 1', first);
  stage.row('… and another host on it', '502, new connections: 0', second);
}

/** Chapter 3: without the agent the pod is cut off, never let through; with it, it works again, untouched. */
export async function agentKilled(cast: Cast, agent: Agent): Promise<void> {
  const { lab, stage } = cast;
  stage.chapter('3. The agent is killed', 'Nobody is there to judge: the pod must be refused, not let through.');
  const packets = await lab.packets('node', '(ip or ip6) and not port 53 and not icmp6', 'pod1');
  await typed(cast, 'node', `kill -9 ${agent.pid}`);
  await waitFor('the agent is dead', () => !agent.alive());
  const refused = await typed(cast, 'pod', 'curl -I http://aliyun.com');
  stage.row('HTTP', 'curl exits 7 (connection refused)', exitText(refused));
  const refused6 = await typed(cast, 'pod', 'curl -6 -I https://aliyun.com');
  stage.row('HTTPS over IPv6', 'curl exits 7 (connection refused)', exitText(refused6));
  const { count, lines } = await packets.stop();
  if (count > 0) stage.say(lines.join('\n'));
  stage.row('packets that left the pod (but DNS)', '0', String(count));

  await startAgent(cast);
  const answer = await typed(cast, 'pod', 'curl -I http://aliyun.com');
  stage.row('the agent is back', '301 Moved Permanently, location: https://aliyun.com/', redirectText(answer));
}
