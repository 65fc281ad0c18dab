// Runs ansible-playbook: with variables in a file (never in arguments), bounded in time, and with everything below it
// ended on abort.
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, RunnerError, type RunnerErrorCode } from '../base/errors.ts';
import { endMarked, newMark } from './marked-processes.ts';

/** The folder `ansible/` of this installation. */
export const ansibleFolder = join(import.meta.dirname, '..', '..', '..', 'ansible');

export interface PlaybookRun {
  /** What a failure is called. */
  readonly code: RunnerErrorCode;
  /** Absolute path. */
  readonly playbook: string;
  /** Absolute path; default: the local machine. */
  readonly inventory?: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Private folder for the file of variables. */
  readonly folder: string;
  /** Ansible's own temporary files are there too, instead of below the home folder. Default: false. */
  readonly keepsAllInFolder?: boolean;
  readonly seconds: number;
  readonly signal?: AbortSignal;
}

const outputBytes = 256 * 1024;

/** What a playbook said that failed, as the cause of its error; for operators. */
export class PlaybookOutput extends Error {
  override readonly name = 'PlaybookOutput';
  /** Its end, when it is long. */
  readonly output: string;
  /** Ansible ended because it could not reach a machine. */
  readonly isUnreachable: boolean;

  constructor(output: string, isUnreachable: boolean) {
    super('the playbook ended without success');
    this.output = output;
    this.isUnreachable = isUnreachable;
  }
}

/** Ansible's exit code when a machine cannot be reached (`RUN_UNREACHABLE_HOSTS` in its task_queue_manager.py). */
const unreachableExit = 4;

/**
 * Resolves with the playbook's output (its end, when it is long). Throws RunnerError with the run's code, or the
 * abort's reason.
 */
export async function runPlaybook(run: PlaybookRun): Promise<string> {
  run.signal?.throwIfAborted();
  const variables = join(run.folder, `${run.code}.vars.json`);
  await writeFile(variables, JSON.stringify(run.variables), { mode: 0o600 });
  const inventory = run.inventory ?? join(ansibleFolder, 'localhost.ini');
  // Its own process group: Ansible's workers and what they started end with it. What begins a session of its own bears
  // the mark.
  const mark = newMark();
  const child = spawn('ansible-playbook', ['-i', inventory, '-e', `@${variables}`, run.playbook], {
    cwd: ansibleFolder,
    env: {
      ...process.env,
      ANSIBLE_CONFIG: join(ansibleFolder, 'ansible.cfg'),
      ANSIBLE_NOCOLOR: '1',
      LC_ALL: 'C.UTF-8',
      ...(run.keepsAllInFolder === true && { ANSIBLE_LOCAL_TEMP: run.folder, ANSIBLE_REMOTE_TEMP: run.folder }),
      ...mark,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const limit = AbortSignal.timeout(run.seconds * 1000);
  const signals = run.signal === undefined ? [limit] : [limit, run.signal];
  const ends = AbortSignal.any(signals);
  const end = await endOf(child, mark, ends);
  if (ends.aborted) await endMarked(mark);
  run.signal?.throwIfAborted();
  const isOurs = run.playbook.startsWith(`${ansibleFolder}/`);
  const name = isOurs ? run.playbook.slice(ansibleFolder.length + 1) : run.playbook;
  if (end.error !== undefined) {
    throw new RunnerError('tool-missing', 'ansible-playbook cannot be run: install ansible-core', { cause: end.error });
  }
  const cause = new PlaybookOutput(end.output, end.exitCode === unreachableExit);
  if (limit.aborted)
    throw new RunnerError(run.code, `${name} (${run.code}) took longer than ${run.seconds} s`, { cause });
  if (end.exitCode !== 0) throw new RunnerError(run.code, `${name} failed: ${complaintOf(end.output)}`, { cause });
  return end.output;
}

interface End {
  readonly exitCode: number | null;
  readonly output: string;
  readonly error?: Error;
}

function endOf(child: ChildProcess, mark: ReturnType<typeof newMark>, signal: AbortSignal): Promise<End> {
  let output = '';
  const take = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-outputBytes);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return new Promise((resolve) => {
    let forced: NodeJS.Timeout | undefined;
    const stop = () => {
      killGroup(child, 'SIGTERM');
      forced = setTimeout(force, 2000);
    };
    const force = async () => {
      killGroup(child, 'SIGKILL');
      await endMarked(mark);
      // It is over, whoever else may still hold the other ends of these.
      child.stdout?.destroy();
      child.stderr?.destroy();
    };
    const done = (end: End) => {
      signal.removeEventListener('abort', stop);
      clearTimeout(forced);
      // Whatever the playbook left in its group belongs to a run that is over.
      if (signal.aborted) killGroup(child, 'SIGKILL');
      resolve(end);
    };
    child.once('error', (error) => done({ exitCode: null, output, error }));
    child.once('close', (exitCode) => done({ exitCode, output }));
    signal.addEventListener('abort', stop, { once: true });
  });
}

function killGroup(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Ansible's own words for what went wrong: the message of the task that failed. Pure. */
export function complaintOf(output: string): string {
  const lines = output.split('\n');
  const at = lines.findLastIndex((line) => /^(fatal|failed|ERROR!|\[ERROR\])/.test(line));
  // Some modules, `assert` among them, have their result printed over several lines.
  const end = lines[at]?.endsWith('{') ? lines.indexOf('}', at) : at;
  const failed = at === -1 ? output.slice(-500) : lines.slice(at, Math.max(at, end) + 1).join('\n');
  const field = (name: string) => {
    const match = new RegExp(`"${name}": ("(?:[^"\\\\]|\\\\.)*")`).exec(failed);
    return match === null ? undefined : (JSON.parse(match[1] as string) as string);
  };
  const said = [field('msg'), field('stderr')].filter((text) => text !== undefined && text !== '');
  return describeError(said.length > 0 ? said.join(': ') : failed);
}
