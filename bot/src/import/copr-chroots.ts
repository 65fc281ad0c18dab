// Options of Copr's chroots, and the additional repositories of a project and of its chroots → what `chroots` and
// `repos` say. Pure.
import type { CoprAnswers, CoprChroot } from './copr-answers.ts';
import { convertRepo } from './copr-repos.ts';
import { type ConvertContext, type Fate, fate } from './fate.ts';

interface Options {
  packages?: readonly string[];
  repos?: readonly string[];
  with?: readonly string[];
  without?: readonly string[];
  modules?: readonly string[];
  isolation?: string;
}

/** Options by chroot, only of those that have some, and the repositories of the whole project. */
interface ConvertedChroots {
  readonly options: ReadonlyMap<string, Options>;
  readonly repos: readonly string[];
}

/** `chroots` are those that come over. What does not goes into `fates`. */
export function chrootOptions(
  answers: CoprAnswers,
  chroots: readonly string[],
  context: ConvertContext,
  fates: Fate[],
): ConvertedChroots {
  const { project } = answers;
  const options = new Map<string, Options>(chroots.map((chroot) => [chroot, {}]));
  const repos = new Set<string>();
  const add = (stated: string, where: readonly string[], whole: boolean) => {
    const what = `repository ${stated}${whole ? '' : ` of ${where.join(', ')}`}`;
    const converted = convertRepo(stated, project, context.imported);
    if ('why' in converted) {
      // Its own repository is an input of every build here.
      const own = converted.why.startsWith('builds read');
      return void fates.push(fate(own ? 'no-equal' : 'left-out', what, converted.why));
    }
    const shared = whole && converted.same;
    const targets = shared ? [''] : where;
    for (const chroot of targets) {
      const repo = converted.repo(chroot);
      const piece = shared ? { repos: [repo] } : { chroots: { [chroot]: { repos: [repo] } } };
      const wrong = repo.startsWith('coppice://') ? undefined : context.trial(piece);
      if (wrong !== undefined) return void fates.push(fate('left-out', what, wrong));
      if (shared) repos.add(repo);
      else append(options, chroot, repo);
    }
    fates.push(fate('converted', what, shared ? '`repos`' : '`repos` of each chroot'));
    if (converted.remark !== undefined) fates.push(fate('left-out', what, converted.remark));
  };
  for (const stated of new Set(project.additional_repos)) add(stated, chroots, true);
  const known = new Map(answers.chroots.map((one) => [one.mock_chroot, one]));
  for (const chroot of chroots) {
    const one = known.get(chroot);
    if (one === undefined) {
      const text = 'its answer of /api_3/project-chroot is not among the recorded ones: its options were not read';
      fates.push(fate('person', `chroot ${chroot}`, text));
    }
    for (const stated of new Set(one?.additional_repos ?? [])) add(stated, [chroot], false);
    const own = ownOptions(one, project.isolation, chroot, context, fates);
    options.set(chroot, { ...options.get(chroot), ...own });
  }
  for (const [chroot, stated] of options) if (Object.keys(stated).length === 0) options.delete(chroot);
  return { options, repos: [...repos] };
}

function append(options: Map<string, Options>, chroot: string, repo: string): void {
  const before = options.get(chroot) ?? {};
  options.set(chroot, { ...before, repos: [...new Set([...(before.repos ?? []), repo])] });
}

function ownOptions(
  one: CoprChroot | undefined,
  projectIsolation: string,
  chroot: string,
  { trial }: ConvertContext,
  fates: Fate[],
): Options {
  const options: Options = {};
  const take = (key: keyof Options, value: string | readonly string[], what: string) => {
    const wrong = trial({ chroots: { [chroot]: { [key]: value } } });
    if (wrong !== undefined) fates.push(fate('left-out', `${what} of ${chroot}`, wrong));
    return wrong === undefined;
  };
  // One by one: a single item that cannot come over does not keep the others.
  const takeEach = (key: 'packages' | 'with' | 'without' | 'modules', stated: readonly string[] = [], what: string) => {
    const taken = [...new Set(stated)].filter((item) => take(key, [item], `${what}: ${item}`));
    if (taken.length > 0) options[key] = taken;
  };
  const isolation =
    one?.isolation === 'default' ? undefined : [one?.isolation, projectIsolation].find(isStatedIsolation);
  if (isolation !== undefined && take('isolation', isolation, 'isolation')) options.isolation = isolation;
  takeEach('packages', one?.additional_packages, 'additional_packages');
  takeEach('with', one?.with_opts, 'with_opts');
  takeEach('without', one?.without_opts, 'without_opts');
  takeEach('modules', one?.additional_modules, 'additional_modules');
  if (one !== undefined && one.comps_name !== '') {
    fates.push(fate('left-out', `comps of ${chroot}`, 'repositories have no comps.xml here'));
  }
  if (typeof one?.delete_after_days === 'number') {
    fates.push(
      fate('person', `chroot ${chroot}`, `Copr deletes it in ${one.delete_after_days} days: is it still wanted?`),
    );
  }
  return options;
}

/** Copr's other words, `default` and `unchanged`, say nothing. */
function isStatedIsolation(word: string | undefined): word is string {
  return word === 'simple' || word === 'nspawn';
}
