// `coppice import`: the settings of a Copr backend, or a project of a Copr, as files of Coppice.
import { join, resolve } from 'node:path';
import { type ConfigTree, formatProblem } from '@coppice/config';
import { readConfigFolder, writeFiles } from '../import/config-folder.ts';
import { convertBackendConf } from '../import/convert-backend-conf.ts';
import { gitPlace, linkedSrpm } from '../import/copr-source.ts';
import { type Fate, oneLine, renderFates } from '../import/fate.ts';
import { isAllowedAddress } from '../import/fetch-allowed.ts';
import { fetchCopr } from '../import/fetch-copr.ts';
import { hashSrpms } from '../import/hash-srpms.ts';
import { importCopr } from '../import/import-copr.ts';
import { ImportError } from '../import/import-error.ts';
import { lookAtGit } from '../import/look-at-git.ts';
import { readRecorded } from '../import/read-recorded.ts';
import { sayFileFault } from '../vocabulary/file-fault.ts';
import { readGivenFile } from '../vocabulary/given-file.ts';
import type { Terminal } from './terminal.ts';

/** Where the files go; without a folder they are printed. */
export interface ImportOutput {
  readonly output: string | undefined;
  /** Replace files that are there. */
  readonly force: boolean;
}

export interface CoprImport extends ImportOutput {
  /** A file or folder of recorded answers, or the address of a Copr. */
  readonly from: string;
  /** Download linked SRPMs for their hashes. */
  readonly hash: boolean;
  readonly maintainers: readonly string[];
}

const confBytes = 1024 * 1024;
const emptyTree: ConfigTree = { texts: new Map(), oversize: new Map(), paths: new Set() };

/**
 * Returns the exit code: 1 when a key is unknown or needs a person, or when the file cannot be read or written; 0
 * otherwise.
 */
export function importBackendConf(terminal: Terminal, file: string, to: ImportOutput): Promise<number> {
  return orSay(terminal, async () => {
    const { yaml, fates } = convertBackendConf(await readConf(file));
    await give(terminal, new Map([['settings.yaml', yaml]]), to);
    return conclude(terminal, fates, ['left-out', 'person']);
  });
}

/**
 * Returns the exit code: 0 when all came over, 1 when something was left out or nothing could be made, 2 for a wrong
 * name or address.
 */
export function importCoprProject(terminal: Terminal, name: string, order: CoprImport): Promise<number> {
  const [, owner, project] = /^(@?[\w.+-]{1,100})\/([\w.+-]{1,100})$/.exec(name) ?? [];
  if (owner === undefined || project === undefined) {
    terminal.say(`${oneLine(name)} is no project of Copr: write OWNER/PROJECT or @GROUP/PROJECT.`);
    return Promise.resolve(2);
  }
  const base = /^[a-z][a-z0-9+.-]*:\/\//i.test(order.from) ? parseBase(order.from) : undefined;
  if (base === 'wrong') {
    terminal.say(
      `${oneLine(order.from)} is not asked: name an https address such as https://copr.fedorainfracloud.org.`,
    );
    return Promise.resolve(2);
  }
  return orSay(terminal, async () => {
    const answers = base === undefined ? await readRecorded(order.from) : await fetchCopr({ base, owner, project });
    const { ownername, name: answered } = answers.project;
    if (ownername !== owner || answered !== project) {
      throw new ImportError('answer', oneLine(`${order.from} holds ${ownername}/${answered}, not ${name}.`));
    }
    const addresses = order.hash ? answers.packages.flatMap((one) => linkedSrpm(one) ?? []) : [];
    const { output, maintainers } = order;
    const tree = output === undefined ? emptyTree : await readConfigFolder(resolve(output));
    const hashes = await hashSrpms(addresses);
    const looks = await lookAtGit(answers.packages.flatMap((one) => gitPlace(one) ?? []));
    const { files, fates, elsewhere } = importCopr({ answers, tree, maintainers, hashes, looks });
    await give(terminal, files, order);
    for (const problem of elsewhere) terminal.say(`Wrong before already: ${formatProblem(problem)}`);
    return conclude(terminal, fates, ['left-out']);
  });
}

function parseBase(text: string): URL | 'wrong' {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url !== undefined && isAllowedAddress(url) && url.search === '' && url.hash === '' ? url : 'wrong';
}

async function readConf(file: string): Promise<string> {
  try {
    return await readGivenFile(file, confBytes);
  } catch (cause) {
    throw new ImportError('file', `${file} ${sayFileFault(cause)}. Name a copr-be.conf.`, { cause });
  }
}

/** Writes the files, or prints them one after the other, each a YAML document with its path above it. */
async function give(terminal: Terminal, files: ReadonlyMap<string, string>, to: ImportOutput): Promise<void> {
  if (to.output !== undefined) {
    await writeFiles(resolve(to.output), files, to.force);
    for (const path of files.keys()) terminal.say(`Wrote ${join(to.output, path)}`);
    return;
  }
  const one = files.size === 1;
  for (const [path, text] of files) terminal.print(one ? text.trimEnd() : `--- # ${path}\n${text.trimEnd()}`);
}

/** Says what a person should know, and what came over only as a number. */
function conclude(terminal: Terminal, fates: readonly Fate[], bad: readonly Fate['kind'][]): number {
  const text = renderFates(fates, ['left-out', 'person']);
  if (text !== '') terminal.say(text);
  const count = (kind: Fate['kind']) => fates.filter((one) => one.kind === kind).length;
  terminal.say(`${count('converted')} converted, ${count('left-out')} left out, ${count('person')} for a person.`);
  return fates.some(({ kind }) => bad.includes(kind)) ? 1 : 0;
}

async function orSay(terminal: Terminal, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    terminal.say(error.message);
    return 1;
  }
}
