import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type GitOptions, openGit } from './open-git.ts';

const token = 'ghs_a-token-that-nobody-sees';
let folder: string;
let repository: string;
let workTree: string;
let server: Server | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'coppice-open-git-'));
  workTree = join(folder, 'work');
  repository = join(workTree, '.git');
  execFileSync('git', ['init', '--quiet', '--initial-branch=main', workTree]);
  const author = [
    ['user.name', 'a'],
    ['user.email', 'a@example.test'],
  ] as const;
  const git = open({ workTree, config: author });
  await writeFile(join(workTree, 'a'), 'one\n');
  await git.text(['add', 'a']);
  await git.text(['commit', '--quiet', '--message', 'First']);
  await git.text(['commit', '--quiet', '--allow-empty', '--message', 'Second']);
  await git.text(['commit', '--quiet', '--allow-empty', '--message', 'Third']);
});
afterEach(() => {
  vi.unstubAllEnvs();
  server?.closeAllConnections();
  server?.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (more: Partial<GitOptions> = {}) => openGit({ repository, timeoutSeconds: 60, ...more });

/** Lets git run a program of ours, by the repository's own settings. */
function alias(name: string, script: string): void {
  execFileSync('git', ['config', `alias.${name}`, `!${script}`], { cwd: workTree });
}

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((ready) => server?.listen(0, '127.0.0.1', ready));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('what git prints', () => {
  test('is given as it is, but for the line break at its end', async () => {
    expect(await open().text(['log', '--format=%s'])).toBe('Third\nSecond\nFirst');
  });

  test('is given byte by byte by cat-file, and git reads what it is given', async () => {
    const bytes = Buffer.from([0, 0xff, 0xfe, 10, 13, 10]);
    const id = await open().text(['hash-object', '-w', '--stdin'], bytes);
    expect(await open().catFile(['blob', id])).toEqual(bytes);
    expect(await open().catFile(['--batch'], `${id}\n`)).toEqual(
      Buffer.concat([Buffer.from(`${id} blob ${bytes.length}\n`), bytes, Buffer.from('\n')]),
    );
  });

  test('may be large, and come from many commands side by side', async () => {
    const large = Buffer.alloc(5 * 1024 ** 2, 'x');
    const id = await open().text(['hash-object', '-w', '--stdin'], large);
    const git = open();
    const all = await Promise.all(Array.from({ length: 8 }, () => git.catFile(['blob', id])));
    expect(all.every((one) => one.equals(large))).toBe(true);
  });

  test('is nothing where nobody gives a command its input', async () => {
    expect((await open().catFile(['--batch'])).byteLength).toBe(0);
  });
});

describe('an end that is an error', () => {
  test('is one without a word, too', async () => {
    await expect(open().text(['merge-base', '--is-ancestor', 'main', 'main~1'])).rejects.toMatchObject({
      name: 'GitError',
      code: 'failed',
      message: 'git merge-base failed: exit code 1',
    });
  });

  test('is told by the last line of git', async () => {
    await expect(open().catFile(['blob', 'HEAD:not/in/any/folder'])).rejects.toMatchObject({
      code: 'failed',
      message: "git cat-file failed: fatal: path 'not/in/any/folder' does not exist in 'HEAD'",
    });
  });

  test('comes when somebody kills it', async () => {
    alias('die', 'kill -KILL $PPID');
    await expect(open().text(['die'])).rejects.toMatchObject({
      code: 'failed',
      message: 'git die failed: it was killed',
    });
  });

  test('comes when there is no git', async () => {
    vi.stubEnv('PATH', join(folder, 'empty'));
    await expect(open().text(['log'])).rejects.toMatchObject({
      code: 'failed',
      message: 'git log failed: it cannot be started',
    });
  });
});

describe('git knows nothing', () => {
  test('of the settings of the user and of the machine', async () => {
    const home = join(folder, 'home');
    await mkdir(join(home, '.config', 'git'), { recursive: true });
    await writeFile(join(home, '.gitconfig'), '[user]\n  name = from-home\n');
    await writeFile(join(home, '.config', 'git', 'config'), '[user]\n  email = from-xdg\n');
    await writeFile(join(folder, 'system'), '[core]\n  editor = from-system\n');
    vi.stubEnv('HOME', home);
    vi.stubEnv('XDG_CONFIG_HOME', join(home, '.config'));
    vi.stubEnv('GIT_CONFIG_SYSTEM', join(folder, 'system'));
    // The machine's git does read them: else this test could not fail.
    const plain = execFileSync('git', ['config', '--list'], { cwd: folder, encoding: 'utf8' });
    expect(plain).toContain('user.name=from-home');
    expect(plain).toContain('core.editor=from-system');
    const listed = await open().text(['config', '--list', '--show-scope']);
    expect(new Set(listed.split('\n').map((line) => line.split('\t')[0]))).toEqual(new Set(['local', 'command']));
  });

  test('of the environment of the service', async () => {
    alias('tell', 'env');
    vi.stubEnv('GIT_DIR', '/nowhere');
    vi.stubEnv('GIT_WORK_TREE', '/nowhere');
    vi.stubEnv('GIT_SSH_COMMAND', 'false');
    vi.stubEnv('GIT_TRACE', join(folder, 'trace'));
    vi.stubEnv('COPPICE_WEBHOOK_SECRET', 'very secret');
    const seen = await open().text(['tell']);
    expect(seen).not.toMatch(/very secret|nowhere$|GIT_SSH|GIT_TRACE|^npm_|VITEST/m);
    expect(seen).toMatch(/^HOME=\/nonexistent$/m);
    expect(seen).toMatch(/^GIT_TERMINAL_PROMPT=0$/m);
    expect(existsSync(join(folder, 'trace'))).toBe(false);
  });

  test('of the hooks of the repository', async () => {
    const mark = join(folder, 'hooked');
    const hook = join(repository, 'hooks', 'post-checkout');
    await mkdir(join(repository, 'hooks'), { recursive: true });
    await writeFile(hook, `#!/bin/sh\ntouch ${mark}\n`);
    await chmod(hook, 0o755);
    await open({ workTree }).text(['checkout', '--quiet', '--force', 'main']);
    expect(existsSync(mark)).toBe(false);
    execFileSync('git', ['checkout', '--quiet', '--force', 'main'], { cwd: workTree });
    expect(existsSync(mark)).toBe(true);
  });
});

describe('git reaches', () => {
  test('no protocol that was not named', async () => {
    const owned = join(folder, 'owned');
    const urls = [
      `file://${workTree}`,
      workTree,
      `ext::sh -c touch%20${owned}`,
      'ssh://127.0.0.1/x',
      'http://127.0.0.1:9/',
    ];
    for (const url of urls) {
      await expect(open().text(['ls-remote', '--', url])).rejects.toThrow(/transport '\w+' not allowed/);
    }
    expect(existsSync(owned)).toBe(false);
    expect(await open({ protocols: ['file'] }).text(['ls-remote', '--', workTree, 'HEAD'])).toMatch(/\tHEAD$/);
    await expect(open({ protocols: ['https'] }).text(['ls-remote', '--', workTree])).rejects.toThrow('not allowed');
  });

  test('no place that a server sends it to', async () => {
    let asked = 0;
    const url = await serve((request, response) => {
      if (request.url?.startsWith('/moved')) asked += 1;
      response.writeHead(302, { location: `/moved${request.url}` }).end();
    });
    await expect(open({ protocols: ['http'] }).text(['ls-remote', '--', `${url}/a`])).rejects.toThrow('git ls-remote');
    expect(asked).toBe(0);
  });

  test('nobody who could answer a question', async () => {
    const url = await serve((_request, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="a"' }).end();
    });
    vi.stubEnv('GIT_ASKPASS', '/bin/echo');
    vi.stubEnv('SSH_ASKPASS', '/bin/echo');
    await expect(open({ protocols: ['http'] }).text(['ls-remote', '--', url])).rejects.toThrow(
      'terminal prompts disabled',
    );
  });

  test('no program that an argument names', async () => {
    const owned = join(folder, 'owned');
    const more = ['--upload-pack', `touch ${owned}`] as const;
    await expect(open({ protocols: ['file'] }).text(['ls-remote', ...more, workTree])).rejects.toThrow('not permitted');
    const alias = ['-c', `alias.x=!touch ${owned}`, 'x'];
    await expect(open().text(alias)).rejects.toThrow('not permitted');
    expect(existsSync(owned)).toBe(false);
  });
});

describe('a bound', () => {
  test('of time ends a git that goes on talking, and what it started', async () => {
    // git ends the shell that it started, but does not know of this one.
    const talk = `echo $$ > ${folder}/pid; trap "" INT TERM; while echo still here; do sleep 0.05; done`;
    alias('talk', `sh -c '${talk}' & wait`);
    await expect(open({ timeoutSeconds: 1 }).text(['talk'])).rejects.toMatchObject({
      code: 'timeout',
      message: 'git talk did not end within 1 s',
    });
    const pid = readFileSync(join(folder, 'pid'), 'utf8').trim();
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}`)).toBe(false), { timeout: 30_000 });
  });

  test('of time ends a git whose server says nothing', async () => {
    const url = await serve(() => undefined);
    const asking = open({ protocols: ['http'], timeoutSeconds: 1 }).text(['ls-remote', '--', url]);
    await expect(asking).rejects.toMatchObject({ code: 'timeout' });
  });

  test('of output ends one that says too much', async () => {
    const large = await open().text(['hash-object', '-w', '--stdin'], Buffer.alloc(3 * 1024 ** 2, 'x'));
    await expect(open({ maximumBytes: 1024 ** 2 }).catFile(['blob', large])).rejects.toMatchObject({
      code: 'too-much',
      message: 'git cat-file gave more than is allowed',
    });
    // Just what is allowed is not too much.
    expect((await open({ maximumBytes: 3 * 1024 ** 2 }).catFile(['blob', large])).byteLength).toBe(3 * 1024 ** 2);
  });
});

describe('a token', () => {
  const config = [['http.extraHeader', `Authorization: Basic ${token}`]] as const;

  test('reaches the server whatever words its address holds, and stands neither in arguments nor in messages', async () => {
    const heard: (string | undefined)[] = [];
    let shown = '';
    const url = await serve((request, response) => {
      heard.push(request.headers.authorization);
      shown += execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' });
      response.writeHead(403).end();
    });
    const asking = open({ protocols: ['http'], config }).text([
      'ls-remote',
      '--',
      `${url}/alias/core.editor/pager.git`,
    ]);
    await expect(asking).rejects.toThrow(/^git ls-remote failed: (?!.*ghs_)/);
    expect(heard[0]).toBe(`Basic ${token}`);
    expect(shown).toContain('/alias/core.editor/pager.git');
    expect(shown).not.toContain(token);
  });

  test('is not printed where somebody looks for mistakes in everything', async () => {
    const script = `
      import { openGit } from '${new URL('./open-git.ts', import.meta.url).pathname}';
      import debug from 'debug';
      debug('another')('is heard');
      const config = [['http.extraHeader', 'Authorization: Basic ${token}']];
      await openGit({ repository: '${repository}', config, timeoutSeconds: 60 }).text(['log']);`;
    const file = new URL('./open-git.child.mjs', import.meta.url);
    await writeFile(file, script);
    try {
      const env = { ...process.env, DEBUG: '*' };
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [file.pathname], { env });
      expect(stderr).toContain('is heard');
      expect(stdout + stderr).not.toContain(token);
    } finally {
      await rm(file);
    }
  });
});
