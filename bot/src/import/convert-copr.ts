// One project of Copr → one project file of a config repo. What cannot come over is said, one fate for each. Pure.
import type { CoprAnswers, CoprProject } from './copr-answers.ts';
import { chrootOptions } from './copr-chroots.ts';
import { leftovers } from './copr-leftovers.ts';
import { convertPackages } from './copr-packages.ts';
import { ownerHere } from './copr-repos.ts';
import { type ConvertContext, type Fate, fate } from './fate.ts';
import { ImportError } from './import-error.ts';
import type { Trial } from './trial.ts';

/** A project's file as data, in the order of its keys, and what became of each thing. */
export interface ConvertedProject {
  readonly owner: string;
  readonly name: string;
  readonly project: Readonly<Record<string, unknown>>;
  readonly chroots: readonly string[];
  readonly network: boolean;
  readonly fates: readonly Fate[];
}

const longestDescription = 1000;

/** Throws ImportError `result` when not even one chroot can come over. */
export function convertCopr(answers: CoprAnswers, context: ConvertContext): ConvertedProject {
  const { project } = answers;
  const fates: Fate[] = [];
  const chroots = Object.keys(project.chroot_repos).filter((chroot) => {
    const wrong = context.trial({ chroots: [chroot] });
    if (wrong !== undefined) fates.push(fate('left-out', `chroot ${chroot}`, wrong));
    return wrong === undefined;
  });
  if (chroots.length === 0) {
    const why = fates.map(({ what, text }) => `\n  ${what}: ${text}`).join('');
    throw new ImportError('result', `No chroot of ${project.ownername}/${project.name} can come over.${why}`);
  }
  const trial: Trial = (piece) => context.trial({ chroots, ...piece });
  const keep = (what: string, piece: Readonly<Record<string, unknown>>) => {
    const wrong = trial(piece);
    if (wrong !== undefined) fates.push(fate('left-out', what, wrong));
    return wrong === undefined ? piece : {};
  };
  const { options, repos } = chrootOptions(answers, chroots, { ...context, trial }, fates);
  const network = project.enable_net && 'network' in keep('enable_net', { network: true });
  const optionOf = (what: string, option: Readonly<Record<string, unknown>>) =>
    'repoOptions' in keep(what, { repoOptions: option }) ? option : {};
  const repoOptions = {
    ...(project.module_hotfixes ? optionOf('module_hotfixes', { module_hotfixes: true }) : {}),
    ...(project.repo_priority == null ? {} : optionOf('repo_priority', { priority: project.repo_priority })),
  };
  const texts = proseOf(project);
  const converted = {
    ...(texts.description === '' ? {} : keep('description', { description: texts.description })),
    ...(project.homepage === '' ? {} : keep('homepage', { homepage: project.homepage })),
    ...(project.contact === '' ? {} : keep('contact', { contact: project.contact })),
    ...(texts.instructions === '' ? {} : keep('instructions', { instructions: texts.instructions })),
    maintainers: context.maintainers,
    chroots: options.size === 0 ? chroots : Object.fromEntries(chroots.map((one) => [one, options.get(one) ?? {}])),
    ...(repos.length === 0 ? {} : { repos }),
    ...(network ? { network: true } : {}),
    ...(Object.keys(repoOptions).length === 0 ? {} : { repoOptions }),
    packages: convertPackages(answers.packages, context.hashes, context.looks, trial, fates),
  };
  fates.push(...foreignSettings(project), ...leftovers(answers));
  return { owner: ownerHere(project.ownername), name: project.name, project: converted, chroots, network, fates };
}

/** A description that is too long for one becomes the beginning of the instructions; its first paragraph stays. */
function proseOf({ description, instructions }: CoprProject): { description: string; instructions: string } {
  const whole = description.trim();
  if (whole.length <= longestDescription) return { description: whole, instructions: instructions.trim() };
  const [first = ''] = whole.split(/\r?\n\s*\r?\n/, 1);
  return {
    description: first.length <= longestDescription ? first : `${first.slice(0, longestDescription - 1)}…`,
    instructions: [whole, instructions.trim()].filter((part) => part !== '').join('\n\n'),
  };
}

/** Settings of Copr that Coppice does not have, where they are not as Copr has them by itself. */
function foreignSettings(project: CoprProject): Fate[] {
  const stated: readonly (readonly [boolean, string, string])[] = [
    [project.devel_mode, 'devel_mode', 'the repository is made anew after each build, always'],
    [project.unlisted_on_hp, 'unlisted_on_hp', 'every project is listed'],
    [
      project.auto_prune === false,
      'auto_prune',
      'what is kept how long is for the admins to say: `retention` in coppice.yaml',
    ],
    [project.follow_fedora_branching, 'follow_fedora_branching', 'add new chroots to the project by hand'],
    [
      project.packit_forge_projects_allowed.length > 0,
      'packit_forge_projects_allowed',
      'name people in `builders` instead',
    ],
  ];
  return stated.flatMap(([differs, key, why]) => (differs ? [fate('left-out', key, why)] : []));
}
