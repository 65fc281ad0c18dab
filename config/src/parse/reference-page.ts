// The reference page of the config repo: hand-written prose with tables that are made from the JSON Schemas of its
// files.

/** As much of JSON Schema as our own schemas use. */
interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | false;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
}

/**
 * The page. `template` names each table as `{{policy}}`; `policy` and `project` are JSON Schemas as `jsonSchemas` gives
 * them. Throws a RangeError when the template names a table that there is not, or lacks one.
 */
export function referencePage(template: string, policy: string, project: string): string {
  const projectForm = JSON.parse(project) as Schema;
  const packageForm = valueOfMapping(projectForm.properties?.packages);
  const tables = new Map([
    ['policy', table(rowsOf(JSON.parse(policy) as Schema, '', true))],
    ['project', table(rowsOf(projectForm, '', false))],
    ['chroot', table(rowsOf(valueOfMapping(projectForm.properties?.chroots), '', false))],
    ['package', table(rowsOf(packageForm, '', false))],
    ['source', table(sourceRows(packageForm.properties?.source))],
  ]);
  const page = template.replaceAll(/\{\{(\w+)\}\}/g, (_all, name: string) => {
    const text = tables.get(name);
    if (text === undefined) throw new RangeError(`the template names the table ${name}: there is none`);
    tables.delete(name);
    return text;
  });
  if (tables.size > 0) throw new RangeError(`the template lacks the tables ${[...tables.keys()].join(', ')}`);
  return page;
}

type Row = readonly [key: string, byDefault: string, description: string];

/** A row for each key; with `deep` those inside mappings follow, as `limits.timeout`. */
function rowsOf(form: Schema, prefix: string, deep: boolean): Row[] {
  return Object.entries(form.properties ?? {}).flatMap(([key, value]) => {
    const path = `${prefix}${key}`;
    const { text, byDefault } = describe(value, form.required?.includes(key) === true);
    if (!deep) return [[`\`${path}\``, byDefault, text]];
    const inner = valueOfMapping(value);
    // Mappings whose values have keys of their own, but for those that all do the same.
    const own: Row = [`\`${path}\``, byDefault, text];
    if (inner.properties !== undefined) return [own, ...rowsOf(inner, `${path}.<name>.`, true)];
    const hasKeys = Object.values(value.properties ?? {}).some(({ description }) => description !== undefined);
    return hasKeys ? [[`\`${path}\``, '', text], ...rowsOf(value, `${path}.`, true)] : [own];
  });
}

function sourceRows(form: Schema | undefined): Row[] {
  return (form?.oneOf ?? []).flatMap((kind): Row[] => {
    const { type, ...others } = kind.properties ?? {};
    const name = `type: ${String(type?.const)}`;
    const rows = rowsOf({ ...kind, properties: others }, '', false);
    return [
      [`\`${name}\``, '', describe(kind, false).text],
      ...rows.map(([key, ...rest]): Row => [`${key} of \`${name}\``, ...rest]),
    ];
  });
}

/** The form of a mapping's values, also where a list or nothing may stand instead. */
function valueOfMapping(form: Schema | undefined): Schema {
  const mapping = [form, ...(form?.anyOf ?? [])].find((each) => each?.additionalProperties);
  const value = mapping?.additionalProperties;
  if (!value) return {};
  return value.anyOf?.find(({ properties }) => properties !== undefined) ?? value;
}

/** Descriptions end "…; default: what." where the schema itself cannot say it. */
function describe(form: Schema, needed: boolean): { text: string; byDefault: string } {
  const description = form.description ?? '';
  const [all, stated] = /; default: (.+?)\.(?=\s|$)/.exec(description) ?? [];
  // Markdown would take <owner> for HTML.
  const text = (all === undefined ? description : description.replace(all, '.')).replaceAll('<', '&lt;');
  if (needed) return { text, byDefault: 'needed' };
  return { text, byDefault: stated ?? defaultOf(form) };
}

function defaultOf(form: Schema): string {
  const { default: value } = form;
  if (Array.isArray(value)) return value.length === 0 ? 'none' : `\`[${value.join(', ')}]\``;
  if (value === undefined || value === '' || typeof value === 'object') return 'none';
  return `\`${String(value)}\``;
}

function table(rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(['Key', 'Default', 'What it says']), '|---|---|---|', ...rows.map(line)].join('\n');
}
