// Runs every test of the repository and ends with the sum, `N passed, N failed`. Called by `npm test` after the set-up. Exit 1
// when a test failed, a runner died or a runner found no test.
import { spawn } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const scratch = mkdtempSync(join(tmpdir(), 'coppice-test-'));
const sapling = join(root, 'var/test/distributions/sapling-12-x86_64');
const debs = join(root, 'var/cache/debs');
const total = { passed: 0, failed: 0, skipped: [] };

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

/** Adds what a runner reported; a runner that died or ran nothing is one failure more. */
function count(name, exit, report) {
  const ran = report ? report.passed + report.failed + report.skipped.length : 0;
  const died = !report || ran === 0 || (exit !== 0 && report.failed === 0);
  if (died) console.log(`\n${name}: FAILED as a whole (exit ${exit}, ${ran} tests ran)`);
  total.passed += report?.passed ?? 0;
  total.failed += (report?.failed ?? 0) + (died ? 1 : 0);
  total.skipped.push(...(report?.skipped ?? []));
}

const readReport = (path) => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined);

async function pythonTests(folder) {
  console.log(`\n--- tests of ${folder}`);
  const file = join(scratch, `${folder.replaceAll('/', '-')}.json`);
  const exit = await run('/usr/bin/python3', ['-B', join(root, '.ci/python-tests.py'), folder, file], {
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
  return {
    passed: tests.filter((test) => test.status === 'passed').length,
    failed: tests.filter((test) => test.status === 'failed').length + filesThatDied.length,
    skipped,
  };
}

async function vitest(project) {
  console.log(`\n--- vitest, project ${project}`);
  const file = join(scratch, `${project}.json`);
  const args = ['run', '--project', project, '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const exit = await run(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    COPPICE_SAPLING: sapling,
  });
  const report = readReport(file);
  count(`vitest ${project}`, exit, report && fromVitest(report));
}

async function makeSapling() {
  if (!existsSync('/usr/bin/apt-get'))
    return console.log('--- no apt here: tests use the stock mock chroots instead of Sapling');
  console.log('--- the Sapling distribution that tests build with');
  mkdirSync(dirname(sapling), { recursive: true });
  const exit = await run(join(root, 'ansible/sapling/make-sapling'), ['--output', sapling, '--cache', debs]);
  if (exit !== 0) {
    console.log(`make-sapling: FAILED (exit ${exit}); tests that build with it fail too`);
    total.failed += 1;
  }
}

/** All of ansible/ in ansible-lint's strictest profile, syntax included, and without asking Galaxy for anything. */
async function lintAnsible() {
  console.log('\n--- ansible-lint, profile production');
  const folder = join(root, 'ansible');
  const args = ['--offline', '--nocolor', '--profile', 'production', '--project-dir', folder];
  const exit = await run('ansible-lint', args, { ANSIBLE_CONFIG: join(folder, 'ansible.cfg') }, folder);
  if (exit !== 0) console.log(`ansible-lint: FAILED (exit ${exit})`);
  total[exit === 0 ? 'passed' : 'failed'] += 1;
}

try {
  await lintAnsible();
  await makeSapling();
  const pythonFolders = new Set(globSync('ansible/**/test_*.py', { cwd: root }).map((file) => dirname(file)));
  for (const folder of [...pythonFolders].sort()) await pythonTests(folder);
  await vitest('unit');
  await vitest('e2e');
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (total.passed + total.failed === 0) total.failed = 1;
console.log('');
for (const { name, reason } of total.skipped) console.log(`skipped: ${name} (${reason})`);
const skipped = total.skipped.length > 0 ? `, ${total.skipped.length} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed > 0 ? 1 : 0;
