// A source that cannot be pinned is told on its line in the check of the commit, by the local GitHub and real Git.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exampleFiles, startTestService, type TestService, until } from '../../testing/bot-fixture.ts';

interface Annotation {
  readonly path: string;
  readonly start_line: number;
  readonly start_column: number;
  readonly annotation_level: string;
  readonly message: string;
}

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

/** Nothing answers at this address: it is refused at once. */
const motd = '  motd: { source: { type: git, url: "https://127.0.0.1:1/motd.git", ref: main } }\n';
const path = 'projects/acme/tools.yaml';
const stated = `${exampleFiles[path]}${motd}`;

async function annotationsOn(commit: string) {
  const check = await until(async () =>
    (await service.checks(commit)).find(({ name, status }) => name === 'coppice / config' && status === 'completed'),
  );
  await service.bot().settled();
  const found = await service.ask<Annotation[]>('maintainer', 'GET', `check-runs/${check.id}/annotations`);
  return { check, found };
}

const expected = {
  ...{ path, start_line: stated.split('\n').indexOf(motd.trimEnd()) + 1, start_column: 11 },
  ...{ annotation_level: 'warning', message: expect.stringMatching(/^motd is not built: .*127\.0\.0\.1/) },
};

test('on a push, which builds the rest all the same', async () => {
  const { check, found } = await annotationsOn(await service.push('maintainer', { [path]: stated }));
  expect(check.conclusion).toBe('success');
  expect(check.output.summary).toContain('`motd`');
  expect(found).toEqual([expect.objectContaining(expected)]);
});

test('and no longer when the source is mended', async () => {
  const { found } = await annotationsOn(await service.push('maintainer', { [path]: exampleFiles[path] ?? '' }));
  expect(found).toEqual([]);
});
