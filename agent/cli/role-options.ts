import type yargs from 'yargs';

/** An option that may be repeated. */
export const list = { type: 'string', array: true, default: [] as string[], nargs: 1, requiresArg: true } as const;
export const text = { type: 'string', requiresArg: true } as const;
export const off = { type: 'boolean', default: false } as const;

/** What both roles are set by. */
function common(y: ReturnType<typeof yargs>) {
  return y
    .option('config', { ...text, demandOption: true, describe: 'folder of YAML resources; watched' })
    .option('resolver', { ...list, describe: 'name servers; default: those of resolv.conf' })
    .option('access-log', { ...text, default: '-', describe: 'file, or - for standard output; SIGHUP reopens it' })
    .option('access-log-format', { ...text, default: 'json', describe: 'json, asm, envoy-text or istio-1.0' })
    .option('sniff-deadline', {
      ...text,
      default: '300',
      describe: 'ms to wait for first bytes if a rule without names could admit',
    })
    .option('first-byte-timeout', { ...text, default: '30', describe: 'seconds to wait for first bytes otherwise' })
    .option('lease', {
      ...text,
      default: 'on',
      describe: 'on: requests that the last verdict covers pass without asking; off: every one is asked',
    })
    .option('upstream-time', {
      type: 'boolean',
      default: true,
      describe: 'answers carry x-envoy-upstream-service-time; --no-upstream-time: they pass unchanged',
    })
    .option('threads', { ...text, describe: 'threads that move bytes; default: one a core' });
}

/** `weir-agent run` */
export function runOptions(y: ReturnType<typeof yargs>) {
  return common(y)
    .option('scope', { ...text, default: 'pod', describe: 'where interception sits: pod (node and host: later)' })
    .option('netns', { ...list, describe: 'network namespace to listen in; pairs with --workload' })
    .option('workload', { ...list, describe: 'NS/POD that the namespace belongs to' })
    .option('port', { ...text, default: '15001', describe: 'port of the listeners' })
    .option('cluster-cidr', {
      ...list,
      describe: "the cluster's pod and service ranges: dialled for Services of the registry alone",
    })
    .example(
      '# what leaves the namespace "web" is judged as what the pod web-0 of namespace shop does\n' +
        '$0 run --config policy/ --netns /run/netns/web --workload shop/web-0',
      '',
    )
    .example(
      '# two pods, lines in a file; in the ranges of the cluster only Services are dialled\n' +
        '$0 run --config policy/ --netns /run/netns/web --workload shop/web-0 \\\n' +
        '--netns /run/netns/job --workload batch/job-0 --access-log access.log --cluster-cidr 10.0.0.0/8',
      '',
    )
    .epilogue(
      'Nothing in the folder: REGISTRY_ONLY, everything is refused. SIGTERM lets live flows finish for 5 s. Exit: 0 stopped; 64 bad options; 69 cannot start: addon, privilege or namespace missing.',
    );
}

/** `weir-agent gateway` */
export function gatewayOptions(y: ReturnType<typeof yargs>) {
  return common(y)
    .option('name', { ...text, demandOption: true, describe: 'NS/NAME of this gateway; its Pod, if there is one' })
    .option('labels', {
      ...list,
      describe: 'KEY=VALUE that Gateway resources select it by; default: the labels of its Pod resource',
    })
    .option('cluster-cidr', {
      ...list,
      describe: "the cluster's pod and service ranges, or none: an address in them that is no Pod's is refused",
    })
    .option('trusted-peers', {
      ...list,
      describe: 'CIDRs of the agents, never of pods: they say for whom they speak (PROXY v2), and must',
    })
    .option('forward-client-address', { ...off, describe: 'tell origins the client in x-forwarded-for' })
    .option('forward-request-id', { ...off, describe: 'give requests without one an x-request-id' })
    .option('allow-local-endpoints', { ...off, describe: "endpoints on the gateway's own loopback may be dialled" })
    .example(
      '# an egress gateway of a cluster whose agents dial from addresses in 192.168.7.0/24\n' +
        '$0 gateway --config policy/ --name istio-system/egress-0 --labels istio=egressgateway \\\n' +
        '--cluster-cidr 10.0.0.0/8 --trusted-peers 192.168.7.0/24',
      '',
    )
    .example(
      '# a proxy for outside services on one machine, without a cluster\n' +
        '$0 gateway --config policy/ --name edge/proxy --labels istio=ingressgateway --cluster-cidr none',
      '',
    )
    .epilogue(
      'Listens on the ports of the Gateway resources whose selector fits its labels, and follows them. An unknown host is answered 404, an unknown server name closed; a pod needs the same grants here as beside it (502), a client from outside the routes alone. Exit codes as for run.',
    );
}
