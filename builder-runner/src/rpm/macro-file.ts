// The macros that a project asks for, as RPM takes them. Pure; what people wrote stays on its line.
import type { Buildroot } from '@coppice/config';

type Asked = Pick<Buildroot, 'macros' | 'with' | 'without'>;

/** Names without the `%`, and bodies, in the order in which they are defined: the last of one name counts. */
export function macroDefinitions({ macros, ...options }: Asked): readonly (readonly [name: string, body: string])[] {
  const defined = [
    ...options.with.map((name) => [`_with_${name}`, `--with-${name}`] as const),
    ...options.without.map((name) => [`_without_${name}`, `--without-${name}`] as const),
    ...Object.entries(macros),
  ];
  return defined.map(([name, text]) => [oneLine(name), macroBody(oneLine(text))]);
}

/**
 * The build's macros as RPM reads them from a file. They stand beside mock's configuration because mock takes `{{`,
 * `{%` and `{#` in it for templates, and all three are ordinary text in a macro.
 */
export function macroFile(asked: Asked): string {
  return macroDefinitions(asked)
    .map(([name, body]) => `%${name} ${body}\n`)
    .join('');
}

/** RPM takes braces around a whole body away. */
function macroBody(text: string): string {
  return text.trimStart().startsWith('{') ? `%{nil}${text}` : text;
}

/** Text without what would begin another line, or is no text at all. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.toWellFormed().replace(/[\u0000-\u001f\u007f\u0085\u2028\u2029]/g, ' ');
}
