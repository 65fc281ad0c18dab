// The service's settings file → Settings, with the same problems as a config repo's files.
import { checkYaml } from './check-yaml.ts';
import { parseYaml } from './parse-yaml.ts';
import { compareProblems, type Parsed } from './problem.ts';
import { type Settings, settingsSchema } from './settings.ts';

/** An empty file means every default. `path` is only for the problems. */
export function parseSettings(text: string, path: string): Parsed<Settings> {
  const file = parseYaml(text, path);
  if (!file.ok) return file;
  const stated = file.value.value === null ? { ...file.value, value: {} } : file.value;
  const { value, problems } = checkYaml(settingsSchema, stated);
  if (value !== undefined) return { ok: true, value };
  return { ok: false, problems: [...problems].sort(compareProblems) };
}
