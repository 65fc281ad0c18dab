// What Copr's answers hold that no rule of the import reads: told wherever it says something. Pure.
import {
  type CoprAnswers,
  type CoprPackage,
  coprChrootSchema,
  coprPackageSchema,
  coprProjectSchema,
} from './copr-answers.ts';
import { type Fate, fate } from './fate.ts';

/** Keys that name the thing itself or Copr's own state of it. */
const itself = new Set([
  ...['id', 'name', 'full_name', 'ownername', 'projectname', 'storage', 'builds', 'mock_chroot'],
  ...['distribution_name', 'created_on', 'latest_build', 'latest_succeeded_build'],
]);

/** Why what is known of the rest stays behind. */
const known: ReadonlyMap<string, string> = new Map(
  Object.entries({
    bootstrap: 'how mock makes its root is for `chroots/` of the config repo to say',
    bootstrap_image: 'how mock makes its root is for `chroots/` of the config repo to say',
    multilib: 'with a chroot of i686, say `repoOptions: { multilib: true }`',
    appstream: 'no AppStream metadata is made',
    fedora_review: 'fedora-review is not run',
    persistent: 'nothing is deleted here but what `deleteAfter` and `retention` say',
    delete_after_days: 'say the day in `deleteAfter`',
    runtime_dependencies: 'add them to `runtimeRepos`',
  }),
);

/** Keys of `source_dict` that are read, by type; of types that stay behind as a whole, none needs to be told. */
const sourceKeys: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    scm: ['type', 'clone_url', 'committish', 'subdirectory', 'spec', 'source_build_method', 'srpm_build_method'],
    link: ['url'],
    pypi: ['pypi_package_name', 'pypi_package_version', 'spec_template', 'spec_generator', 'python_versions'],
    rubygems: ['gem_name'],
    custom: ['script', 'builddeps', 'resultdir', 'chroot', 'repos'],
    distgit: ['clone_url', 'committish', 'distgit'],
  }),
);

/** One fate for each key that says something and is not read. */
export function leftovers({ project, packages, chroots }: CoprAnswers): readonly Fate[] {
  return [
    ...unread(project, Object.keys(coprProjectSchema.shape), ''),
    ...chroots.flatMap((one) => unread(one, Object.keys(coprChrootSchema.shape), ` of ${one.mock_chroot}`)),
    ...packages.flatMap((one) => ofPackage(one)),
  ];
}

function ofPackage(one: CoprPackage): readonly Fate[] {
  const read = sourceKeys.get(one.source_type);
  return [
    ...unread(one, Object.keys(coprPackageSchema.shape), ` of ${one.name}`),
    ...(read === undefined ? [] : unread(one.source_dict, read, ` of ${one.name}`)),
  ];
}

/** Of one project, package or chroot. */
const maximumTold = 40;

function unread(stated: Readonly<Record<string, unknown>>, read: readonly string[], of: string): readonly Fate[] {
  const left = Object.entries(stated).filter(
    ([key, value]) => !read.includes(key) && !itself.has(key) && saysSomething(value),
  );
  const more = left.length - maximumTold;
  const rest = more > 0 ? [fate('left-out', `${more} more keys${of}`, 'Copr itself has not so many')] : [];
  const told = left.slice(0, maximumTold).map(([key, value]) => {
    const why = known.get(key) ?? 'Coppice has nothing of the kind';
    return fate('left-out', `${key.slice(0, 60)}${of}`, `${JSON.stringify(value).slice(0, 100)}: ${why}`);
  });
  return [...told, ...rest];
}

/** Whether a value differs from what Copr has where nobody said anything. */
function saysSomething(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '' || value === 0) return false;
  if (value === 'default' || value === 'unchanged') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
