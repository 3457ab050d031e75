import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outcomeText } from '../support/lab/run.ts';
import { BACKENDS, type Netns, withNetns } from '../support/netns.ts';

// As kube-proxy, Docker and an Istio sidecar write them, with counters that a careless restore would lose.
const KUBE_PROXY = `*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-SERVICES - [0:0]
[11:660] -A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
[12:720] -A OUTPUT -j KUBE-FIREWALL
[3:180] -A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -m mark --mark 0x8000/0x8000 -j DROP
COMMIT
*nat
:OUTPUT ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-MARK-MASQ - [0:0]
[9:540] -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
[2:120] -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
COMMIT
`;
const DOCKER = `*nat
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER_OUTPUT - [0:0]
:DOCKER_POSTROUTING - [0:0]
[5:300] -A OUTPUT -d LOCALDNS -j DOCKER_OUTPUT
[5:300] -A POSTROUTING -d LOCALDNS -j DOCKER_POSTROUTING
[4:240] -A DOCKER_OUTPUT -d LOCALDNS -p tcp -m tcp --dport 53 -j REDIRECT --to-ports 39777
[1:60] -A DOCKER_POSTROUTING -s LOCALDNS -p tcp -m tcp --sport 39777 -j ACCEPT
COMMIT
`;
const ISTIO = `*nat
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:ISTIO_INBOUND - [0:0]
:ISTIO_OUTPUT - [0:0]
:ISTIO_REDIRECT - [0:0]
[7:420] -A PREROUTING -p tcp -j ISTIO_INBOUND
[8:480] -A OUTPUT -p tcp -j ISTIO_OUTPUT
[1:60] -A ISTIO_OUTPUT -m owner --uid-owner 1337 -j RETURN
[6:360] -A ISTIO_OUTPUT -j ISTIO_REDIRECT
[6:360] -A ISTIO_REDIRECT -p tcp -j REDIRECT --to-ports 15006
COMMIT
`;
const FOREIGN = { 'kube-proxy': KUBE_PROXY, Docker: DOCKER, Istio: ISTIO };

for (const backend of BACKENDS) {
  for (const [whose, text] of Object.entries(FOREIGN)) {
    test(`${backend}: rules of ${whose} stay byte for byte, with counters, through apply, apply, remove`, () =>
      withNetns(async (netns) => {
        // No route: not one packet leaves, so that a counter can only change by our hand.
        await netns.must('pod', 'ip link set eth0 down; ip -6 route flush table main');
        const restore = (tool: string, local: string) =>
          `${tool}-${backend}-restore --noflush --counters <<'END'\n${text.replaceAll('LOCALDNS', local)}END\n`;
        await netns.must('pod', `${restore('iptables', '127.0.0.11/32')}${restore('ip6tables', '::1/128')}`);
        const before = await foreign(netns, backend);
        assert.match(before, /^\[[1-9]\d*:\d+\] -A OUTPUT/m);
        for (const command of ['apply', 'apply', 'status', 'verify', 'remove']) {
          const outcome = await netns.init(command);
          assert.equal(outcome.code, 0, outcomeText(outcome));
          assert.equal(await foreign(netns, backend), before, command);
        }
        const other = backend === 'nft' ? 'legacy' : 'nft';
        assert.equal(await foreign(netns, other), '', 'nothing was made in the other backend');
      }));
  }
}

/** All that is not ours: tables, chains, rules with their counters; chain policies' counters and dates left out. */
async function foreign(netns: Netns, backend: string): Promise<string> {
  const text = await netns.must('pod', `iptables-${backend}-save -c; ip6tables-${backend}-save -c`);
  const lines = text.split('\n').filter((line) => !line.startsWith('#') && !line.includes('WEIR_'));
  const builtIn = /^(?:\*|COMMIT|:(?:PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) )/;
  return lines
    .filter((line) => !builtIn.test(line))
    .join('\n')
    .trim();
}
