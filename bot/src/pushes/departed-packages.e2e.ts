// Packages that leave a project which stays: what they have published, and their builds. Only the runner is played.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectsJsonSchema } from '@coppice/config';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { exampleFiles, startTestService, type TestService, until } from '../../testing/bot-fixture.ts';

let service: TestService;
const buildAll = async () => {
  while ((await service.step()) !== undefined);
};
const file = 'projects/acme/tools.yaml';
const whole = exampleFiles[file] ?? '';
const without = `${whole.slice(0, whole.indexOf('  hello:'))}`;
const summaryOf = async (commit: string) => {
  const check = await until(async () =>
    (await service.checks(commit)).find(({ name, status }) => name === 'coppice / config' && status === 'completed'),
  );
  return check.output.summary;
};
const inJson = () => {
  const text = readFileSync(join(service.published, 'api/v1/projects.json'), 'utf8');
  return projectsJsonSchema.parse(JSON.parse(text)).projects[0]?.departed.map(({ name, deleteAt }) => [name, deleteAt]);
};
const folders = () => {
  const folder = join(service.published, 'results/acme/tools/sapling-12-x86_64');
  // Packages that are deleted lie there for a while, without their record.
  return existsSync(folder) ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'result.json'))) : [];
};
const liveNames = () => service.queue.builds().map((build) => build.package);
const day = 86_400;

beforeEach(async () => {
  service = await startTestService();
  await buildAll();
  await service.bot().settled();
}, 60_000);
afterEach(() => service.stop());

test('a package that leaves stays for its time, its waiting builds do not, and then it goes, through restarts', async () => {
  await service.push('maintainer', { 'packages/acme/tools/hello/hello.spec': 'Name: hello\nVersion: 2\n' });
  await until(async () => liveNames().includes('hello'));
  const commit = await service.push('maintainer', { [file]: without });
  expect(await summaryOf(commit)).toContain(
    'drops `hello` from `acme/tools`: builds of it that wait are canceled, and what it has published stays for 14 days and goes then, unless it is back by that time.',
  );
  await service.bot().settled();
  expect(service.queue.builds()[0]?.chroots[0]).toMatchObject({
    ...{ cancelRequestedBy: 'coppice', cancelBecause: 'Its package left the project.' },
  });
  await buildAll();
  expect([liveNames(), inJson()]).toEqual([[], [['hello', expect.any(String)]]]);
  const before = inJson();
  expect(folders()).toEqual(['00000001-libgreet', '00000002-hello', '00000003-hello']);
  service.passTime(13 * day);
  await service.restart();
  await service.bot().settled();
  expect([folders().length, inJson()]).toEqual([3, before]);
  service.passTime(day);
  await service.restart();
  await until(async () => folders().length === 1);
  await service.bot().settled();
  expect([folders(), inJson()]).toEqual([['00000001-libgreet'], []]);
  // And it is not taken for one that left again.
  await service.push('maintainer', { [file]: without.replace('Small', 'Smaller') });
  await service.restart();
  await service.bot().settled();
  expect([inJson(), service.complaints]).toEqual([[], []]);
}, 60_000);

test('one that is put back in time stays, also by a push that was missed', async () => {
  await service.restart(async () => void (await service.push('maintainer', { [file]: without })));
  await until(async () => inJson()?.length === 1);
  service.passTime(15 * day);
  await service.restart(async () => void (await service.push('maintainer', { [file]: whole })));
  await until(async () => inJson()?.length === 0);
  await service.bot().settled();
  expect([folders(), liveNames()]).toEqual([['00000001-libgreet', '00000002-hello'], []]);
}, 60_000);

test('one goes at once, or never, where the project says so', async () => {
  const kept = await service.push('maintainer', { [file]: `retention: { removed: keep }\n${without}` });
  expect(await summaryOf(kept)).toContain('what it has published stays, as `retention.removed` says');
  await until(async () => inJson()?.length === 1);
  expect(inJson()).toEqual([['hello', null]]);
  service.passTime(1000 * day);
  await service.restart();
  await service.bot().settled();
  expect(folders()).toContain('00000002-hello');
  await service.push('maintainer', { [file]: `retention: { removed: remove }\n${without}` });
  await until(async () => folders().length === 1);
  await until(async () => inJson()?.length === 0);
}, 60_000);
