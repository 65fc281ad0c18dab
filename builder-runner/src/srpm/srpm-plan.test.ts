import { describe, expect, test } from 'vitest';
import { type MakeableSource, planSrpm } from './srpm-plan.ts';

const place = { config: '/home/b/builds/1-srpm/build.cfg', folder: '/home/b/builds/1-srpm' };
const names = { owner: 'acme', project: 'tools', package: 'hello' };
/** What is of no account to the plan. */
const read = { chroots: ['fedora-42-x86_64'], sources: [], specText: '', variants: [] } as const;
const common = { folder: '/x', fetched: [], notes: [], needsNetwork: false } as const;

/** The steps, with what is the same in each of them taken out. */
function plan(source: MakeableSource, extra: readonly string[] = []) {
  const made = planSrpm(source, place, extra, names);
  const mock = "'mock' '-r' '/home/b/builds/1-srpm/build.cfg' '--resultdir' '/home/b/builds/1-srpm/result' ";
  return {
    ...made,
    steps: made.steps
      .replaceAll(mock, '')
      .replaceAll(/'sh' '-c' '(?:[^']|'\\'')*'/g, 'SH')
      .split('\n'),
  };
}

test('a plain source is one call of mock, which installs nothing', () => {
  const { upload, steps, tool } = plan({ ...common, kind: 'tree', method: 'spec', spec: 'hello.spec', ...read });
  expect({ upload, tool }).toEqual({ upload: 'sources', tool: undefined });
  const folder = '/home/b/builds/1-srpm/sources';
  expect(steps).toEqual([`step 'buildsrpm' '--buildsrpm' '--spec' '${folder}/hello.spec' '--sources' '${folder}'`, '']);
});

test('a tool is installed, runs in the chroot on a tree that was unpacked there, and leaves a source package', () => {
  const tree = { ...common, kind: 'tree', method: 'rpkg', spec: 'a b.spec', subdirectory: 'rpm' } as const;
  const { steps, results } = plan(tree, ['git-core']);
  expect(steps).toEqual([
    "afterwards '--clean'",
    "step 'init' '--init'",
    "step 'install' '--install' 'rpkg' 'git-core'",
    "step 'copyin' '--copyin' '/home/b/builds/1-srpm/tree.tar' '/builddir/coppice-tree.tar'",
    "step 'run' '--chroot' '--unpriv' '--' SH '/builddir/coppice-tree.tar' '/builddir/coppice' 'run' 'rpm' 'rpkg' 'srpm' '--outdir' '/builddir/coppice/out' '--spec' 'a b.spec'",
    "step 'copyout' '--copyout' '/builddir/coppice/out' '/home/b/builds/1-srpm/made'",
    '',
  ]);
  expect(results).toBe('/home/b/builds/1-srpm/made');
});

test("only make_srpm is root of the chroot, as Makefiles expect it; its spec is a path in the chroot's tree", () => {
  const source = {
    ...common,
    kind: 'tree',
    method: 'make_srpm',
    spec: 'x.spec',
    subdirectory: 'rpm',
    needsNetwork: true,
  } as const;
  const run = plan(source).steps.find((step) => step.startsWith("step 'run'"));
  expect(run).toBe(
    "step 'run' '--chroot' '--enable-network' '--' SH '/builddir/coppice-tree.tar' '/coppice' 'run' 'rpm' 'make' '-f' '/coppice/tree/.copr/Makefile' 'srpm' 'outdir=/coppice/out' 'spec=/coppice/tree/rpm/x.spec'",
  );
});

describe('what makes a spec is followed by mock --buildsrpm', () => {
  const python = { ...common, kind: 'pypi', file: 'a-1.tar.gz', name: 'a', version: '1' } as const;

  test('pyp2rpm, with its template and Python versions, without an installation where there is no network', () => {
    const source = { ...python, generator: 'pyp2rpm', python: ['3', '3.12'], template: 'fedora' } as const;
    const { steps, results } = plan(source);
    expect(steps.find((step) => step.startsWith("step 'run'"))).toMatch(
      / 'generate' 'a-1\.tar\.gz' 'pyp2rpm' '-s' '-d' '\S+\/out' '--no-venv' '-t' 'fedora' '-b' '3' '-p' '3\.12' '\S+\/tree\/a-1\.tar\.gz'$/,
    );
    expect(steps.at(-2)).toBe("build_from '/home/b/builds/1-srpm/made' '--buildsrpm'");
    expect(results).toBe('/home/b/builds/1-srpm/result');
  });

  test('pyp2spec asks PyPI for the version that was pinned', () => {
    const source = { ...python, generator: 'pyp2spec', python: [], template: undefined, needsNetwork: true } as const;
    const { steps, tool } = plan(source);
    expect(steps.find((step) => step.startsWith("step 'run'"))).toMatch(/'pyp2spec' 'a' '--version' '1' /);
    expect(tool?.package).toBe('pyp2spec');
  });

  test('a script, told of its package, with no tool but what it asks for', () => {
    const source = { ...common, kind: 'script', script: 'make.sh', chroot: undefined, resultFolder: 'made' } as const;
    const { steps, tool } = plan({ ...source, buildDependencies: ['git-core'] });
    expect(tool).toBeUndefined();
    expect(steps).toContain("step 'install' '--install' 'git-core'");
    expect(steps.find((step) => step.startsWith("step 'run'"))).toMatch(
      / 'script' 'made' 'env' 'COPR_OWNER=acme' 'COPR_PROJECT=tools' 'COPR_PACKAGE=hello' 'COPR_RESULTDIR=\S+\/tree\/made' '\.\/make\.sh'$/,
    );
  });
});

test('nothing that people wrote is read by a shell', () => {
  const spec = "$(touch /tmp/x)'; `id`\n.spec";
  const { steps } = planSrpm({ ...common, kind: 'tree', method: 'spec', spec, ...read }, place, [], names);
  expect(steps).toContain(`'${place.folder}/sources/$(touch /tmp/x)'\\''; \`id\`\n.spec'`);
});
