import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { settingsSchema } from '@coppice/config';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pinGem, pinPypi } from './pin-release.ts';

const answers = new Map<string, unknown>();
const asked: string[] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = answers.get(request.url ?? '');
    if (answer === undefined) response.writeHead(404).end();
    else response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  answers.clear();
  asked.length = 0;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const rules = () => {
  const settings = settingsSchema.parse({ sources: { pypiUrl: `${url}/`, rubygemsUrl: url } });
  return { sources: settings.sources, git: { protocols: ['https' as const, 'http' as const], mirrors: {} } };
};
const hash = (letter: string) => letter.repeat(64);
const file = (packagetype: string, filename: string, letter: string, yanked = false) => ({
  ...{
    packagetype,
    filename,
    yanked,
    url: `https://files.example/${filename}`,
    digests: { sha256: hash(letter), md5: 'x' },
  },
});
const release = (version: string, ...urls: object[]) => ({ info: { version, name: 'tool' }, releases: {}, urls });

describe('a release of PyPI', () => {
  test('is the newest that the index names, by its sdist', async () => {
    answers.set(
      '/pypi/tool/json',
      release('2.0', file('bdist_wheel', 'w.whl', 'a'), file('sdist', 't.zip', 'b'), file('sdist', 't.tar.gz', 'c')),
    );
    expect(await pinPypi({ type: 'pypi', package: 'tool', python: ['3'] }, rules())).toEqual({
      ...{ type: 'pypi', package: 'tool', python: ['3'], version: '2.0' },
      ...{ url: 'https://files.example/t.tar.gz', sha256: hash('c') },
    });
  });

  test('is the one that is named', async () => {
    answers.set('/pypi/tool/1.0/json', release('1.0', file('sdist', 't-1.tar.gz', 'd')));
    expect(await pinPypi({ type: 'pypi', package: 'tool', version: '1.0' }, rules())).toMatchObject({
      version: '1.0',
      sha256: hash('d'),
    });
    expect(asked).toEqual(['/pypi/tool/1.0/json']);
  });

  test('that is not there, or has no sdist, is one sentence', async () => {
    expect(await pinPypi({ type: 'pypi', package: 'gone', version: '1' }, rules())).toMatch(
      /^the index of Python packages has no gone 1: http.* answers 404/,
    );
    answers.set(
      '/pypi/tool/json',
      release('2.0', file('bdist_wheel', 'w.whl', 'a'), file('sdist', 't.tar.gz', 'b', true)),
    );
    expect(await pinPypi({ type: 'pypi', package: 'tool' }, rules())).toMatch(
      /has no source distribution .*wheels alone, or withdrawn/,
    );
    answers.set('/pypi/tool/json', { info: {} });
    expect(await pinPypi({ type: 'pypi', package: 'tool' }, rules())).toMatch(
      /answers with something else \(info.version/,
    );
  });
});

test('an index that does not answer is not said to lack anything', async () => {
  const { sources, git } = rules();
  const dead = 'http://127.0.0.1:1';
  const unreachable = { git, sources: { ...sources, pypiUrl: dead, rubygemsUrl: dead } };
  expect(await pinPypi({ type: 'pypi', package: 'tool' }, unreachable)).toMatch(
    /^the index of Python packages could not be asked for tool: /,
  );
  expect(await pinGem({ type: 'rubygems', gem: 'tool' }, unreachable)).toMatch(
    /^the index of Ruby gems could not be asked for tool: /,
  );
});

describe('a release of RubyGems', () => {
  const gem = (version: string, platform: string, letter: string) => ({
    version,
    platform,
    sha: hash(letter),
    gem_uri: 'https://evil.example/',
  });

  test('is the newest, at the place where the index keeps gems', async () => {
    answers.set('/api/v1/gems/tool.json', gem('2.0', 'ruby', 'a'));
    expect(await pinGem({ type: 'rubygems', gem: 'tool' }, rules())).toEqual({
      ...{ type: 'rubygems', gem: 'tool', version: '2.0', url: `${url}/gems/tool-2.0.gem`, sha256: hash('a') },
    });
  });

  test('is the source of the newest where that is known as compiled first', async () => {
    answers.set('/api/v1/gems/tool.json', gem('2.0', 'x86_64-linux', 'a'));
    expect(await pinGem({ type: 'rubygems', gem: 'tool' }, rules())).toMatch(/has no tool: .* answers 404/);
    answers.set('/api/v2/rubygems/tool/versions/2.0.json?platform=ruby', gem('2.0', 'ruby', 'b'));
    expect(await pinGem({ type: 'rubygems', gem: 'tool' }, rules())).toMatchObject({ sha256: hash('b') });
  });

  test('is the one that is named; a version cannot lead to another address', async () => {
    answers.set('/api/v2/rubygems/tool/versions/1.0.json?platform=ruby', gem('1.0', 'ruby', 'c'));
    expect(await pinGem({ type: 'rubygems', gem: 'tool', version: '1.0' }, rules())).toMatchObject({
      sha256: hash('c'),
    });
    answers.set('/api/v1/gems/tool.json', gem('../../x', 'ruby', 'a'));
    expect(await pinGem({ type: 'rubygems', gem: 'tool' }, rules())).toMatch(/answers with something else \(version/);
  });
});
