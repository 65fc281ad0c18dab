// What keeps a program from the kernel's keyrings (keyrings(7)), which no namespace of a sandbox holds: a session
// keyring of its own, and a filter that refuses the calls about keys in every ABI of the machine.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describeError, RunnerError } from '../base/errors.ts';

/** Also what builders do. */
const program = join(import.meta.dirname, '../../../ansible/roles/builder/files/mock-lite/mocklite/keyrings.py');
const python = ['/usr/bin/python3', '-I', '-S', program] as const;

/** Of keyctl(2), by Node's names of architectures. */
const keyctlNumbers: Readonly<Record<string, number>> = { x64: 250, arm64: 219, riscv64: 219, ppc64: 271, s390x: 280 };

/** 38 is ENOSYS: a kernel without keyrings has none to leave. */
const joinInPerl =
  'syscall(0 + shift, 1, 0) >= 0 or $! == 38 or die "bwrap: no session keyring of its own: $!\\n"; ' +
  'exec { $ARGV[0] } @ARGV; die "bwrap: $ARGV[0] cannot be started: $!\\n"';

let filter: Promise<Uint8Array> | undefined;

/** The program for bwrap's `--seccomp`, made once by libseccomp. Throws RunnerError `tool-missing`. */
export function keyringFilter(): Promise<Uint8Array> {
  filter ??= makeFilter().catch((error) => {
    filter = undefined;
    throw error;
  });
  return filter;
}

async function makeFilter(): Promise<Uint8Array> {
  const [command, ...args] = python;
  try {
    const made = await execa(command, args, { encoding: 'buffer', stdin: 'ignore', timeout: 60_000 });
    return made.stdout;
  } catch (error) {
    const said = `no filter for the sandbox of specs, for which libseccomp2 and python3 are needed: ${describeError(error)}`;
    throw new RunnerError('tool-missing', said, { cause: error });
  }
}

let starter: Promise<readonly string[]> | undefined;

/** Words that are put before a command, so that it starts with a new, empty session keyring. */
export function withOwnSession(): Promise<readonly string[]> {
  starter ??= chooseStarter();
  return starter;
}

/** Perl, where it is there, starts in a fifth of the time. */
async function chooseStarter(): Promise<readonly string[]> {
  const number = keyctlNumbers[process.arch];
  const hasPerl = await access('/usr/bin/perl').then(
    () => true,
    () => false,
  );
  if (hasPerl && number !== undefined) return ['/usr/bin/perl', '-e', joinInPerl, '--', String(number)];
  return [...python, 'run'];
}
