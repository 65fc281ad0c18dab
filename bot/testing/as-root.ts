// Commands that only root may run, for tests: a user with sudo asks for them.
import { execa } from 'execa';

const asRoot = process.getuid?.() === 0 ? [] : ['sudo', '-n'];

/**
 * Runs a command as root. It does not reject: a failure is an exit code (-1: not started, or ended by a signal) and
 * what was said.
 */
export async function runAsRoot(
  command: readonly string[],
  options: { readonly input?: string; readonly milliseconds?: number } = {},
): Promise<{ exitCode: number; output: string }> {
  const [program = '', ...args] = [...asRoot, ...command];
  const ended = await execa(program, args, {
    reject: false,
    all: true,
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    timeout: options.milliseconds ?? 300_000,
    env: { LC_ALL: 'C.UTF-8' },
  });
  return { exitCode: ended.exitCode ?? -1, output: ended.all ?? '' };
}

/** As above; throws with what the command said when it fails. */
export async function mustAsRoot(...command: string[]): Promise<void> {
  const { exitCode, output } = await runAsRoot(command);
  if (exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${exitCode} as root: ${output}`);
}
