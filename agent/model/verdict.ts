import type { Endpoint, IpAddress } from './address.ts';
import type { Hostname } from './hostname.ts';
import type { Port } from './port.ts';
import type { ResourceRef } from './resource.ts';

/** What decide may need and does not have. `answers`: the addresses that these names resolve to. */
export type Need = {
  readonly kind: 'need';
  readonly attributes: readonly ('tls-name' | 'http-head' | 'answers')[];
  /** Names whose answers are needed; empty unless `attributes` has `answers`. */
  readonly names: readonly Hostname[];
  /** True if a rule that needs no name could admit the flow: then the wait is short (design: sniff deadline). */
  readonly admissibleWithout: boolean;
};

/** Attributes that a verdict depended on; sniffing, caching and live re-judging all use this one list. */
export type Attribute =
  | 'source'
  | 'port'
  | 'destination'
  | 'tls-name'
  | 'http-host'
  | 'http-method'
  | 'http-path'
  | 'http-headers'
  | 'answers';

export type Allow = {
  readonly kind: 'allow';
  readonly reason: AllowReason;
  /** With `split`, the first of those: the caller takes one of them instead. */
  readonly route: Route;
  readonly split?: readonly WeightedRoute[];
  readonly matched: readonly ResourceRef[];
  readonly dependsOn: readonly Attribute[];
};

export type Deny = {
  readonly kind: 'deny';
  readonly reason: DenyReason;
  /** Status of the answer if the flow speaks HTTP, undefined: the connection is closed. Others get an alert or a reset. */
  readonly httpStatus: HttpRefusalStatus | undefined;
  /** Envoy's response flag; absent: none. */
  readonly flag?: string;
  readonly matched: readonly ResourceRef[];
  readonly dependsOn: readonly Attribute[];
};

export type Verdict = Allow | Deny;
export type Decision = Verdict | Need;

/** How an admitted flow is reached. Addresses are found by the resolver; may-dial judges each before the dial. */
export type Route = {
  readonly via: 'direct' | 'gateway';
  /** `original`: the address that the client dialled. `name`: our own resolution, or the endpoints of the resource. */
  readonly dial: 'original' | 'name';
  readonly targets: readonly Target[];
  /** Envoy's cluster name for logs: `outbound|80||aliyun.com`, `PassthroughCluster`. */
  readonly cluster: string;
  /** The Service of a gateway; absent: `via` is direct. */
  readonly service?: ResourceRef;
  /** How it is spoken to; absent: with nothing ahead of what the client says. */
  readonly transport?: GatewayTransport;
  /** Of the VirtualService's route, for logs. */
  readonly name?: string;
  /** The destination is in no resource: there is nothing to dial (Envoy's flag NC). */
  readonly unknown?: true;
};

/** `proxy-v2`: a PROXY protocol header ahead tells who calls and where to (docs/hop.md). */
export type GatewayTransport = 'plain' | 'proxy-v2';

/** One of several routes of which each flow or request takes one, by weight. */
export type WeightedRoute = { readonly weight: number; readonly route: Route };

/** Where to dial, in order of preference given by weights; a name is resolved first. */
export type Target =
  | { readonly kind: 'endpoint'; readonly endpoint: Endpoint; readonly weight: number }
  /** Of a Service: the only one that may lie in a range of the cluster. */
  | { readonly kind: 'service'; readonly endpoint: Endpoint; readonly weight: number }
  | { readonly kind: 'name'; readonly name: Hostname; readonly port: Port; readonly weight: number };

export type HttpRefusalStatus = 400 | 403 | 404 | 413 | 414 | 431 | 502 | 503 | 504 | 505;

/** Stable codes: access line, `x-weir-reason`, metrics, docs. Adding one means documenting it. */
export type AllowReason = 'granted' | 'allow-any';

export type DenyReason =
  /** REGISTRY_ONLY and no resource lists it for this source. */
  | 'not-listed'
  /** A resource lists the name, but not this port or not with what was spoken on it. */
  | 'protocol-mismatch'
  | 'source-unknown'
  /** ALLOW_ANY, but a route decides by name on this port, and the flow shows none. */
  | 'name-needed'
  | 'address-forbidden'
  | 'http2-undecidable'
  /** At a gateway no server or route takes it; hop mesh: a VirtualService for the host, and none of its routes. */
  | 'no-route'
  /** The path as sent and as servers may read it lead to different routes. */
  | 'path-ambiguous'
  /** The route does what is not built yet; it is refused rather than sent on without. */
  | 'route-unsupported'
  /** TLS was to be originated, which is not built yet: it is refused rather than sent in the clear. */
  | 'tls-not-originated';

/** What the answers of DNS are to decide: by name, every address; undefined stands for "not asked yet". */
export type Answers =
  | { readonly kind: 'resolved'; readonly byName: ReadonlyMap<Hostname, readonly IpAddress[]> }
  /** `explain`: the destination is an address of `name` (null: of no name) and of nothing else. */
  | { readonly kind: 'assumed'; readonly name: Hostname | null };
