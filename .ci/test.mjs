// Runs every test of the repository and ends with the sum, `N passed, N failed`. Called by `npm test` after the set-up.
// Exit 1 when a test failed, a runner died or a runner found no test. What needs root runs through sudo where the
// caller is not root.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'coppice-test-'));
const sapling = join(root, 'var/test/distributions/sapling-12-x86_64');
const debs = join(root, 'var/cache/debs');
/** `failed` holds the names, which the end of the output repeats: the output is long. */
const total = { passed: 0, failed: [], skipped: [] };
const isRoot = process.getuid?.() === 0;

/**
 * What only root may make, or see: real chroots, builders with namespaces and limits, several local builders at once,
 * the environment of other programs. All other tests run as whoever calls.
 */
const needsRoot = {
  python: ['ansible/roles/builder/files/mock-lite', 'ansible/sapling'],
  /** Folders (with a slash at the end) and names of files. */
  e2e: [
    'builder-runner/',
    'bad-input.e2e.ts',
    'debug.e2e.ts',
    'exit-on-worker.e2e.ts',
    'lost-state.e2e.ts',
    'service-leftovers.e2e.ts',
    'settings-reload.e2e.ts',
  ],
};

/** Runs a program with its output shown and no stdin; resolves to its exit code, or the signal's name. */
function run(command, args, env = {}, cwd = root) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(code ?? signal));
  });
}

/** As above, as root. Who calls through sudo is nobody that a test has to know: programs of ours ask who that was. */
function runAsRoot(command, args, env = {}, cwd = root) {
  if (isRoot) return run(command, args, env, cwd);
  const unset = ['SUDO_UID', 'SUDO_GID', 'SUDO_USER', 'SUDO_COMMAND'].flatMap((name) => ['-u', name]);
  const kept = ['PATH', 'CI', 'COPPICE_TEST_SEED', 'NODE_EXTRA_CA_CERTS'].filter(
    (name) => process.env[name] !== undefined,
  );
  const own = Object.fromEntries(kept.map((name) => [name, process.env[name]]));
  // Debian keeps root's programs out of its users' PATH.
  const known = { ...own, PATH: `${own.PATH}:/usr/local/sbin:/usr/sbin:/sbin`, ...env };
  const variables = Object.entries(known).map(([name, value]) => `${name}=${value}`);
  return run('sudo', ['-n', 'env', ...unset, ...variables, command, ...args], {}, cwd);
}

/**
 * What root has made in the checkout is the caller's again, who could neither use nor remove it. A service's own home
 * is left alone.
 */
async function giveBack() {
  if (isRoot) return;
  const homes = ['state', 'published'].flatMap((name) => ['-path', join(root, 'var', name), '-o']).slice(0, -1);
  const owner = `${process.getuid()}:${process.getgid()}`;
  const all = ['-uid', '0', '-exec', 'chown', '--no-dereference', owner, '{}', '+'];
  await runAsRoot('find', [root, '-xdev', '(', ...homes, ')', '-prune', '-o', ...all]);
}

/** Adds what a runner reported; a runner that died or ran nothing is one failure more. */
function count(name, exit, report) {
  const ran = report ? report.passed + report.failed.length + report.skipped.length : 0;
  const died = !report || ran === 0 || (exit !== 0 && report.failed.length === 0);
  total.passed += report?.passed ?? 0;
  total.failed.push(...(report?.failed ?? []));
  if (died) total.failed.push(`${name} as a whole (exit ${exit}, ${ran} tests ran)`);
  total.skipped.push(...(report?.skipped ?? []));
}

const readReport = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

async function pythonTests(folder) {
  console.log(`\n--- tests of ${folder}`);
  const file = join(scratch, `${folder.replaceAll('/', '-')}.json`);
  const runIt = needsRoot.python.includes(folder) ? runAsRoot : run;
  const exit = await runIt('/usr/bin/python3', ['-B', join(root, '.ci/python-tests.py'), folder, file], {
    COPPICE_SAPLING: sapling,
    COPPICE_SAPLING_CACHE: debs,
  });
  count(folder, exit, readReport(file));
}

