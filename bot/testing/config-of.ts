// Config repos as tests write them: by the texts of their files.
import { type ConfigRepo, formatProblem, isConfigYaml, parseConfigRepo } from '@coppice/config';

/** What the files say. Throws when there is a problem in them. */
export function configOf(texts: Readonly<Record<string, string>>): ConfigRepo {
  const paths = new Set(Object.keys(texts));
  const read = new Map(Object.entries(texts).filter(([path]) => isConfigYaml(path)));
  const parsed = parseConfigRepo({ texts: read, oversize: new Map(), paths });
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.value;
}
