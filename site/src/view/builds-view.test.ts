import type { Result } from '@coppice/config';
import { expect, test } from 'vitest';
import { fixtureChroot, fixtureResult, fixtureSite } from '../../testing/fixture.ts';
import { buildsView } from './builds-view.ts';

const path = (number?: number) => (number === undefined ? 'acme/tools/builds/' : `acme/tools/builds/${number}/`);
const failed: Partial<Result> = { state: 'failed', reason: 'check', artifacts: [] };

test('a row says how it went in which chroots, what failed first, and who asked for it where', () => {
  const chroots = ['fedora-42-x86_64', 'epel-9-x86_64'];
  const { builds } = fixtureSite({
    results: [
      fixtureResult(),
      ...chroots.map((chroot) => fixtureResult({ chroot, ...(chroot.startsWith('epel') ? failed : {}) })),
    ],
  });
  const view = buildsView('acme/tools', builds, { full: 0, count: 1, path });
  expect(view.rows[0]).toMatchObject({
    ...{ state: 'failed', requestedBy: 'maintainer', version: '2.12-1.sap12' },
    requestHref: 'http://127.0.0.1:4100/acme/packages/issues/1#issuecomment-7',
    standing: [
      { state: 'failed', chroots: ['epel-9-x86_64'] },
      { state: 'succeeded', chroots: ['fedora-42-x86_64', fixtureChroot] },
    ],
  });
});

test('what asked for a build is a link only where it is an address of the web', () => {
  const { builds } = fixtureSite({ results: [fixtureResult({ request: 'javascript:alert(1)' })] });
  expect(buildsView('acme/tools', builds, { full: 0, count: 1, path }).rows[0]?.requestHref).toBeNull();
});

test('each page leads to those beside it, and to both ends', () => {
  const { builds } = fixtureSite({ results: [fixtureResult({ id: 1 }), fixtureResult({ id: 900 })] });
  const linksOf = (number: number | undefined, full: number) => {
    const { newest, newer, older, oldest } = buildsView('acme/tools', builds, { number, full, count: 2, path });
    return [newest, newer, older, oldest].map((href) => href?.replace('/acme/tools/builds', '') ?? null);
  };
  expect(linksOf(undefined, 0)).toEqual([null, null, null, null]);
  expect(linksOf(undefined, 3)).toEqual([null, null, '/3/', '/1/']);
  expect(linksOf(3, 3)).toEqual(['/', '/', '/2/', '/1/']);
  expect(linksOf(2, 3)).toEqual(['/', '/3/', '/1/', '/1/']);
  expect(linksOf(1, 3)).toEqual(['/', '/2/', null, null]);
});

test('a full page says its days, and nothing that changes while other builds come', () => {
  const { builds } = fixtureSite({ results: [fixtureResult({ id: 1 }), fixtureResult({ id: 900 })] });
  const view = (count: number) => buildsView('acme/tools', builds, { number: 1, full: 2, count, path });
  expect(view(150)).toEqual(view(199));
  expect(view(150)).toMatchObject({ from: '20 Nov 2026', until: '21 Nov 2026', count: null, live: false });
});
