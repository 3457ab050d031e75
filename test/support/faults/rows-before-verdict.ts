import { FLOOD_BYTES, type Row } from './row.ts';

const CUT = ['client connects', 'client says 100 of a hello'] as const satisfies Row['steps'];
const BOTH_END = ['origin ends', 'client sees the end'] as const satisfies Row['steps'];
const when = 'before the verdict';

/**
 * The port is listed for a TLS name and for TCP: a ClientHello that is cut in the middle is waited for until
 * --sniff-deadline, then the flow goes as TCP. No origin is dialled before, so none can do anything.
 */
export const BEFORE_VERDICT: readonly Row[] = [
  {
    who: 'client',
    does: 'FIN',
    when,
    steps: [...CUT, 'client ends', 'origin sees the end', ...BOTH_END],
    client: 'open →100 →FIN ←FIN',
    originSees: 'open →100 →FIN ←FIN',
  },
  {
    who: 'client',
    does: 'RST',
    when,
    steps: ['client connects', 'client resets', 'nothing happens'],
    client: 'open →RST',
    originSees: 'none',
  },
  {
    who: 'client',
    does: 'FIN, then data the other way',
    when,
    steps: [...CUT, 'client ends', 'origin sees the end', 'origin sends 9', 'client has 9', ...BOTH_END],
    client: 'open →100 →FIN ←9 ←FIN',
    originSees: 'open →100 →FIN ←9 ←FIN',
  },
  {
    who: 'client',
    does: 'RST with unread data',
    when,
    steps: [...CUT, 'client resets', 'nothing happens'],
    client: 'open →100 →RST',
    originSees: 'none',
  },
  {
    who: 'client',
    does: 'silence',
    when,
    steps: [
      ...CUT,
      'nothing happens',
      'origin has 100',
      'origin sends 7',
      'client has 7',
      'client says 60 of a hello',
      'origin has 160',
    ],
    client: 'open →100 ←7 →60',
    originSees: 'open →100 ←7 →60',
  },
  {
    who: 'client',
    does: 'zero window',
    when,
    unread: 'client',
    steps: [...CUT, 'origin has 100', 'origin floods', 'nothing happens', 'client reads', 'client has the flood'],
    client: `open →100 ←${FLOOD_BYTES} stalled`,
    originSees: `open →100 ←${FLOOD_BYTES} stalled`,
  },
];
