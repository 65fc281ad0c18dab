// Whether Coppice would take a piece of a project: its own parser is asked, so that no rule stands here a second time.
// Pure.
import { parseConfigRepo } from '@coppice/config';
import { stringify } from 'yaml';

/** The name of the policy file of a config repo. */
export const policyFile = 'coppice.yaml';

/** Says what is wrong with a piece of a project (its keys as YAML states them), undefined when it is taken. */
export type Trial = (piece: Readonly<Record<string, unknown>>) => string | undefined;

/** A trial against the policy `policyText`, of pieces of a project `owner/name`. */
export function trialAgainst(policyText: string, owner: string, name: string): Trial {
  return (piece) => {
    const path = `projects/${owner}/${name}.yaml`;
    const texts = new Map([
      [policyFile, policyText],
      [path, stringify({ maintainers: ['somebody'], ...piece })],
    ]);
    const parsed = parseConfigRepo({ texts, oversize: new Map(), paths: new Set(texts.keys()) });
    if (parsed.ok) return undefined;
    const [problem] = parsed.problems;
    return problem === undefined ? 'it is not valid' : `${problem.message} (${problem.hint})`;
  };
}
