import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { complaintOf } from './playbook.ts';
import { builderPrefix, machineArchitecture, parseLegacyAddress } from './spawn.ts';
import { shellWords } from './ssh.ts';

test('any arguments arrive unchanged through a shell', () => {
  const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
      const line = shellWords(['printf', '%s\\0', ...words]);
      const printed = execFileSync('sh', ['-c', line], { encoding: 'utf8' });
      expect(printed.split('\0').slice(0, -1)).toEqual(words);
    }),
    { numRuns: 30 },
  );
});

test('a legacy playbook tells the address by IP=', () => {
  expect(parseLegacyAddress('TASK [x]\n"msg": "IP=192.0.2.7"\n')).toBe('192.0.2.7');
  expect(parseLegacyAddress('IP=-oProxyCommand=x')).toBeUndefined();
  expect(parseLegacyAddress('nothing')).toBeUndefined();
});

test('names of builders tell services apart and fit a driver', () => {
  expect(builderPrefix('/a')).not.toBe(builderPrefix('/b'));
  expect(`${builderPrefix('/a')}123456789-12-mws40had`).toMatch(/^[a-z0-9-]{1,48}$/);
  expect([machineArchitecture('i686'), machineArchitecture('aarch64')]).toEqual(['x86_64', 'aarch64']);
});

test("a failed playbook is described in its task's words", () => {
  const output =
    'PLAY [x]\nfatal: [localhost]: FAILED! => {"msg": "non-zero return code", "stderr": "local-builder: \\"no\\" room"}\n';
  expect(complaintOf(output)).toBe('non-zero return code: local-builder: "no" room');
});

describe('the detached command', () => {
  const script = join(import.meta.dirname, 'detached.sh');
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coppice-detached-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const call = (verb: string, ...argv: string[]) =>
    spawnSync('sh', [script, verb, folder, ...argv], { encoding: 'utf8', timeout: 20_000 });

  /** A signal to a command that has not begun yet may be lost on it, or end it before it can ignore one. */
  const untilReady = () =>
    execFileSync('sh', ['-c', 'until grep -q ready output; do sleep 0.01; done'], { cwd: folder, timeout: 20_000 });

  /** What runs in a process group; ended ones may wait for the machine's first process to notice. */
  function runningIn(group: number): string[] {
    const lines = execFileSync('ps', ['-eo', 'pgid=,stat=,args='], { encoding: 'utf8' }).split('\n');
    return lines.filter((line) => new RegExp(`^\\s*${group} [^Z]`).test(line));
  }

  test('ends by itself: whoever waits gets its exit code, arguments arrive unchanged', () => {
    expect(call('start', 'sh', '-c', 'echo "$1"; exit 7', 'x', "it's $HOME").status).toBe(0);
    expect(call('wait').stdout).toBe('7\n');
    expect(readFileSync(join(folder, 'output'), 'utf8')).toBe("it's $HOME\n");
    expect(call('wait').stdout).toBe('7\n'); // and so does whoever comes late
  });

  test('a second one in the same folder is refused while it runs, stopping ends all of it', () => {
    call('start', 'sh', '-c', 'sleep 1000 & echo ready; wait');
    untilReady();
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    expect(runningIn(pid).length).toBeGreaterThan(0);
    expect(call('start', 'true').status).toBe(75);
    expect(call('stop').status).toBe(0);
    expect(runningIn(pid)).toEqual([]);
    expect(call('wait').stdout).toBe('143\n');
  });

  test('a command that ignores TERM is killed', () => {
    call('start', 'sh', '-c', "trap '' TERM; echo ready; while :; do sleep 0.1; done");
    untilReady();
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    expect(call('stop').status).toBe(0);
    expect(runningIn(pid)).toEqual([]);
    expect(existsSync(join(folder, 'exit'))).toBe(false);
    expect(call('wait').stdout).toBe('unknown\n');
  }, 20_000);
});
