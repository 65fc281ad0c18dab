// The service's settings file → Settings, with the same problems as a config repo's files.
import { boundProblems, maximumProblemsOfFile, type Parsed } from '../words/problem.ts';
import { type Settings, settingsSchema } from '../words/settings.ts';
import { checkYaml } from '../yaml/check-yaml.ts';
import { parseYaml } from '../yaml/parse-yaml.ts';

/** An empty file means every default. `path` is only for the problems. */
export function parseSettings(text: string, path: string): Parsed<Settings> {
  const read = parseYaml(text, path);
  if (read.file === undefined) return { ok: false, problems: read.problems };
  const stated = read.file.value === null ? { ...read.file, value: {} } : read.file;
  const { value, problems } = checkYaml(settingsSchema, stated);
  const all = boundProblems([...read.problems, ...problems], maximumProblemsOfFile);
  return value === undefined || all.length > 0 ? { ok: false, problems: all } : { ok: true, value };
}
