import { z } from 'zod';
import { isLabel } from '../../model/kube-name.ts';
import { type Port, portOf } from '../../model/port.ts';
import { isMapping } from '../check-fields.ts';
import { complaint, oneOf, parsedText } from '../expect.ts';

// What a Service and an EndpointSlice have in common. null is read as absent throughout: so does an API server, and its
// own tools print it.

/** Empty, as absent, for the only port. */
export const PORT_NAME = parsedText('the name of a port: lower-case letters, digits and "-"', (text) =>
  text === '' || isLabel(text) ? { value: text } : undefined,
).nullish();

export const PROTOCOL = oneOf('TCP, UDP or SCTP', ['TCP', 'UDP', 'SCTP']).nullish();

export function isTcp({ protocol }: { readonly protocol?: 'TCP' | 'UDP' | 'SCTP' | null | undefined }): boolean {
  return (protocol ?? 'TCP') === 'TCP';
}

/** IntOrString: a number, or a name that each pod gives to a port of its own (`number` undefined). */
export function podPort(what: string) {
  const expectation = `${what} (a number from 1 to 65535, or the name that the pods give it)`;
  const error = ({ input }: { readonly input?: unknown }) => complaint(expectation, input);
  return z
    .union([z.number(), z.string()], { error })
    .transform((written, context): { readonly number: Port | undefined } => {
      // A name has at least one letter (Kubernetes): "80" in quotes is a number that missed its type.
      if (typeof written === 'string' && isLabel(written) && /[a-z]/.test(written)) return { number: undefined };
      const number = typeof written === 'number' ? portOf(written) : undefined;
      if (number !== undefined) return { number };
      context.issues.push({ code: 'custom', input: written, message: complaint(expectation, written) });
      return z.NEVER;
    });
}

/** The fields of a mapping that are not null. */
export function withoutNulls(part: unknown): unknown {
  if (!isMapping(part)) return part;
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== null));
}
