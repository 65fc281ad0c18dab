// A machine as a cloud would boot it from cloud-init's user data: a real SSH server on a loopback address of its own,
// with the host key and the one key that the user data name. It shares this machine's files, so nothing may be
// provisioned on it.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parse as parseYaml } from 'yaml';

export interface Machine {
  readonly address: string;
  readonly port: number;
  /** Resolves when its SSH server and every login are gone. */
  end(): Promise<void>;
}

/** What cloud-init takes from the user data; see its documentation of the modules `ssh` and `users`. */
interface CloudConfig {
  readonly ssh_keys: { readonly ed25519_private: string; readonly ed25519_public: string };
  readonly ssh_authorized_keys: readonly string[];
  readonly disable_root: boolean;
}

let count = 0;

/** Addresses of 127.0.0.0/8 that nobody else takes: the process's number is part of them. */
export function freshAddress(): string {
  count += 1;
  return `127.${32 + (process.pid % 16)}.${(process.pid >> 4) % 256}.${count}`;
}

/** Boots one. Throws when the user data are not a cloud-config that lets root in by a key. */
export async function bootMachine(scratch: string, userData: string, address: string, port: number): Promise<Machine> {
  const [first, ...rest] = userData.split('\n');
  if (first !== '#cloud-config') throw new Error(`cloud-init would not know these user data: ${first}`);
  const config = parseYaml(rest.join('\n')) as CloudConfig;
  if (config.disable_root) throw new Error('root could not log in');
  const folder = mkdtempSync(join(scratch, 'machine-'));
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const options = {
    ListenAddress: `${address}:${port}`,
    HostKey: write('host_key', `${config.ssh_keys.ed25519_private.trimEnd()}\n`),
    AuthorizedKeysFile: write('authorized_keys', `${config.ssh_authorized_keys.join('\n')}\n`),
    PermitRootLogin: 'prohibit-password',
    AuthenticationMethods: 'publickey',
    UsePAM: 'no',
    StrictModes: 'no',
    PidFile: 'none',
  };
  const lines = Object.entries(options).map(([key, value]) => `${key} ${value}\n`);
  const server = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', write('sshd_config', lines.join(''))], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await answers(server, address, port);
  const gone = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const end = async () => {
    server.kill('SIGTERM');
    await gone;
  };
  return { address, port, end };
}

/** Waits until the SSH server greets; throws with its words when it ends instead. */
async function answers(server: ChildProcess, address: string, port: number): Promise<void> {
  let said = '';
  server.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  while (!(await greets(address, port))) {
    if (server.exitCode !== null) throw new Error(`sshd ended: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function greets(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port });
    socket.once('data', (chunk) => resolve(chunk.toString().startsWith('SSH-')));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  }).then((yes) => yes as boolean);
}
