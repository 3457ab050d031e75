import type { Target } from './harness/target.ts';
import { accessLine } from './targets/access-line.ts';
import { answerHead } from './targets/answer-head.ts';
import { chunks } from './targets/chunks.ts';
import { clientHello } from './targets/client-hello.ts';
import { dnsAnswer } from './targets/dns-answer.ts';
import { firstBytes } from './targets/first-bytes.ts';
import { proxyV2 } from './targets/proxy-v2.ts';
import { requestHead } from './targets/request-head.ts';
import { resources } from './targets/resources.ts';

export const TARGETS: readonly Target[] = [
  accessLine,
  answerHead,
  chunks,
  clientHello,
  dnsAnswer,
  firstBytes,
  proxyV2,
  requestHead,
  resources,
];

export function targetNamed(name: string): Target {
  const target = TARGETS.find((each) => each.name === name);
  if (!target) throw new RangeError(`no target ${name}`);
  return target;
}
