import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeSrpm } from './make-srpm.ts';

let folder: string;
const spec = (extra = '') => `Name: tiny
Version: 1.0
Release: 1
Summary: Tiny
License: Apache-2.0
${extra}
%description
Tiny.
%files
`;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-make-srpm-'));
  await mkdir(join(folder, 'sources'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function make(name?: string, seconds = 30) {
  const output = join(folder, 'out');
  const signal = new AbortController().signal;
  return makeSrpm({ sources: join(folder, 'sources'), spec: name, output, seconds, sourceBytes: 1_000_000, signal });
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, 'sources', name), text);
}

test('a spec with its sources becomes a source package', async () => {
  write('tiny.spec', spec('Source0: data.txt'));
  write('data.txt', 'data\n');
  expect(await make()).toMatchObject({ ok: true, value: { file: 'tiny-1.0-1.src.rpm' } });
  expect(existsSync(join(folder, 'out', 'tiny-1.0-1.src.rpm'))).toBe(true);
});

describe('what a hostile spec tries', () => {
  /** The spec's program writes what it saw to /out; such a stray file is refused, and the test reads it. */
  async function whatItSaw(program: string): Promise<string> {
    write('tiny.spec', spec(`%global seen %(${program})\nURL: https://example.org/%{seen}\nProvides: seen(%{seen})`));
    await rm(join(folder, 'out'), { recursive: true, force: true });
    const made = await make();
    if (!made.ok) throw new Error(made.failure.message);
    const { execa } = await import('execa');
    const query = ['-qp', '--nosignature', '--qf', '%{URL}', join(folder, 'out', made.value.file)];
    return (await execa('rpm', query)).stdout.replace('https://example.org/', '');
  }

  test("it sees no file of the control host, neither a secret nor the machine's accounts", async () => {
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'hunter2');
    expect(await whatItSaw(`cat ${secret} /etc/shadow /root/.bashrc 2>/dev/null | wc -c`)).toBe('0');
    expect(await whatItSaw('ls -d /work /var /root /run 2>/dev/null | wc -l')).toBe('0');
  });

  test('it cannot set anything of the kernel, nor make devices', async () => {
    const tries =
      'for f in kernel/core_pattern kernel/modprobe; do (: >> /proc/sys/$f) 2>/dev/null && echo opened; done';
    expect(await whatItSaw(`${tries}; mknod /tmp/sda b 8 0 2>/dev/null && echo made; echo end`)).toBe('end');
  });

  test('it sees no environment of the service', async () => {
    process.env.COPPICE_TEST_SECRET = 'hunter2';
    expect(await whatItSaw('env | grep -c COPPICE_TEST_SECRET')).toBe('0');
  });

  test('it reaches no network, not even this machine', async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const program = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}' 2>/dev/null && echo reached || echo no`;
    expect(await whatItSaw(program)).toBe('no');
    await new Promise((resolve) => server.close(resolve));
    expect(connections).toBe(0);
  });

  test('it cannot write to its sources, nor leave more than the package', async () => {
    expect(await whatItSaw('touch /sources/x 2>/dev/null && echo written || echo no')).toBe('no');
    write('tiny.spec', spec('%global stray %(touch /out/stray)'));
    await rm(join(folder, 'out'), { recursive: true });
    expect(await make()).toMatchObject({ ok: false, failure: { reason: 'source' } });
  });

  test('it is ended at the time limit', async () => {
    write('tiny.spec', spec('%global wait %(sleep 1000)'));
    expect(await make(undefined, 1)).toMatchObject({
      ok: false,
      failure: { reason: 'source', message: 'The spec was not read within 1 s.' },
    });
  });
});

describe('what is wrong is said in one sentence', () => {
  test('a spec that does not parse', async () => {
    write('tiny.spec', 'Name: tiny\nBogus: yes\n');
    const made = await make();
    expect(made).toMatchObject({ ok: false, failure: { reason: 'source' } });
    expect(made.ok ? '' : made.failure.message).toMatch(/^No source package could be made of tiny\.spec: .*Bogus/);
  });

  test('a source that is not there', async () => {
    write('tiny.spec', spec('Source0: missing.tar.gz'));
    expect(await make()).toMatchObject({ failure: { message: expect.stringMatching(/missing\.tar\.gz/) } });
  });

  test('no spec, two specs, another name', async () => {
    expect(await make()).toMatchObject({ failure: { message: 'There is no .spec file among the sources.' } });
    write('a.spec', spec());
    write('b.spec', spec());
    expect(await make()).toMatchObject({ failure: { message: expect.stringMatching(/^There are 2 spec files/) } });
    expect(await make('c.spec')).toMatchObject({ failure: { message: expect.stringMatching(/^There is no c\.spec/) } });
    expect(readdirSync(folder)).not.toContain('out');
  });
});
