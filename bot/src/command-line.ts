// The commands of `coppice`. Exit codes: 0 good, 1 the thing asked about is bad, 2 usage.
import { QueueError } from '@coppice/builder-runner/queue';
import { GitError } from '@coppice/builder-runner/remote';
import { type ProjectName, RunnerError } from '@coppice/builder-runner/runner';
import { type BuildState, buildStates, isPathName, isPathOwner, parseBuildId, parseChroot } from '@coppice/config';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { cancel, comment, rollback } from './cli/comment.ts';
import { doctor } from './cli/doctor.ts';
import { importBackendConf, importCoprProject } from './cli/import.ts';
import { plan } from './cli/plan.ts';
import { prune } from './cli/prune.ts';
import { rotateKeyOf } from './cli/rotate-key.ts';
import { status } from './cli/status.ts';
import { openTerminal } from './cli/terminal.ts';
import { verify } from './cli/verify.ts';
import type { Environment } from './service/home.ts';
import { describe } from './service/log.ts';
import { ServiceError } from './vocabulary/errors.ts';
import { sayUnexpectedFileFault } from './vocabulary/file-fault.ts';
import { oneLine } from './vocabulary/plain-text.ts';

const terminal = openTerminal(
  (text) => void process.stdout.write(text),
  (text) => void process.stderr.write(text),
);

const environment = process.env as Environment;

/** Is told the exit code of the command that was run. */
type Exit = (code: number) => void;

/** Runs the command line; the promise gives the exit code. */
async function run(argv: readonly string[]): Promise<number> {
  let code = 0;
  const exit: Exit = (given) => {
    code = given;
  };
  const program = new Command('coppice')
    .description('A Git repository in, signed RPM repositories and a static site out.')
    .version('0.1.0')
    .exitOverride()
    .showHelpAfterError('(coppice --help lists the commands)');
  addService(program, exit);
  addRequests(program, exit);
  addPrune(program, exit);
  addDoctor(program, exit);
  addVerify(program, exit);
  addKeys(program, exit);
  addImports(program, exit);
  await program.parseAsync(argv as string[]);
  return code;
}

/** What runs the service, and what looks at it. */
function addService(program: Command, exit: Exit): void {
  program
    .command('serve')
    .description('run the service; with no settings, the embedded default')
    .action(async () => {
      const { serveUntilStopped } = await import('./serve.ts');
      exit(await serveUntilStopped(environment));
    });
  program
    .command('plan')
    .description('show what the config repo in a folder would build')
    .argument('[folder]', 'a checkout of the config repo', '.')
    .option('--json', 'print JSON')
    .action(async (folder: string, options: { json?: true }) => {
      exit(await plan(terminal, environment, folder, options.json === true));
    });
  program
    .command('status')
    .description('show the builds, or one of them')
    .argument('[id]', 'the number of a build', buildId)
    .option('--project <project>', 'only builds of this OWNER/NAME, or of all projects of an OWNER')
    .option(
      '--state <state>',
      `only builds in this state (${buildStates.join(', ')}); may be repeated`,
      collectStates,
      [],
    )
    .option('--json', 'print JSON')
    .action(
      async (id: number | undefined, options: { project?: string; state: readonly BuildState[]; json?: true }) => {
        const { project, state: states, json } = options;
        exit(await status(terminal, environment, { id, project, states, json: json === true }));
      },
    );
}

/** What asks the service for something, as a comment does. */
function addRequests(program: Command, exit: Exit): void {
  program
    .command('comment')
    .description('post a comment such as "/build hello" and follow the answer until it is final')
    .argument('<text>', 'the comment', someText)
    .option('--issue <number>', 'the issue of the config repo to comment on', issueNumber, 1)
    .option('--json', 'print the answer as JSON')
    .option('--no-follow', 'do not wait for the answer')
    .addHelpText(
      'after',
      '\nThe GitHub token is read from COPPICE_TOKEN (embedded default: the token of the user maintainer).',
    )
    .action(async (text: string, options: { issue: number; json?: true; follow: boolean }, command: Command) => {
      if (options.json && !options.follow)
        command.error('--json prints the answer, and --no-follow does not wait for it: leave one of them out.');
      exit(
        await comment(terminal, environment, text, {
          issue: options.issue,
          json: options.json === true,
          follow: options.follow,
        }),
      );
    });
  program
    .command('cancel')
    .description('cancel a build that waits or runs')
    .argument('<id>', 'the number of the build', buildId)
    .option('--issue <number>', 'the issue of the config repo to comment on', issueNumber, 1)
    .action(async (id: number, options: { issue: number }) => {
      exit(await cancel(terminal, environment, id, options.issue));
    });
  program
    .command('rollback')
    .description('show users of a project what they saw before its last publication')
    .argument('<project>', 'OWNER/PROJECT', projectName)
    .argument('<chroot>', 'such as fedora-42-x86_64', chrootName)
    .argument('[generation]', 'the number of the generation to go back to; default: the one before', generationNumber)
    .option('--issue <number>', 'the issue of the config repo to comment on', issueNumber, 1)
    .option('--json', 'print the answer as JSON')
    .action(
      async (
        { owner, name }: ProjectName,
        chroot: string,
        generation: number | undefined,
        options: { issue: number; json?: true },
      ) => {
        const { issue, json } = options;
        exit(
          await rollback(terminal, environment, {
            project: `${owner}/${name}`,
            chroot,
            generation,
            issue,
            json: json === true,
          }),
        );
      },
    );
}

function addPrune(program: Command, exit: Exit): void {
  program
    .command('prune')
    .description('remove old builds and sandboxes, as `retention` of coppice.yaml says')
    .option('--dry-run', 'only print what would be removed')
    .option('--json', 'print JSON')
    .action(async (options: { dryRun?: true; json?: true }) => {
      exit(await prune(terminal, environment, { dryRun: options.dryRun === true, json: options.json === true }));
    });
}

