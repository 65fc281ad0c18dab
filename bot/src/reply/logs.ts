// Answers to /logs: where the log of each chroot is, and the lines that say why it failed. Pure.
import type { BuildView, ChrootView } from '../vocabulary/build-view.ts';
import { codeBlock, sentence } from './escape.ts';
import { logAddress, stateInWords } from './progress.ts';

const maximumBlocks = 3;

/** `chroots` are some of the build's. */
export function logsOf(build: BuildView, chroots: readonly ChrootView[], url: string): string {
  const failed = chroots.filter(({ excerpt }) => excerpt.length > 0).slice(0, maximumBlocks);
  return chroots
    .map((one) => {
      const why = one.message === null ? '' : `: ${sentence(one.message)}`;
      const log = logAddress(build, one, url);
      const link = log === undefined ? ' (no log, for it has not begun)' : ` ([log](${log}))`;
      const line = `- \`${one.chroot}\` ${stateInWords(one)}${why}${link}`;
      return failed.includes(one) ? `${line}\n\n${codeBlock(one.excerpt)}\n` : line;
    })
    .join('\n');
}
