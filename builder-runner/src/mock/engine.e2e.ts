// What the runner expects of a build engine, spoken through mock's command line, exit codes and result files alone. It
// runs on mock-lite and on the machine's own mock; COPPICE_MOCK=<path of a mock> tries that one.
import { existsSync } from 'node:fs';
import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EngineBench, findEngines, type PackageParts } from '../../testing/engine-bench.ts';
import { makeRpms } from '../../testing/make-rpms.ts';
import type { FurtherRepository } from './mock-config.ts';

const library: PackageParts = {
  head: '%package devel\nSummary: Headers\nRequires: %{name} = %{version}-%{release}\n%description devel\nHeaders.',
  build:
    "echo 'int greet(void) { return 7; }' > greet.c\ngcc %{optflags} -shared -fPIC -Wl,-soname,libgreet.so.1 -o libgreet.so.1 greet.c",
  install:
    'install -D libgreet.so.1 %{buildroot}%{_libdir}/libgreet.so.1\nln -s libgreet.so.1 %{buildroot}%{_libdir}/libgreet.so\nmkdir -p %{buildroot}%{_includedir}\necho "int greet(void);" > %{buildroot}%{_includedir}/greet.h',
  files: '%{_libdir}/libgreet.so.1\n%files devel\n%{_libdir}/libgreet.so\n%{_includedir}/greet.h',
};
const greeter: PackageParts = {
  head: 'BuildRequires: gcc, greet-devel',
  build:
    "printf '#include <greet.h>\\nint main(void) { return greet() - 7; }\\n' > greeter.c\ngcc %{optflags} -o greeter greeter.c -lgreet",
};
const waiting: PackageParts = {
  // The second process has left its session and hears no signal: only the end of a namespace takes it along.
  build: "(trap '' TERM INT HUP; setsid sleep 3600) &\necho WAITING\nsleep 3600",
};
/** A line of Python that says whether a TCP port of this machine can be reached. */
const call = (port: number) =>
  `python3 -c "exec('''import socket\ntry:\n    socket.create_connection(('127.0.0.1', ${port}), 5)\n    print('NETWORK', 'REACHED')\nexcept OSError:\n    print('NETWORK', 'OFF')''')"`;

const noContainers = 'mock cuts the network by systemd-nspawn, which does not run on this machine';

/** Packages that no root holds by itself; returns their folder. */
async function makeAddons(bench: EngineBench): Promise<string> {
  const folder = join(bench.folder, 'addons');
  await mkdir(folder);
  for (const name of ['addon-one', 'addon-two']) await makeRpms(folder, name, '1');
  return folder;
}