/** From vitest's JSON reporter (Jest's format). */
function fromVitest(report) {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const skipped = tests
    .filter((test) => ['skipped', 'pending', 'todo', 'disabled'].includes(test.status))
    .map((test) => ({ name: test.fullName, reason: test.meta?.reason ?? test.status }));
  const filesThatDied = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((t) => t.status === 'failed'),
  );
  const failedTests = report.testResults.flatMap((file) =>
    file.assertionResults
      .filter((test) => test.status === 'failed')
      .map((test) => `${relative(root, file.name)}: ${test.fullName}`),
  );
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    failed: [...failedTests, ...filesThatDied.map((file) => `${relative(root, file.name)} as a whole`)],
    skipped,
  };
}

async function vitest(project, { which = '', more = [], exclude = [], runIt = run } = {}) {
  const name = `vitest, project ${project}${which}`;
  console.log(`\n--- ${name}`);
  const file = join(scratch, `${project}${which ? '-root' : ''}.json`);
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const exit = await runIt(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args, ...more], {
    COPPICE_SAPLING: sapling,
    ...(exclude.length === 0 ? {} : { COPPICE_E2E_EXCLUDE: exclude.join() }),
  });
  const report = readReport(file);
  count(name, exit, report && fromVitest(report));
}

/**
 * Root runs all of them at once. For others builders are this machine and their own account: one service at a time has
 * it.
 */
async function endToEnd() {
  if (isRoot) return await vitest('e2e');
  const exclude = needsRoot.e2e.map((name) => (name.endsWith('/') ? `${name}**` : `**/${name}`));
  await vitest('e2e', { more: ['--maxWorkers=1'], exclude });
  await vitest('e2e', { which: ', as root', more: needsRoot.e2e, runIt: runAsRoot });
}

async function makeSapling() {
  if (!existsSync('/usr/bin/apt-get'))
    return console.log('--- no apt here: tests use the stock mock chroots instead of Sapling');
  console.log('--- the Sapling distribution that tests build with');
  mkdirSync(dirname(sapling), { recursive: true });
  const exit = await run(join(root, 'ansible/sapling/make-sapling'), ['--output', sapling, '--cache', debs]);
  if (exit !== 0) {
    total.failed.push(`make-sapling (exit ${exit}); tests that build with it fail too`);
  }
}

/** All of ansible/ in ansible-lint's strictest profile, syntax included, and without asking Galaxy for anything. */
async function lintAnsible() {
  console.log('\n--- ansible-lint, profile production');
  const folder = join(root, 'ansible');
  const args = ['--offline', '--nocolor', '--profile', 'production', '--project-dir', folder];
  const exit = await run('ansible-lint', args, { ANSIBLE_CONFIG: join(folder, 'ansible.cfg') }, folder);
  if (exit === 0) total.passed += 1;
  else total.failed.push(`ansible-lint (exit ${exit})`);
}

if (!isRoot && spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) {
  console.log(
    'Many tests need root: run `npm test` as root, or as a user whose sudo asks for no password.\n0 passed, 1 failed',
  );
  process.exit(1);
}
try {
  await giveBack(); // a run that was killed could not
  await lintAnsible();
  await makeSapling();
  const pythonFolders = new Set(globSync('ansible/**/test_*.py', { cwd: root }).map((file) => dirname(file)));
  for (const folder of [...pythonFolders].sort()) await pythonTests(folder);
  await vitest('unit');
  await endToEnd();
} finally {
  await giveBack();
  rmSync(scratch, { recursive: true, force: true });
}
if (total.passed + total.failed.length === 0) total.failed.push('everything: no test ran');
console.log('');
for (const { name, reason } of total.skipped) console.log(`skipped: ${name} (${reason})`);
for (const name of total.failed) console.log(`FAILED: ${name}`);
const skipped = total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : '';
console.log(`${total.passed} passed, ${total.failed.length} failed${skipped}`);
process.exitCode = total.failed.length > 0 ? 1 : 0;
