// Where in the YAML packages state their sources, for problems that show only when a source is looked up.
import { parseYaml } from '../yaml/parse-yaml.ts';
import type { Position } from '../yaml/read-nodes.ts';

/**
 * Gives by the name of a package where `source` stands in the text of its project's file; of one that is not there,
 * where the nearest thing around it is named. The beginning of the file when it is no YAML.
 */
export function sourcePlaces(text: string, path: string): (name: string) => Position {
  const { file } = parseYaml(text, path);
  return (name) => file?.keyAt(['packages', name, 'source']) ?? { line: 1, column: 1 };
}