for (const engine of await findEngines()) {
  // A test runs up to three commands.
  const timeout = 3 * engine.commandMilliseconds;
  describe(`the engine ${engine.name}`, { timeout }, () => {
    let bench: EngineBench;
    let listener: Server;
    let port: number;
    let addons: FurtherRepository;

    beforeAll(async () => {
      bench = await EngineBench.open(engine);
      listener = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      port = (listener.address() as AddressInfo).port;
      addons = await bench.publish('addons', await makeAddons(bench));
      await bench.prepare();
    }, timeout);
    afterAll(async () => {
      listener.close();
      for (const name of ['build', 'kept']) {
        await bench.mock(await bench.config({ name }), ['--scrub=all']);
      }
      await bench.close();
    }, timeout);

    const rebuild = async (name: string, parts: PackageParts, options: Parameters<EngineBench['config']>[0] = {}) =>
      bench.mock(await bench.config(options), ['--rebuild', await bench.srpm(name, parts)]);

    test('turns an SRPM into RPMs and leaves the logs that the runner reads', async () => {
      const run = await rebuild('tool', {
        head: 'BuildRequires: gcc',
        build: "echo 'int main(void) { return 0; }' > tool.c\ngcc %{optflags} -o tool tool.c",
        install: 'install -D tool %{buildroot}%{_bindir}/tool',
        check: './tool',
        files: '%{_bindir}/tool',
      });
      expect(run, run.stderr).toMatchObject({ exitCode: 0 });
      expect(await bench.results()).toEqual(
        expect.arrayContaining([
          ...['build.log', 'hw_info.log', 'installed_pkgs.log', 'root.log', 'state.log'],
          ...['tool-1-1.sap12.src.rpm', 'tool-1-1.sap12.x86_64.rpm'],
        ]),
      );
      expect(await bench.log('build.log')).toMatch(/^Executing\(%check\)/m);
      // mock after 6.7 says no checksum of their headers.
      expect(await bench.log('installed_pkgs.log')).toMatch(/^gcc-12\S*\.x86_64 \d+ \d+ (?:[0-9a-f]{32} )?installed$/m);
      expect((await bench.log('hw_info.log')).toLowerCase()).toMatch(/cpu/);
      expect(await bench.log('state.log')).toMatch(
        /Start: rpmbuild tool-1-1\.sap12\.src\.rpm\n[\s\S]*Finish: rpmbuild/,
      );
      expect(await bench.leftovers()).toEqual([]);
    });

    test('a second build takes the kept root instead of installing it again', async () => {
      // mock adds to the logs that are there.
      const run = await bench.mock(await bench.config(), ['--rebuild', await bench.srpm('again')], 'again');
      expect(run).toMatchObject({ exitCode: 0 });
      expect(await bench.log('root.log', 'again')).not.toMatch(/buildsys-build/);
      if (engine.isReal) expect(await bench.log('state.log', 'again')).toMatch(/Finish: unpacking root cache/);
    });

    test('what a project adds to its root is in no root that is kept', async () => {
      const extra = { repos: [addons], buildroot: { packages: ['addon-one'] } };
      expect(await rebuild('extra', { build: 'rpm -q addon-one' }, extra)).toMatchObject({ exitCode: 0 });
      const after = await rebuild('after', { build: '! rpm -q addon-one' }, { repos: [addons] });
      expect(after.exitCode, await bench.log('build.log')).toBe(0);
    });

    describe('says by its exit code what went wrong:', () => {
      test('1 a build that fails, and its log says where', async () => {
        expect(await rebuild('fails', { check: 'echo no good; exit 3' })).toMatchObject({ exitCode: 1 });
        expect(await bench.log('build.log')).toMatch(/no good\n[\s\S]*Bad exit status from \S+ \(%check\)/);
      });

      test('1 what is no SRPM', async () => {
        const bad = join(bench.folder, 'bad-1-1.src.rpm');
        await writeFile(bad, 'not an rpm');
        expect(await bench.mock(await bench.config(), ['--rebuild', bad])).toMatchObject({ exitCode: 1 });
      });

      test('40 an SRPM that breaks off', async () => {
        await execa('dd', ['if=/dev/urandom', `of=${bench.folder}/srpms/noise`, 'bs=1000', 'count=100', 'status=none']);
        const whole = await bench.srpm('cut', { head: 'Source0: noise' });
        await truncate(whole, 50_000);
        expect(await bench.mock(await bench.config(), ['--rebuild', whole])).toMatchObject({ exitCode: 40 });
      });

      test('3 a configuration that cannot be read', async () => {
        const config = await bench.config({ extra: 'nonsense(' });
        expect(await bench.mock(config, ['--rebuild', await bench.srpm('tool2')])).toMatchObject({ exitCode: 3 });
      });

      test('11 a build that takes too long, of which nothing stays', async () => {
        const run = await rebuild('waits', waiting, { timeoutSeconds: engine.isReal ? 15 : 3 });
        expect(run, run.stderr).toMatchObject({ exitCode: 11 });
        expect(await bench.log('build.log')).toMatch(/^WAITING$/m);
        expect(await bench.leftovers()).toEqual([]);
      });

      test('30 requirements that nothing meets, by name', async () => {
        expect(await rebuild('wishes', { head: 'BuildRequires: no-such-thing >= 2' })).toMatchObject({ exitCode: 30 });
        expect(await bench.log('root.log')).toContain('no-such-thing');
      });

      test('30 a repository that does not answer', async () => {
        const repos = [{ url: 'http://127.0.0.1:1/' }];
        expect(await rebuild('lonely', {}, { repos })).toMatchObject({ exitCode: 30 });
      });

      test('60 a root in which another build runs, which goes on; TERM ends that, and nothing stays', async () => {
        const config = await bench.config();
        const srpm = await bench.srpm('waits', waiting);
        const first = bench.start(config, ['--rebuild', srpm], 'first');
        await expect
          .poll(() => bench.log('build.log', 'first'), { timeout: engine.commandMilliseconds / 2 })
          .toMatch(/^WAITING$/m);
        expect(await bench.mock(config, ['--rebuild', srpm], 'second')).toMatchObject({ exitCode: 60 });
        expect(await bench.leftovers()).not.toEqual([]);
        first.kill('SIGTERM');
        expect((await first).exitCode).toBe(143);
        await expect.poll(() => bench.leftovers(), { timeout: 30_000 }).toEqual([]);
      });
    });

    describe('what a project says about its buildroot', () => {
      test('with, without and macros reach the build as they were written', async () => {
        const buildroot = { with: ['tests'], without: ['docs'], macros: { colour: 'dark {{ green }} %{?none}"x"' } };
        const build = `test '%{colour}' = 'dark {{ green }} "x"' && test %{_with_tests} = --with-tests && test %{_without_docs} = --without-docs`;
        const run = await rebuild('asks', { build }, { buildroot });
        expect(run.exitCode, await bench.log('build.log')).toBe(0);
      });

      test('its packages are installed though no spec asks for them', async () => {
        const parts = { build: 'rpm -q addon-one' };
        expect(await rebuild('extra', parts, { repos: [addons] })).toMatchObject({ exitCode: 1 });
        const buildroot = { packages: ['addon-one'] };
        expect(await rebuild('extra', parts, { repos: [addons], buildroot })).toMatchObject({ exitCode: 0 });
      });

      test('requirements that a package generates are installed, and so are those that follow from them', async () => {
        const head = '%generate_buildrequires\necho addon-one\nif rpm -q addon-one >&2; then echo addon-two; fi';
        const run = await rebuild('generates', { head, build: 'rpm -q addon-one addon-two' }, { repos: [addons] });
        expect(run.exitCode, await bench.log('build.log')).toBe(0);
        const refused = await rebuild('generates', { head }, {});
        expect(refused).toMatchObject({ exitCode: 30 });
      });
    });

    describe('a chain', () => {
      const chain = async (name: string, ...options: string[]) => {
        const srpms = [await bench.srpm('greeter', greeter), await bench.srpm('greet', library)];
        return bench.mock(await bench.config(), [
          '--chain',
          '--localrepo',
          join(bench.folder, name),
          ...options,
          ...srpms,
        ]);
      };

      test('in the wrong order ends well with --recurse', async () => {
        const run = await chain('chained', '--recurse', '-c');
        expect(run, run.stderr).toMatchObject({ exitCode: 0 });
        const results = join(bench.folder, 'chained/results/build'); // named as the configuration is
        expect(existsSync(join(results, 'greeter-1-1.sap12/success'))).toBe(true);
        expect(existsSync(join(results, 'greet-1-1.sap12/greet-devel-1-1.sap12.x86_64.rpm'))).toBe(true);
      });

      test('in the wrong order is 4 without', async () => {
        expect(await chain('straight')).toMatchObject({ exitCode: 4 });
      });

      test('that goes on after a failure is 4 too, and has built the rest', async () => {
        expect(await chain('partly', '-c')).toMatchObject({ exitCode: 4 });
        expect(existsSync(join(bench.folder, 'partly/results/build/greet-1-1.sap12/success'))).toBe(true);
      });
    });

    describe('walls', () => {
      test.for(['auto', 'simple', 'nspawn'] as const)('no network with isolation %s', async (isolation, { skip }) => {
        if (!bench.hasContainers) skip(noContainers);
        const run = await rebuild('calls', { build: call(port) }, { buildroot: { isolation } });
        expect(run, run.stderr).toMatchObject({ exitCode: 0 });
        expect(await bench.log('build.log')).toMatch(/^NETWORK OFF$/m);
      });

      test('the network, where the project may have it', async () => {
        const run = await rebuild('calls', { build: call(port) }, { buildroot: { network: true } });
        expect(run, run.stderr).toMatchObject({ exitCode: 0 });
        expect(await bench.log('build.log')).toMatch(/^NETWORK REACHED$/m);
      });

      test('scripts of installed packages reach neither network nor host', async ({ skip }) => {
        if (engine.isReal) skip('mock runs them with the network of the builder: README of the role builder');
        const secret = join(bench.folder, 'secret');
        await writeFile(secret, 'host secret');
        const script = `(${call(port)}; cat ${secret} || echo UNSEEN; ls -d /proc/[0-9]* | wc -l) > /var/said 2>&1\n`;
        const nasty = await rebuild('nasty', { head: `%post\n${script}` });
        expect(nasty).toMatchObject({ exitCode: 0 });
        const repos = [await bench.publish('nasty', join(bench.folder, 'results'))];
        const run = await rebuild('victim', { head: 'BuildRequires: nasty', build: 'cat /var/said' }, { repos });
        expect(run, run.stderr).toMatchObject({ exitCode: 0 });
        const said = await bench.log('build.log');
        expect(said).toMatch(/^NETWORK OFF$/m);
        expect(said).toMatch(/^UNSEEN$/m);
        expect(said).not.toContain('host secret');
      });

      test('a build that takes too much memory fails alone', async ({ skip }) => {
        if (engine.isReal && !existsSync('/run/systemd/system')) skip('mock bounds memory through systemd');
        const parts = { build: "python3 -c 'held = bytearray(600 << 20)'\necho STILL HERE" };
        expect(await rebuild('takes', parts, { memoryBytes: 300 * 1024 ** 2 })).toMatchObject({ exitCode: 1 });
        expect(await bench.log('build.log')).not.toMatch(/^STILL HERE$/m);
        expect(await rebuild('takes', parts, { memoryBytes: 2 * 1024 ** 3 })).toMatchObject({ exitCode: 0 });
      });

      test('a build that writes more than its disk quota fails alone', async ({ skip }) => {
        if (engine.isReal) skip('mock knows no disk quota: README of the role builder');
        const run = await rebuild('fills', { build: 'head -c 200M /dev/zero > big' }, { diskBytes: 60_000_000 });
        expect(run).toMatchObject({ exitCode: 1 });
        expect(await bench.log('build.log')).toContain('No space left on device');
      });
    });

    test('makes an SRPM of a spec and its sources, without network', async () => {
      const spec = await bench.spec('source', { head: `Source0: data.txt\n%(${call(port)} >&2)` });
      const sources = join(bench.folder, 'sources');
      await mkdir(sources);
      await writeFile(join(sources, 'data.txt'), 'data');
      const args = ['--buildsrpm', '--spec', spec, '--sources', sources];
      const run = await bench.mock(await bench.config(), args, 'srpm');
      expect(run, run.stderr).toMatchObject({ exitCode: 0 });
      const { stdout } = await execa('rpm', ['-qlp', join(bench.folder, 'srpm/source-1-1.sap12.src.rpm')]);
      expect(stdout.split('\n').sort()).toEqual(['data.txt', 'source.spec']);
      if (bench.hasContainers) expect(await bench.log('build.log', 'srpm')).not.toContain('NETWORK REACHED');
      const absent = ['--buildsrpm', '--spec', '/nonexistent.spec', '--sources', sources];
      expect(await bench.mock(await bench.config(), absent)).toMatchObject({ exitCode: 5 });
    });

    test('a root stays between commands that prepare it, run in it and fetch from it', async () => {
      const config = await bench.config({ name: 'kept', repos: [addons] });
      const inRoot = async (...args: string[]) => (await bench.mock(config, args)).exitCode;
      const script = join(bench.folder, 'srpms', 'script.sh');
      await writeFile(script, `rpm -q addon-one || exit 9\n${call(port)} > /builddir/said\nid -u >> /builddir/said\n`);
      expect(await inRoot('--init')).toBe(0);
      expect(await inRoot('--install', 'addon-one')).toBe(0);
      expect(await inRoot('--copyin', script, '/builddir/script.sh')).toBe(0);
      expect(await inRoot('--unpriv', '--cwd', '/builddir', '--chroot', '--', 'sh', 'script.sh')).toBe(0);
      expect(await inRoot('--copyout', '/builddir/said', join(bench.folder, 'results', 'said'))).toBe(0);
      const said = await readFile(join(bench.folder, 'results', 'said'), 'utf8');
      expect(said).toMatch(/^NETWORK \w+\n[1-9]\d*\n$/);
      if (bench.hasContainers) expect(said).toContain('NETWORK OFF');
      expect(await inRoot('--enable-network', '--chroot', '--', 'sh', '-c', `${call(port)} | grep REACHED`)).toBe(0);
      expect(await inRoot('--chroot', 'exit 7')).toBe(7);
      expect(await inRoot('--clean')).toBe(0);
      expect(await bench.leftovers()).toEqual([]);
    });
  });
}
