// Whether rpm can unpack packages: their header alone does not tell. Nothing is unpacked onto the disk, nor outside the
// sandbox.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RunnerError } from '../base/errors.ts';
import { type Failure, fail } from '../base/outcome.ts';
import { bytes, duration, inQuotes } from '../base/sentence-parts.ts';
import { runInSandbox } from '../sandbox/run-in-sandbox.ts';

export interface PayloadOrder {
  readonly folder: string;
  /** Names of files in it that have passed for RPMs. */
  readonly files: readonly string[];
  /** The most that one of them may unpack to. */
  readonly unpackedBytes: number;
  /** For all of them together. */
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/**
 * For each file: its own digests of header and payload, then its payload read to the end as rpm reads it to unpack it,
 * and counted. Says what is wrong with the first that is not good, and which one (from 1) that is. A program that was
 * killed, or could not even start, says nothing of a package.
 */
const checkAll = `
for program in rpmkeys rpm2archive; do
  command -v "$program" >/dev/null || { echo "missing $program"; exit; }
done
ended() {
  if [ "$1" = 0 ]; then return; fi
  if [ "$1" -lt 126 ]; then echo "damaged $number"; else echo "unknown $number"; fi
  exit
}
limit=$1
shift
number=0
for file; do
  number=$((number + 1))
  rpmkeys --checksig --nosignature "/sources/$file" >/dev/null 2>&1
  ended $?
  echo 255 >/tmp/code
  count=$({ rpm2archive --nocompression - <"/sources/$file" 2>/dev/null; echo $? >/tmp/code; } |
    head -c "$((limit + 1))" | wc -c)
  if [ "\${count:-0}" -gt "$limit" ]; then echo "large $number"; exit; fi
  ended "$(cat /tmp/code || echo 255)"
done
echo good`;

/** rpmkeys makes itself an empty database; nothing else is written. */
const databaseBytes = 16 * 1024 ** 2;

/**
 * Why one of the packages must not be published: it cannot be unpacked (`packaging`), or is larger unpacked, or takes
 * longer, than it may (`policy`); undefined when all are good. Throws RunnerError `collect` when the check came to no
 * end of its own, `sandbox` or `tool-missing`, or the reason of the abort.
 */
export async function checkPayloads(order: PayloadOrder): Promise<Failure | undefined> {
  const { folder, files, unpackedBytes, seconds, signal } = order;
  const output = await mkdtemp(join(tmpdir(), 'coppice-payloads-'));
  try {
    const end = await runInSandbox({
      command: ['sh', '-c', checkAll, 'sh', String(Math.floor(unpackedBytes)), ...files],
      sources: folder,
      ...{ output, seconds, fileBytes: databaseBytes, signal },
    });
    if (end.timedOut) {
      const where = files.length === 1 ? inQuotes(files[0] ?? '') : `the ${files.length} packages`;
      return fail('policy', `To unpack ${where}, as a check, took longer than the limit of ${duration(seconds)}.`)
        .failure;
    }
    return judgeCheck(end.output, order);
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

function judgeCheck(output: string, { files, unpackedBytes }: PayloadOrder): Failure | undefined {
  const [, word, about = ''] = /^(good|large|damaged|missing|unknown) ?(\S*)$/m.exec(output) ?? [];
  const file = inQuotes(files[Number(about) - 1] ?? '');
  switch (word) {
    case 'good':
      return undefined;
    case 'large':
      return fail('policy', `${file} unpacks to more than ${bytes(unpackedBytes)}, the limit of a build (limits.disk).`)
        .failure;
    case 'damaged':
      return fail('packaging', `${file} is damaged: rpm cannot unpack it. No package of this build is published.`)
        .failure;
    case 'missing':
      throw new RunnerError('tool-missing', `${about} is missing: install rpm`);
    default: {
      const what = word === 'unknown' ? file : 'the packages';
      throw new RunnerError('collect', `the check whether rpm can unpack ${what} was ended before it had an answer`);
    }
  }
}
