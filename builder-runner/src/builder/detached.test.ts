// The script that keeps a build going without us, run as it is.
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

const script = join(import.meta.dirname, 'detached.sh');
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-detached-'));
});
afterEach(async () => {
  detached('stop');
  await rm(folder, { recursive: true, force: true });
});

function detached(verb: string, ...more: string[]): string {
  return execFileSync('sh', [script, verb, folder, ...more], { encoding: 'utf8' }).trim();
}

function isAlive(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('a command goes on after its start has returned; its output and exit code are kept', () => {
  const pid = detached('start', '60', 'sh', '-c', 'echo "$1"; exit 3', 'x', "it's $HOME");
  expect(pid).toBe(readFileSync(join(folder, 'pid'), 'utf8').trim());
  expect(detached('wait')).toBe('3');
  expect(detached('wait')).toBe('3');
  expect(readFileSync(join(folder, 'output'), 'utf8')).toBe("it's $HOME\n");
});

test('to start it again does nothing, while it runs and when it has ended', () => {
  const command = ['sh', '-c', 'echo once; read line <gate; exit 0'];
  execFileSync('mkfifo', [join(folder, 'gate')]);
  detached('start', '60', ...command);
  detached('start', '60', ...command);
  execFileSync('sh', ['-c', 'echo go >"$1"', 'sh', join(folder, 'gate')]);
  expect(detached('wait')).toBe('0');
  detached('start', '60', ...command);
  expect(detached('wait')).toBe('0');
  expect(readFileSync(join(folder, 'output'), 'utf8')).toBe('once\n');
});

test('several may wait for it', async () => {
  execFileSync('mkfifo', [join(folder, 'gate')]);
  detached('start', '60', 'sh', '-c', 'read line <gate; exit 5');
  const wait = () => promisify(execFile)('sh', [script, 'wait', folder]);
  const waiting = Promise.all([wait(), wait()]);
  execFileSync('sh', ['-c', 'echo go >"$1"', 'sh', join(folder, 'gate')]);
  expect((await waiting).map(({ stdout }) => stdout)).toEqual(['5\n', '5\n']);
});

test('stop ends it and all that it started; a command that has ended is left alone', async () => {
  detached('start', '60', 'sh', '-c', 'sleep 3600 & echo $! >child; wait');
  await vi.waitFor(() => expect(existsSync(join(folder, 'child'))).toBe(true), { timeout: 50_000 });
  const child = readFileSync(join(folder, 'child'), 'utf8').trim();
  expect(detached('stop')).toBe('ended');
  await vi.waitFor(() => expect(isAlive(child)).toBe(false), { timeout: 50_000 });
  expect(detached('wait')).toBe('143');
  expect(detached('stop')).toBe('ended');
});

test('a command that ignores TERM is killed, and that is said', async () => {
  detached('start', '60', 'sh', '-c', "trap '' TERM; touch ready; while :; do sleep 0.1; done");
  await vi.waitFor(() => expect(existsSync(join(folder, 'ready'))).toBe(true), { timeout: 50_000 });
  expect(detached('stop', '0.3')).toBe('killed');
  expect(detached('wait')).toBe('killed');
});

test('what the command leaves running ends with it', async () => {
  detached('start', '60', 'sh', '-c', 'sleep 3600 & echo $! >child; exit 0');
  expect(detached('wait')).toBe('0');
  await vi.waitFor(() => expect(isAlive(readFileSync(join(folder, 'child'), 'utf8').trim())).toBe(false), {
    timeout: 50_000,
  });
});

test('it ends when its time is over, with nobody there', () => {
  detached('start', '0.2', 'sleep', '3600');
  expect(detached('wait')).toBe('124');
});

test('killed together with who watched it: that is said, unless the machine went down', () => {
  detached('start', '60', 'sleep', '3600');
  execFileSync('sh', ['-c', 'kill -s KILL -- "-$(cat "$1")"', 'sh', join(folder, 'pid')]);
  expect(detached('wait')).toBe('killed');
  // As after a new start of the machine.
  writeFileSync(join(folder, 'boot'), 'another one\n');
  expect(detached('wait')).toBe('gone');
});
