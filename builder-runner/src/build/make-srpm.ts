// Sources and a spec → one source package, made in the sandbox: a spec is a program, and `rpmbuild -bs` runs parts of it.
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { rpmFileName } from '@coppice/config';
import { RpmHeaderError, readRpmHeader } from '../rpm-header.ts';
import { duration } from './mock-exit.ts';
import { excerptOf } from './mock-log.ts';
import { fail, type Outcome, succeed } from './outcome.ts';
import { runInSandbox } from './sandbox.ts';

export interface SrpmOrder {
  /** Folder with the spec and all its sources and patches. */
  readonly sources: string;
  /** File name of the spec, when the package says it; else the folder must hold exactly one. */
  readonly spec: string | undefined;
  /** Empty folder that gets the source package. */
  readonly output: string;
  readonly seconds: number;
  readonly sourceBytes: number;
  readonly signal: AbortSignal;
}

export interface MadeSrpm {
  /** File name in the order's output folder. */
  readonly file: string;
  readonly log: string;
}

/** Makes the source package; everything that the spec does wrong is a failure with reason `source`. */
export async function makeSrpm(order: SrpmOrder): Promise<Outcome<MadeSrpm>> {
  const spec = await findSpec(order.sources, order.spec);
  if (!spec.ok) return spec;
  await mkdir(order.output, { recursive: true });
  const end = await runInSandbox({
    command: rpmbuildCommand(spec.value),
    sources: order.sources,
    output: order.output,
    seconds: order.seconds,
    // The payload of sources that are compressed already grows a little.
    fileBytes: order.sourceBytes * 1.1 + 1024 ** 2,
    signal: order.signal,
  });
  if (end.timedOut)
    return fail('source', `The spec was not read within ${duration(order.seconds)}.`, excerptOf(end.output));
  if (end.exitCode !== 0) {
    const excerpt = excerptOf(end.output);
    const because = firstError(end.output);
    return fail('source', `No source package could be made of ${spec.value}${because}.`, excerpt);
  }
  const made = await checkSrpm(order.output);
  return made.ok ? succeed({ file: made.value, log: end.output }) : made;
}

function rpmbuildCommand(spec: string): readonly string[] {
  const define = (name: string, value: string) => ['--define', `${name} ${value}`];
  return [
    'rpmbuild',
    '-bs',
    '--nodeps',
    ...define('_topdir', '/tmp/rpmbuild'),
    ...define('_sourcedir', '/sources'),
    ...define('_specdir', '/sources'),
    ...define('_srcrpmdir', '/out'),
    ...define('_builddir', '/tmp'),
    ...define('_dbpath', '/tmp/rpmdb'),
    // Fast and read by every rpm since 4.4; the mock on the builder makes the one that is published.
    ...define('_source_payload', 'w3.gzdio'),
    ...define('use_source_date_epoch_as_buildtime', '1'),
    `/sources/${spec}`,
  ];
}

async function findSpec(folder: string, wanted: string | undefined): Promise<Outcome<string>> {
  const names = await readdir(folder);
  const specs = names.filter((name) => name.endsWith('.spec')).sort();
  if (wanted !== undefined) {
    if (!names.includes(wanted)) return fail('source', `There is no ${wanted} among the sources${known(specs)}.`);
    return (await isPlain(join(folder, wanted))) ? succeed(wanted) : fail('source', `${wanted} is not a regular file.`);
  }
  const [only] = specs;
  if (only === undefined) return fail('source', 'There is no .spec file among the sources.');
  if (specs.length > 1)
    return fail('source', `There are ${specs.length} spec files${known(specs)}: name one with \`spec:\`.`);
  return (await isPlain(join(folder, only))) ? succeed(only) : fail('source', `${only} is not a regular file.`);
}

function known(specs: readonly string[]): string {
  return specs.length === 0 ? '' : ` (${specs.slice(0, 5).join(', ')})`;
}

async function isPlain(path: string): Promise<boolean> {
  return (await lstat(path)).isFile();
}

/** The first thing that rpm called an error, as the end of a sentence. */
function firstError(output: string): string {
  const match = /^error: (.+)$/m.exec(output);
  return match === null
    ? ''
    : `: ${(match[1] ?? '')
        .replace(/[.:\s]+$/, '')
        .replaceAll('/sources/', '')
        .slice(0, 200)}`;
}

/** From the sandbox's user to ours, by a file descriptor: what a name leads to could change. */
async function takeOver(path: string): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    if (process.getuid?.() === 0) await file.chown(0, 0);
    await file.chmod(0o644);
  } finally {
    await file.close();
  }
}

/** The file name of the one good source package in `folder`. */
async function checkSrpm(folder: string): Promise<Outcome<string>> {
  const names = await readdir(folder);
  const [name] = names;
  if (name === undefined || names.length > 1)
    return fail('source', `rpmbuild left ${names.length} files instead of one source package.`);
  if (!(await isPlain(join(folder, name)))) return fail('source', 'What rpmbuild left is not a regular file.');
  try {
    const { nevra } = await readRpmHeader(join(folder, name));
    const expected = [rpmFileName(nevra), rpmFileName({ ...nevra, architecture: 'nosrc' })];
    if (nevra.architecture !== 'src' || !expected.includes(name)) {
      return fail(
        'source',
        `The source package ${JSON.stringify(name)} says that it is ${JSON.stringify(expected[0])}.`,
      );
    }
    await takeOver(join(folder, name));
    return succeed(name);
  } catch (error) {
    if (error instanceof RpmHeaderError) return fail('source', `It is not a source package: ${error.message}.`);
    throw error;
  }
}
