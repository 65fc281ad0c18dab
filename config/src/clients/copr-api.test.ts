import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coprAnswer } from './copr-api.ts';

const answerTo = (address: string) => {
  const { pathname, search } = new URL(address, 'http://a');
  const answer = coprAnswer(decodeURIComponent(pathname), new URLSearchParams(search));
  if (answer?.kind === 'file') return answer.file;
  if (answer?.kind === 'list') return [answer.file(0), answer.offset, answer.limit];
  return answer?.kind === 'wrong' ? answer.message : undefined;
};
const tools = 'ownername=acme&projectname=tools';

test.each([
  ['/api_3/rpmrepo/acme/tools/fedora-42/', 'api_3/rpmrepo/acme/tools.json'],
  ['/api_3/rpmrepo/acme/tools:pr:7/UNSET-43', 'api_3/rpmrepo/acme/tools:pr:7.json'],
  [`/api_3/project?${tools}`, 'api_3/projects/acme/tools/project.json'],
  ['/api_3/project/?ownername=acme&projectname=tools%3Apr%3A7', 'api_3/projects/acme/tools:pr:7/project.json'],
  ['/api_3/project/list?ownername=acme', ['api_3/owners/acme/projects-0.json', 0, 100]],
  ['/api_3/project/list', ['api_3/owners/projects-0.json', 0, 100]],
  ['/api_3/project/search?query=too', ['api_3/owners/projects-0.json', 0, 100]],
  [`/api_3/monitor?${tools}`, 'api_3/projects/acme/tools/monitor.json'],
  [`/api_3/monitor?${tools}&project_dirname=tools:pr:7`, 'api_3/projects/acme/tools:pr:7/monitor.json'],
  [`/api_3/package?${tools}&packagename=gtk%2B`, 'api_3/projects/acme/tools/packages/gtk+/package.json'],
  [`/api_3/package/list?${tools}&limit=1000`, ['api_3/projects/acme/tools/packages-0.json', 0, 100]],
  [`/api_3/build/list?${tools}&limit=7&offset=30`, ['api_3/projects/acme/tools/builds-0.json', 30, 7]],
  [`/api_3/build/list?${tools}&packagename=hello`, ['api_3/projects/acme/tools/packages/hello/builds-0.json', 0, 100]],
  ['/api_3/build/42', 'api_3/builds/42/build.json'],
  ['/api_3/build/built-packages/42', 'api_3/builds/42/packages.json'],
  ['/api_3/build-chroot/list?build_id=42', ['api_3/builds/42/chroots-0.json', 0, 100]],
])('%s is answered from a file', (address, answer) => expect(answerTo(address)).toEqual(answer));

test.each([
  ['/api_3/project', '`ownername` and `projectname` are needed.'],
  [`/api_3/build/list?${tools}&status=failed`, '`status` is not answered here: ask for all builds.'],
  [`/api_3/build/list?${tools}&offset=-1`, '`offset` and `limit` are whole numbers, `limit` from 1 on.'],
  [`/api_3/build/list?${tools}&limit=0`, '`offset` and `limit` are whole numbers, `limit` from 1 on.'],
  ['/api_3/build/x', 'That is no number of a build.'],
  ['/api_3/project?ownername=..&projectname=tools', 'That is no name of an owner, a project or a package.'],
  ['/api_3/rpmrepo/acme/tools', undefined],
  ['/api_3/rpmrepo/acme/tools/fedora-42/x', undefined],
  ['/api_3/nothing', undefined],
])('%s is wrong, or nothing that is answered', (address, answer) => expect(answerTo(address)).toEqual(answer));

test('whatever is asked, the file lies below api_3', () => {
  const part = fc.oneof(
    fc.constantFrom(
      'rpmrepo',
      'project',
      'package',
      'build',
      'list',
      'search',
      'build-chroot',
      'monitor',
      'built-packages',
    ),
    fc.constantFrom('..', '.', '', 'a', 'a:b', '.a', '1', '%2e%2e', '..\\a', 'a\0'),
    fc.string(),
  );
  const query = fc.dictionary(
    fc.constantFrom(
      'ownername',
      'projectname',
      'packagename',
      'project_dirname',
      'build_id',
      'offset',
      'limit',
      'query',
    ),
    part,
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), query, (parts, stated) => {
      const answer = coprAnswer(`/api_3/${parts.join('/')}`, new URLSearchParams(stated));
      if (answer === undefined || answer.kind === 'wrong') return;
      const file = answer.kind === 'file' ? answer.file : answer.file(0);
      expect(file).toMatch(/^api_3\/(?:[A-Za-z0-9_][A-Za-z0-9._+:-]*\/)+[A-Za-z0-9_][A-Za-z0-9._+:-]*\.json$/);
    }),
    { numRuns: 2000 },
  );
});
