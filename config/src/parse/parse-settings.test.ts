import { describe, expect, test } from 'vitest';
import { formatProblem } from '../words/problem.ts';
import { settingsSchema } from '../words/settings.ts';
import { parseSettings } from './parse-settings.ts';

const problems = (text: string) => {
  const parsed = parseSettings(text, 'settings.yaml');
  return parsed.ok ? [] : parsed.problems.map(formatProblem);
};

describe('parseSettings', () => {
  test.each(['', '# nothing\n', '{}'])('%j means every default', (text) => {
    expect(parseSettings(text, 'settings.yaml')).toEqual({ ok: true, value: settingsSchema.parse({}) });
  });

  test('reads what is stated', () => {
    const parsed = parseSettings('workers: 4\ngit: { mirrors: { "https://github.com/": "http://127.0.0.1:1/" } }', 's');
    expect(parsed.ok && parsed.value.workers).toBe(4);
    expect(parsed.ok && parsed.value.git.mirrors).toEqual({ 'https://github.com/': 'http://127.0.0.1:1/' });
  });

  test('names all mistakes at their places', () => {
    const text = 'listen: { port: 99999 }\nurl: x\nworkers: 1.5\ngithub:\n  mode: embeded\n  aplUrl: 1\nworkers: 2\n';
    expect(problems(text)).toEqual([
      'settings.yaml:1:17: `listen.port` must be a number of 65535 or less, not `99999` (give a smaller one)',
      'settings.yaml:2:6: `url` must be an address (URL) that begins with http:// or https://, not `x` (for example https://example.org)',
      'settings.yaml:3:10: `workers` must be a whole number, not `1.5` (write a whole number)',
      'settings.yaml:5:9: `github.mode` must be one of `embedded`, `github`, not `embeded` (did you mean `embedded`?)',
      'settings.yaml:6:3: unknown key `aplUrl` (did you mean `apiUrl`?)',
      'settings.yaml:7:1: `workers` is there twice (the first one is on line 3; keep one of them)',
    ]);
  });

  test('takes addresses of the web alone, and the slash at their end off', () => {
    expect(problems('url: ftp://x/\ngithub: { apiUrl: "file:///etc", webUrl: "ssh://x" }\n')).toEqual([
      expect.stringContaining(
        '`url` must be an address (URL) that begins with http:// or https://, not `ftp://x/` (for example https://example.org)',
      ),
      expect.stringContaining('`github.apiUrl` must be an address'),
      expect.stringContaining('`github.webUrl` must be an address'),
    ]);
    const parsed = parseSettings('url: https://b.example/coppice/\ngithub: { webUrl: "https://g.example/" }\n', 's');
    expect(parsed.ok && [parsed.value.url, parsed.value.github.webUrl]).toEqual([
      'https://b.example/coppice',
      'https://g.example',
    ]);
  });

  test('refuses a file that is no mapping, and one that is no YAML', () => {
    expect(problems('- a')[0]).toMatch(/^settings.yaml:1:1: the file must be a mapping, not a list/);
    expect(problems('a: [')[0]).toMatch(/^settings.yaml:1:5: this is not YAML/);
  });
});

const hostKey = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ';
const rsync = `rsync: { host: m.example.org, user: coppice, folder: /srv/coppice, hostKey: "${hostKey}", keyFile: key }`;
test.each([
  [`mirror: { ${rsync} }`, undefined],
  ['mirror: { s3: { bucket: packages } }', undefined],
  [`mirror: { ${rsync}, s3: { bucket: packages } }`, 'there can be one mirror'],
  ['mirror: { s3: { bucket: packages, accessKeyId: A } }', 'belong together'],
  [`mirror: { ${rsync.replace('m.example.org', '-oProxyCommand=x')} }`, 'a host name'],
  [`mirror: { ${rsync.replace('/srv/coppice', '"/srv/$(x)"')} }`, 'an absolute path'],
  [`mirror: { ${rsync.replace(hostKey, 'whatever')} }`, 'a type and a key'],
])('%s', (text, problem) => {
  const parsed = parseSettings(text, 'settings.yaml');
  if (problem === undefined) expect(parsed).toMatchObject({ ok: true });
  else expect(JSON.stringify(parsed)).toContain(problem);
});