function addDoctor(program: Command, exit: Exit): void {
  program
    .command('doctor')
    .description('name what is missing or broken on this machine, and the fix')
    .option('--json', 'print JSON')
    .action(async (options: { json?: true }) => {
      exit(await doctor(terminal, environment, process.env.PATH ?? '', options.json === true));
    });
}

interface VerifyOptions {
  readonly key?: string;
  readonly attestation?: string;
  readonly repo?: string;
  readonly json?: true;
}

function addVerify(program: Command, exit: Exit): void {
  program
    .command('verify')
    .description(
      'check an RPM offline: its signature, its attestation, and whether they are about the same file; or a repository',
    )
    .argument('[file]', 'the RPM')
    .option('--key <file>', "the project's public key (default: pubkey.gpg beside the RPM, or two folders above)")
    .option('--attestation <file>', 'the attestation (default: attestation.intoto.jsonl beside the RPM)')
    .option('--repo <folder>', 'a repository instead of an RPM: its metadata against its packages, checksums and key')
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, options: VerifyOptions) => {
      const { key, attestation, repo, json } = options;
      exit(await verify(terminal, { file, repo, key, attestation, json: json === true }));
    });
}

function addKeys(program: Command, exit: Exit): void {
  program
    .command('rotate-key')
    .description('make the next signing key of a project, which both clients of the old key and new ones accept')
    .argument('<project>', 'OWNER/PROJECT', projectName)
    .option('--now', 'let it sign at once; default: when it has been published for as long as signing.overlap says')
    .option('--json', 'print JSON')
    .action(async ({ owner, name }: ProjectName, options: { now?: true; json?: true }) => {
      const order = { owner, name, atOnce: options.now === true, json: options.json === true };
      exit(await rotateKeyOf(terminal, environment, order));
    });
}

function addImports(program: Command, exit: Exit): void {
  const imports = program.command('import').description('turn what a Copr has into files of Coppice');
  imports
    .command('copr-be.conf')
    .description('the settings of a Copr backend (2012, 2013) as a settings file; every key is named in its comments')
    .argument('<file>', 'the copr-be.conf')
    .option('--output <folder>', 'write settings.yaml there instead of printing it')
    .option('--force', 'replace a file that is there')
    .action(async (file: string, options: { output?: string; force?: true }, command: Command) => {
      refuseForceAlone(options, command);
      exit(await importBackendConf(terminal, file, { output: options.output, force: options.force === true }));
    });
  imports
    .command('copr')
    .description(
      'a project of a Copr, from its public API, as a project of a config repo; 1 when something was left out',
    )
    .argument('<project>', 'OWNER/PROJECT or @GROUP/PROJECT')
    .requiredOption('--from <source>', 'a file or folder of recorded answers, or the address of the Copr')
    .option('--output <folder>', 'write into the config repo there instead of printing')
    .option('--hash', 'download linked source packages for their hashes')
    .option('--maintainer <login>', 'a GitHub login that may change the project; may be repeated', collect, [])
    .option('--force', 'replace files that are there')
    .action(async (project: string, options: CoprOptions, command: Command) => {
      refuseForceAlone(options, command);
      const { from, output, hash, maintainer, force } = options;
      const order = { from, output, hash: hash === true, force: force === true, maintainers: maintainer };
      exit(await importCoprProject(terminal, project, order));
    });
}

interface CoprOptions {
  readonly from: string;
  readonly output?: string;
  readonly hash?: true;
  readonly maintainer: readonly string[];
  readonly force?: true;
}

/** Throws CommanderError. */
function refuseForceAlone(options: { output?: string; force?: true }, command: Command): void {
  if (options.force && options.output === undefined)
    command.error('--force replaces files in the folder of --output: name that as well, or leave --force out.');
}

function collectStates(text: string, before: readonly BuildState[]): readonly BuildState[] {
  const state = buildStates.find((one) => one === text);
  if (state === undefined) throw new InvalidArgumentError(`A state is one of ${buildStates.join(', ')}.`);
  return [...before, state];
}

function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

function buildId(text: string): number {
  const id = parseBuildId(text);
  if (id === undefined) throw new InvalidArgumentError('A build has a number such as 42.');
  return id;
}

function projectName(text: string): ProjectName {
  const [owner = '', name = '', ...more] = text.split('/');
  if (more.length > 0 || !isPathOwner(owner) || !isPathName(name))
    throw new InvalidArgumentError('A project is named OWNER/PROJECT, such as acme/tools.');
  return { owner, name };
}

function someText(text: string): string {
  if (text.trim() === '') throw new InvalidArgumentError('A comment says something, such as "/build hello".');
  return text;
}

function chrootName(text: string): string {
  if (parseChroot(text) === undefined) throw new InvalidArgumentError('A chroot is such as fedora-42-x86_64.');
  return text;
}

function generationNumber(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('A generation has a number such as 42.');
  return Number(text);
}

function issueNumber(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new InvalidArgumentError('An issue has a number such as 1.');
  return Number(text);
}

try {
  process.exitCode = await run(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof ServiceError) {
    terminal.say(oneLine(describe(error)));
    process.exitCode = error.code === 'settings' ? 2 : 1;
  } else if (error instanceof QueueError || error instanceof RunnerError || error instanceof GitError) {
    // Its message says where and what; a stack would only hide it.
    terminal.say(oneLine(describe(error)));
    process.exitCode = 1;
  } else {
    const sentence = sayUnexpectedFileFault(error);
    if (sentence === undefined) throw error;
    terminal.say(oneLine(sentence));
    process.exitCode = 1;
  }
}
