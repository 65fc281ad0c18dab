// The last builds as bars: how high says how long, colour says how it ended. The table below says the same in words.
import { type Html, html } from '../src/markup/html.ts';
import type { HistoryBar } from '../src/view/package-view.ts';

const height = 64;
const [width, gap] = [11, 3];

export function historyBars(bars: readonly HistoryBar[]): Html {
  if (bars.length < 2) return html``;
  const across = bars.length * (width + gap) - gap;
  return html`<svg class="bars" viewBox="0 0 ${across} ${height}" width="${across}" height="${height}" role="group" aria-label="How long the last ${bars.length} builds took; the table below tells the same">${bars.map(
    ({ href, state, height: part, title }, index) => {
      const tall = Math.round(part * height);
      return html`<a href="${href}" aria-label="${title}"><title>${title}</title><rect class="room" x="${index * (width + gap)}" y="0" width="${width}" height="${height}"/><rect class="bar-${state}" x="${index * (width + gap)}" y="${height - tall}" width="${width}" height="${tall}" rx="2"/></a>`;
    },
  )}</svg>`;
}
