// What compilers, linkers and configure scripts say. Pure.
import { baseName, quoted, shortPath } from '../base/sentence-parts.ts';
import { type Clue, clue } from './clues.ts';

const at = (file: string, line: string) => `${quoted(shortPath(file))}:${line}`;

export const compileClues: readonly Clue[] = [
  clue(
    /fatal error: Killed signal terminated program (\S+)/,
    (program) => `The compiler (${quoted(program)}) was killed, as happens when memory runs out.`,
  ),
  clue(/internal compiler error: (.+)/, (text) => `The compiler itself crashed: ${quoted(text)}.`),
  clue(
    /^(\S+?):(\d+)(?::\d+)?: fatal error: (\S+): No such file or directory$/,
    (file, line, header) => `${at(file, line)} does not compile: the header ${quoted(header)} is not there.`,
  ),
  clue(
    /^(\S+?):(\d+)(?::\d+)?: (?:fatal )?error: (.+?)(?: \(first use in this function\))?$/,
    (file, line, text) => `${at(file, line)} does not compile: ${quoted(text)}.`,
  ),
  clue(/^(\S+?):(\d+): Error: (.+)$/, (file, line, text) => `${at(file, line)} does not assemble: ${quoted(text)}.`),
  clue(
    /ld: (?:\S+: in function .+?:)?(\S+?):(\d+)?:?.{0,80}undefined reference to [`'‘]([^'’]+)['’]/,
    (file, line, name) =>
      `It does not link: ${quoted(name)} is used in ${at(baseName(file), line).replace(/:$/, '')} and defined nowhere.`,
  ),
  clue(/undefined reference to [`'‘]([^'’]+)['’]/, (name) => `It does not link: ${quoted(name)} is defined nowhere.`),
  clue(
    /multiple definition of [`'‘]([^'’]+)['’]/,
    (name) => `It does not link: ${quoted(name)} is defined more than once.`,
  ),
  clue(/ld: cannot find -l(\S+?)(?::|$)/, (name) => `It does not link: the library ${quoted(name)} is not there.`),
  clue(
    /ld: (\S+): relocation \S+ against .+ can not be used when making a shared object; recompile with -fPIC/,
    (file) => `It does not link: ${quoted(file)} must be compiled with -fPIC.`,
  ),
  clue(/^(?:gcc|g\+\+|cc|c\+\+|clang|cc1): (?:fatal )?error: (.+)$/, (text) => `The compiler stops: ${quoted(text)}.`),
  clue(
    /^No package '([^']+)' found$/,
    (name) => `pkg-config does not find ${quoted(name)}: is pkgconfig(${quoted(name)}) in BuildRequires?`,
  ),
  clue(
    /^Package '?([^'\s,]+)'?,? (?:was not found in the pkg-config search path|required by '[^']+', not found)/,
    (name) => `pkg-config does not find ${quoted(name)}: is pkgconfig(${quoted(name)}) in BuildRequires?`,
  ),
  clue(/^configure: error: (?!in [`'])(.+)$/, (text) => `configure stops: ${quoted(text)}.`),
  clue(/^CMake Error at ([^:]+):(\d+)/, (file, line) => `${at(file, line)}: CMake stops.`),
  clue(/^([^:\s]+):(\d+):\d+: ERROR: (.+)$/, (file, line, text) => `${at(file, line)}: Meson stops: ${quoted(text)}.`),
];
