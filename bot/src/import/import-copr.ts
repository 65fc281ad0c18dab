// The import of one project of Copr: answers in, files of a config repo out, checked as the service would check them.
import { type ConfigTree, formatProblem, type Problem, parseConfigRepo } from '@coppice/config';
import { Document, stringify } from 'yaml';
import { type ConvertedProject, convertCopr } from './convert-copr.ts';
import type { CoprAnswers } from './copr-answers.ts';
import { ownerHere } from './copr-repos.ts';
import type { SrpmHashes } from './copr-source.ts';
import { type Fate, fate, oneLine } from './fate.ts';
import type { GitLooks } from './git-looks.ts';
import { ImportError } from './import-error.ts';
import { policyFile, trialAgainst } from './trial.ts';

export interface ImportOrder {
  readonly answers: CoprAnswers;
  /** The config repo that the project comes into; an empty tree makes a new one. */
  readonly tree: ConfigTree;
  /** GitHub logins; empty: the admins of the config repo, or, in a new one, a login like the owner's name. */
  readonly maintainers: readonly string[];
  readonly hashes: SrpmHashes;
  /** Of repositories that nobody looked at nothing is said. */
  readonly looks: GitLooks;
}

export interface ImportResult {
  /** Path in the config repo → text. */
  readonly files: ReadonlyMap<string, string>;
  readonly fates: readonly Fate[];
  /** What was wrong in the config repo before; its other files only. */
  readonly elsewhere: readonly Problem[];
}

/** A policy under which everything can be tried that a new config repo may state. */
const openPolicy = (chroots: readonly string[]) =>
  stringify({ admins: ['somebody'], chroots, allow: { network: true } });
const anyChroot = ['fedora-42-x86_64'];

/**
 * The project's file, and a `coppice.yaml` when the config repo has none. Pure.
 * Throws ImportError `result` when nothing valid comes of it.
 */
export function importCopr({ answers, tree, maintainers, hashes, looks }: ImportOrder): ImportResult {
  const { project } = answers;
  const owner = ownerHere(project.ownername);
  const misnamed = trialAgainst(openPolicy(anyChroot), owner, project.name)({ chroots: anyChroot });
  if (misnamed !== undefined) {
    throw new ImportError('result', oneLine(`${project.ownername}/${project.name} cannot come over: ${misnamed}.`));
  }
  const policyText = readPolicyText(tree);
  const who = maintainersOf(maintainers, policyText, owner);
  const path = `projects/${owner}/${project.name}.yaml`;
  // Every chroot on its own against a policy that allows just it: one with an impossible name must not spoil the
  // others.
  const trial = (piece: Readonly<Record<string, unknown>>) => {
    const stated = piece.chroots ?? [];
    const names = Array.isArray(stated) ? stated : Object.keys(stated);
    return trialAgainst(policyText ?? openPolicy(names), owner, project.name)(piece);
  };
  const imported = new Set(
    [...tree.texts.keys()].flatMap((name) => /^projects\/([^/]+\/[^/]+)\.yaml$/.exec(name)?.[1] ?? []),
  );
  const converted = convertCopr(answers, { maintainers: who.logins, imported, hashes, looks, trial });
  const fates = [...who.fates, ...renamed(project.ownername), ...converted.fates];
  const files = new Map([[path, renderProject(converted, project, fates)]]);
  if (policyText === undefined) {
    files.set(policyFile, renderPolicy(converted, who.logins));
    fates.push(fate('person', policyFile, 'made anew: see that its admins are right, and commit it first'));
  }
  return { files, fates, elsewhere: check(tree, files) };
}

function readPolicyText(tree: ConfigTree): string | undefined {
  if (!tree.paths.has(policyFile)) return undefined;
  const texts = new Map([[policyFile, tree.texts.get(policyFile) ?? '']]);
  const parsed = parseConfigRepo({ texts, oversize: tree.oversize, paths: new Set(texts.keys()) });
  if (parsed.ok) return texts.get(policyFile);
  const problems = parsed.problems.map((problem) => `\n  ${formatProblem(problem)}`).join('');
  throw new ImportError('result', `The config repo has a coppice.yaml that is wrong; mend it first:${problems}`);
}

function maintainersOf(
  asked: readonly string[],
  policyText: string | undefined,
  owner: string,
): { logins: readonly string[]; fates: readonly Fate[] } {
  if (asked.length > 0) return { logins: asked.map((login) => login.toLowerCase()), fates: [] };
  const texts = new Map(policyText === undefined ? [] : [[policyFile, policyText]]);
  const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set(texts.keys()) });
  if (parsed.ok) {
    const text =
      'the admins of the config repo: Copr does not say who else may build; add people with --maintainer or /request';
    return { logins: parsed.value.policy.admins, fates: [fate('person', 'maintainers', text)] };
  }
  const login = owner.toLowerCase();
  const usable = trialAgainst(
    openPolicy(['fedora-42-x86_64']),
    'x',
    'x',
  )({
    maintainers: [login],
    chroots: ['fedora-42-x86_64'],
  });
  const logins = [usable === undefined ? login : 'maintainer'];
  const text = `${logins[0]}: accounts of Copr are not those of GitHub; is this the right person? (--maintainer LOGIN)`;
  return { logins, fates: [fate('person', 'maintainers', text)] };
}

function renamed(owner: string): Fate[] {
  return owner === ownerHere(owner) ? [] : [fate('converted', `owner ${owner}`, `the owner ${ownerHere(owner)}`)];
}

function renderProject({ project }: ConvertedProject, from: CoprAnswers['project'], fates: readonly Fate[]): string {
  const document = new Document(project);
  document.commentBefore = comment([`Imported from the project ${from.ownername}/${from.name} of Copr.`]);
  const todo = fates.filter(({ kind }) => kind === 'left-out' || kind === 'person');
  if (todo.length > 0) document.comment = comment(todo.map(({ what, text }) => `TODO ${what}: ${text}`));
  return document.toString({ lineWidth: 0 });
}

function renderPolicy(converted: ConvertedProject, admins: readonly string[]): string {
  const { chroots, network, owner, name } = converted;
  const document = new Document({
    admins,
    chroots,
    ...(network ? { allow: { network: [`${owner}/${name}`] } } : {}),
  });
  document.commentBefore = comment(['The policy of this Coppice service: who runs it and what may be built for.']);
  return document.toString({ lineWidth: 0 });
}

function comment(lines: readonly string[]): string {
  return lines.map((line) => ` ${oneLine(line)}`).join('\n');
}

/** Problems of the other files; the new ones must have none. */
function check(tree: ConfigTree, files: ReadonlyMap<string, string>): readonly Problem[] {
  const parsed = parseConfigRepo({
    texts: new Map([...tree.texts, ...files]),
    oversize: new Map([...tree.oversize].filter(([path]) => !files.has(path))),
    paths: new Set([...tree.paths, ...files.keys()]),
  });
  if (parsed.ok) return [];
  const ours = parsed.problems.filter(({ path }) => files.has(path));
  if (ours.length === 0) return parsed.problems;
  const list = ours.map((problem) => `\n  ${formatProblem(problem)}`).join('');
  throw new ImportError('result', `The project cannot come over as it is; nothing was written:${list}`);
}
