import { groupsOf, type Report } from './report.ts';

/** One bar for each figure of weir's: how it stands to the best peer. The same text for the same rows. */
export function plotSvg({ rows }: Report): string {
  const bars = groupsOf(rows).flatMap(({ case: name, load, rows: own }) => {
    const row = own.find(({ toBestPeer }) => toBestPeer !== undefined);
    return row?.toBestPeer === undefined
      ? []
      : [{ label: `${name}, ${load}`, ratio: row.toBestPeer, noisy: row.noisy }];
  });
  const height = TOP + bars.length * STEP + BOTTOM;
  const bottom = height - BOTTOM;
  const ticks = [0.5, 1, 1.5, 2].flatMap((ratio) => [
    `<line x1="${x(ratio)}" y1="${TOP - 4}" x2="${x(ratio)}" y2="${bottom}" class="${ratio === 1 ? 'one' : 'tick'}"/>`,
    `<text x="${x(ratio)}" y="${bottom + 16}" class="middle">${ratio}</text>`,
  ]);
  const drawn = bars.flatMap(({ label, ratio, noisy }, index) => {
    const y = TOP + index * STEP;
    const width = Math.round((x(Math.min(ratio, MOST)) - LEFT) * 10) / 10;
    const kind = `${ratio >= 1 ? 'good' : 'bad'}${noisy ? ' noisy' : ''}`;
    return [
      `<text x="${LEFT - 8}" y="${y + 13}" class="end">${label}</text>`,
      `<rect x="${LEFT}" y="${y + 2}" width="${width}" height="${STEP - 6}" class="${kind}"/>`,
      `<text x="${LEFT + width + 6}" y="${y + 13}">${ratio.toFixed(2)}${noisy ? ' (noisy)' : ''}</text>`,
    ];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img">`,
    '<title>weir to the best peer, 1 and more is not worse</title>',
    `<style>${STYLE}</style>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="20" class="title">weir to the best peer: 1 and more is not worse</text>`,
    ...ticks,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

const WIDTH = 760;
const LEFT = 260;
const TOP = 40;
const BOTTOM = 28;
const STEP = 20;
/** Longer bars are cut here; their number tells. */
const MOST = 2.4;
const UNIT = 170;
const STYLE =
  'text{font:12px sans-serif;fill:#222}.title{font-weight:bold}.end{text-anchor:end}.middle{text-anchor:middle}' +
  '.tick{stroke:#ddd}.one{stroke:#222}.good{fill:#2a7f62}.bad{fill:#b5493b}.noisy{opacity:.5}';

function x(ratio: number): number {
  return LEFT + ratio * UNIT;
}
