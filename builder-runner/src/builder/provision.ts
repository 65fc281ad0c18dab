// Turns a spawned instance into a builder: the role `builder`, over SSH with the pinned host key.
import { writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { chrootOf } from '@coppice/config';
import { execa } from 'execa';
import { RunnerError } from '../base/errors.ts';
import { ansibleFolder, PlaybookOutput, runPlaybook } from './playbook.ts';
import { type Builder, type Driver, machineArchitecture } from './spawn.ts';

/**
 * Who runs mock on a builder: the user that the role makes. Only a builder that is this very machine, without root, has
 * no user but our own: its SSH server cannot let anybody else in.
 */
export function buildUserOf({ instance }: Builder): string {
  const isThisMachine = instance.host.startsWith('127.') && instance.user === userInfo().username;
  return isThisMachine && instance.user !== 'root' ? instance.user : 'mockbuild';
}

/** Runs the role. Throws RunnerError `unreachable` or `provision`. */
export async function provisionBuilder(driver: Driver, builder: Builder, signal: AbortSignal): Promise<void> {
  const inventory = join(builder.folder, 'inventory.json');
  await writeFile(inventory, JSON.stringify(inventoryOf(builder)), { mode: 0o600 });
  const running = runPlaybook({
    code: 'provision',
    playbook: join(ansibleFolder, 'playbooks', 'builder.yml'),
    inventory,
    variables: {
      coppice_public_key: builder.publicKey,
      coppice_build_user: buildUserOf(builder),
      coppice_chroot: builder.chroot,
      coppice_arch: machineArchitecture(chrootOf(builder.chroot).architecture),
    },
    folder: builder.folder,
    seconds: driver.settings.timeouts.provisionSeconds,
    signal,
  });
  await running.catch(async (error) => {
    if (!(error instanceof RunnerError && error.cause instanceof PlaybookOutput && error.cause.isUnreachable))
      throw error;
    const { host, port, user } = builder.instance;
    const why = error.message.replace(/^.*?failed: /, '');
    const message = `${builder.name} came up and cannot be reached as ${user}@${host} port ${port}: ${why}`;
    const said = `${error.cause.output}\n${await tryToReach(builder, signal)}`;
    throw new RunnerError('unreachable', message, { cause: new PlaybookOutput(said, true) });
  });
}

/** What the SSH client says when it tries once more, step by step; for operators. */
async function tryToReach(builder: Builder, signal: AbortSignal): Promise<string> {
  const { host, port, user } = builder.instance;
  const words = [
    '-v',
    ...sshOptions(builder),
    '-i',
    builder.keyFile,
    '-p',
    String(port),
    '-l',
    user,
    '--',
    host,
    'true',
  ];
  const done = await execa('ssh', words, { stdin: 'ignore', reject: false, timeout: 30_000, cancelSignal: signal });
  signal.throwIfAborted();
  return `ssh -v ended with ${done.exitCode ?? done.signal}:\n${done.stderr ?? ''}`;
}

function inventoryOf(builder: Builder) {
  const { instance } = builder;
  return {
    all: {
      hosts: {
        [builder.name]: {
          ansible_host: instance.host,
          ansible_port: instance.port,
          ansible_user: instance.user,
          ansible_ssh_private_key_file: builder.keyFile,
          ansible_ssh_common_args: sshOptions(builder).map(ansibleWord).join(' '),
        },
      },
    },
  };
}

/** Ansible splits like a shell, after taking away a quote at both ends of the whole: so plain words stay plain. */
function ansibleWord(word: string): string {
  return /^[A-Za-z0-9_./=:@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** OpenSSH's options for this builder alone: its key, its pinned host key, nothing of the user's configuration. */
export function sshOptions(builder: Builder): readonly string[] {
  const options = {
    UserKnownHostsFile: `"${builder.knownHostsFile}"`,
    GlobalKnownHostsFile: '/dev/null',
    StrictHostKeyChecking: 'yes',
    IdentitiesOnly: 'yes',
    IdentityAgent: 'none',
    BatchMode: 'yes',
    ConnectTimeout: '15',
    ServerAliveInterval: '10',
    ControlMaster: 'no',
    ForwardAgent: 'no',
  };
  return ['-F', '/dev/null', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])];
}
