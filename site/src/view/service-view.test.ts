import { expect, test } from 'vitest';
import { at, fixtureProjects, fixtureResult, fixtureService, fixtureSite } from '../../testing/fixture.ts';
import { writingFor } from '../pages-of.ts';
import { statusView } from './service-view.ts';

const none = { url: 'http://a.org', queue: null, service: null };

test('the status names what is in trouble', () => {
  expect(statusView(fixtureService(), undefined).parts.every(({ isGood }) => isGood)).toBe(true);
  const [pool] = fixtureService().pools;
  const fault = { since: at(1), failures: 3, retryAt: at(700) };
  const bad = fixtureService({
    ...{ pools: [{ ...pool!, fault }], github: false, mirror: { behindSince: at(5), files: 2 } },
  });
  expect(statusView(bad, undefined).parts.map(({ isGood, name, since }) => [isGood, name, since])).toEqual([
    [false, 'GitHub', null],
    [false, 'Builders: local', at(1)],
    [false, 'Mirror', at(5)],
  ]);
});

test('statistics count each build on the day of its end, also after it was built again or deleted', () => {
  const day = (id: number, end: string) => ({ id, startedAt: end.replace(/T.*/, 'T10:00:00.000Z'), endedAt: end });
  const results = [
    fixtureResult(day(1, '2026-11-20T10:00:30.000Z')),
    fixtureResult({ ...day(2, '2026-11-22T10:01:00.000Z'), state: 'failed', reason: 'check' }),
    fixtureResult(day(3, '2026-11-22T10:00:30.000Z')),
  ];
  const { history } = fixtureSite({ results });
  const shown = () => writingFor({ kind: 'statistics' }, { history, ...none }).pages.statistics?.[0];
  expect(shown()).toMatchObject({ builds: 3, success: 67 });
  expect(
    shown()
      ?.days.slice(-3)
      .map(({ day: of, good, failed, worked }) => [of, good, failed, worked]),
  ).toEqual([
    ['2026-11-20', 1, 0, 30],
    ['2026-11-21', 0, 0, null],
    ['2026-11-22', 1, 1, 45],
  ]);
  history.removeBuild(history.build(2)!);
  expect(shown()).toMatchObject({ builds: 2, success: 100 });
});

test('a package that was built before and fails now is a regression until it is built again', () => {
  const red = { state: 'failed', reason: 'check' } as const;
  const results = [
    fixtureResult({ id: 1 }),
    fixtureResult({ id: 2, ...red }),
    fixtureResult({ id: 3, package: 'never', ...red }),
    fixtureResult({ id: 4, project: 'tools:pr:7' }),
    fixtureResult({ id: 5, project: 'tools:pr:7', ...red }),
  ];
  const { history } = fixtureSite({ results, projects: fixtureProjects() });
  const home = () => writingFor({ kind: 'home' }, { history, ...none }).pages.home?.[0];
  expect(home()?.regressions).toMatchObject([{ package: 'hello', build: { id: 2 }, good: { id: 1 } }]);
  const chroot = writingFor({ kind: 'chroot', chroot: 'sapling-12-x86_64' }, { history, ...none }).pages.chroots?.[0];
  expect(chroot).toMatchObject({ good: 0, failed: 3, other: 0 });
  expect(chroot?.failing.map(({ package: name, good }) => [name, good.id])).toEqual([
    ['hello', 4],
    ['never', 0],
    ['hello', 1],
  ]);
  expect(home()?.projects.map(({ key, dots }) => [key, dots[0]?.state])).toEqual([['acme/tools', 'failed']]);
  const later = fixtureSite({ results: [fixtureResult({ id: 6 })] }).builds[0]!;
  history.saveBuild(later);
  expect(home()?.regressions).toEqual([]);
});

test('an owner has pages of projects', () => {
  const [entry] = fixtureProjects().projects;
  const projects = Array.from({ length: 130 }, (_, index) => ({ ...entry!, name: `p${1000 + index}` }));
  const { history } = fixtureSite({ projects: { ...fixtureProjects(), projects } });
  const page = (number: number) => writingFor({ kind: 'owner', owner: 'acme', page: number }, { history, ...none });
  expect([1, 2, 3].map((number) => page(number).pages.owners?.[0]?.projects.length)).toEqual([60, 60, 10]);
  expect(page(1).pages.owners?.[0]?.hrefs).toEqual(['/acme/', '/acme/index-2.html', '/acme/index-3.html']);
  expect(page(4)).toEqual({ pages: {}, files: [], remove: ['acme/index-4.html'] });
});
