// Makes this machine ready: npm packages and system packages. Runs before anything is installed, so it is plain
// JavaScript for any Node >= 20 with the standard library only. `node ansible/set-up.mjs run|test|check`; exit 1 when
// something is missing that it cannot install, 2 on wrong usage.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const ansibleFolder = dirname(fileURLToPath(import.meta.url));
const root = dirname(ansibleFolder);
const modes = ['run', 'test', 'check'];

/** Something a person has to see to: printed as it is, without a stack. */
class SetUpError extends Error {}

const say = (line) => console.log(`set-up: ${line}`);
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** The node binary of node_modules is deleted while npm reinstalls it, so npm must run on the machine's own. */
function environmentWithoutOwnNode() {
  const ownBin = join(root, 'node_modules', '.bin');
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ownBin);
  return { ...process.env, PATH: path.join(delimiter) };
}

/** Runs a program with its output shown and no stdin; throws SetUpError when it fails. */
async function run(command, args, { env = process.env, whileRunning } = {}) {
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
  const ticker = whileRunning && setInterval(whileRunning, 5000);
  try {
    const how = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? signal));
    });
    if (how !== 0) throw new SetUpError(`\`${command} ${args.join(' ')}\` ended with ${how}; its output is above.`);
  } catch (error) {
    throw error instanceof SetUpError ? error : new SetUpError(`cannot start ${command}: ${error.message}`);
  } finally {
    clearInterval(ticker);
  }
}

/**
 * Names of locked npm packages that are not installed as locked. npm writes node_modules/.package-lock.json last, so
 * what it says is what a finished install left. Optional packages (other platforms' binaries) may be absent.
 */
function missingNpmPackages(withDev) {
  const installedLock = join(root, 'node_modules', '.package-lock.json');
  const installed = existsSync(installedLock) ? readJson(installedLock).packages : {};
  return Object.entries(readJson(join(root, 'package-lock.json')).packages)
    .filter(([path, entry]) => {
      if (!path.includes('node_modules/') || entry.optional || entry.devOptional || (entry.dev && !withDev))
        return false;
      const there = installed[path];
      if (!there || !existsSync(join(root, path))) return true;
      return entry.link ? there.resolved !== entry.resolved : there.integrity !== entry.integrity;
    })
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
}

async function ensureNpmPackages(mode) {
  const withDev = mode !== 'run';
  const missing = missingNpmPackages(withDev);
  if (missing.length === 0) return false;
  say(`${missing.length} npm packages to install (about half a minute)…`);
  // Packages that want the newer Node are run with ours; npm would warn of each.
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', ...(withDev ? [] : ['--omit=dev'])], {
    env: environmentWithoutOwnNode(),
  });
  const left = missingNpmPackages(withDev);
  if (left.length > 0)
    throw new SetUpError(`npm ci left out ${left.join(', ')}. Is package-lock.json in step with package.json?`);
  return true;
}

/** `debian`, `fedora` or undefined, after os-release(5). */
function distributionFamily() {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const value = (key) => new RegExp(`^${key}="?([^"\n]*)"?$`, 'm').exec(text)?.[1] ?? '';
  const names = `${value('ID')} ${value('ID_LIKE')}`.split(' ');
  return ['debian', 'fedora'].find((family) => names.includes(family));
}

function missingSystemPackages(family, names) {
  if (family === 'debian') {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
    const asked = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names], {
      encoding: 'utf8',
    });
    if (asked.error) throw new SetUpError(`cannot ask dpkg-query: ${asked.error.message}`);
    const installed = new Set(
      asked.stdout
        .split('\n')
        .filter((line) => line.endsWith(' installed'))
        .map((line) => line.split(' ')[0]),
    );
    return names.filter((name) => !installed.has(name));
  }
  return names.filter((name) => spawnSync('rpm', ['-q', '--quiet', '--whatprovides', name]).status !== 0);
}

/**
 * What to put before a command that needs root: nothing as root, sudo where it asks for no password, else undefined.
 */
function privilege() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

async function ensureSystemPackages(mode) {
  const family = distributionFamily();
  if (!family) {
    say(
      'warning: this is neither Debian, Fedora nor their kin; see ansible/system-packages.json for the programs needed.',
    );
    return false;
  }
  const lists = readJson(join(ansibleFolder, 'system-packages.json'))[family];
  const wanted = mode === 'test' ? [...lists.run, ...lists.test] : lists.run;
  const missing = missingSystemPackages(family, wanted);
  if (missing.length === 0) return false;

  const install =
    family === 'debian' ? 'apt-get install --no-install-recommends' : 'dnf install --setopt=install_weak_deps=False';
  const asRoot = privilege();
  if (!asRoot) {
    throw new SetUpError(
      `these packages are missing, and installing them needs root or sudo without a password: ${missing.join(' ')}\n` +
        `  Install them with:  sudo ${install} ${missing.join(' ')}\n  and run the command again.`,
    );
  }
  say(`${missing.length} system packages to install: ${missing.join(' ')}`);
  const quietApt = ['env', 'DEBIAN_FRONTEND=noninteractive', `ANSIBLE_CONFIG=${join(ansibleFolder, 'ansible.cfg')}`];
  const runAsRoot = (args, options) => {
    const [command, ...rest] = [...asRoot, ...quietApt, ...args];
    return run(command, rest, options);
  };
  // Ansible installs everything but itself (and its bindings to apt).
  const bootstrap = missing.filter((name) => name === 'ansible-core' || name === 'python3-apt');
  if (family === 'debian') await runAsRoot(['apt-get', 'update', '-q']);
  if (bootstrap.length > 0) await runAsRoot([...install.split(' '), '-y', '-q', ...bootstrap]);
  const started = Date.now();
  await runAsRoot(['ansible-playbook', join(ansibleFolder, 'playbooks', 'this-machine.yml'), '-e', `mode=${mode}`], {
    whileRunning: () => {
      const left = missingSystemPackages(family, missing);
      const seconds = Math.round((Date.now() - started) / 1000);
      say(`${missing.length - left.length} of ${missing.length} system packages in place after ${seconds} s`);
    },
  });
  const left = missingSystemPackages(family, wanted);
  if (left.length > 0)
    throw new SetUpError(`still missing: ${left.join(' ')}. Try:  sudo ${install} ${left.join(' ')}`);
  return true;
}

async function main([mode, ...rest]) {
  if (!modes.includes(mode) || rest.length > 0) {
    console.error(`usage: node ansible/set-up.mjs ${modes.join('|')}`);
    return 2;
  }
  const started = Date.now();
  const changed = [await ensureNpmPackages(mode), mode !== 'check' && (await ensureSystemPackages(mode))].some(Boolean);
  const time = `${((Date.now() - started) / 1000).toFixed(1)} s`;
  say(changed ? `done in ${time}` : `everything for \`${mode}\` is in place (${time})`);
  return 0;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  console.error(`set-up: ${error.message}`);
  process.exitCode = 1;
}
