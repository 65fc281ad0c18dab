// What a terminal would show of one line of a log: progress bars as they ended, colours as classes, all other sequences
// dropped. Pure; a part of the browser's script too, which draws the lines that come while a build runs (see
// markup/assets.ts).

/** A longer line is cut; the raw log has all of it. */
const maximumLineLength = 2000;

/** Control characters, and those that break lines or turn their direction. */
const special =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;
/** CSI with its parameters and its end; strings (OSC, DCS, SOS, PM, APC) to their end; other escapes (ECMA-48). */
const sequence =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these begin with control characters
  /(?:\u001b\[|\u009b)([0-?]*)[ -/]*([@-~])|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]/y;

/** How text is drawn before any line says so. */
export const plainStyle = {};

export function drawLine(raw, style = plainStyle) {
  const line = raw.replace(/\r+$/, '');
  if (!special.test(line)) {
    const text = line.length > maximumLineLength ? line.slice(0, maximumLineLength) : line;
    return finish([{ text, classes: classesOf(style) }], line.length - text.length, style);
  }
  const screen = { cells: [], column: 0, beyond: 0, style };
  for (let at = 0; at < line.length; ) {
    const character = String.fromCodePoint(line.codePointAt(at));
    if (!special.test(character)) {
      put(screen, character);
      at += character.length;
      continue;
    }
    sequence.lastIndex = at;
    const found = sequence.exec(line);
    if (found === null) {
      control(screen, character);
      at += character.length;
    } else {
      if (found[2] !== undefined) command(screen, found[2], found[1] ?? '');
      at = sequence.lastIndex;
    }
  }
  return finish(joinCells(screen.cells), screen.beyond, screen.style);
}

function finish(runs, beyond, style) {
  const shown = runs.filter(({ text }) => text !== '');
  if (beyond > 0) shown.push({ text: ` … (${beyond} more characters in the raw log)`, classes: '' });
  return { text: shown.map(({ text }) => text).join(''), runs: shown, style };
}

function put(screen, text) {
  if (screen.column < maximumLineLength) {
    while (screen.cells.length < screen.column) screen.cells.push({ text: ' ', classes: '' });
    screen.cells[screen.column] = { text, classes: classesOf(screen.style) };
  } else screen.beyond = Math.max(screen.beyond, screen.column + 1 - maximumLineLength);
  screen.column += 1;
}

function control(screen, character) {
  if (character === '\r') screen.column = 0;
  else if (character === '\b') screen.column = Math.max(0, screen.column - 1);
  // Bell and null show nothing on a terminal; whatever else is there must not act on the page.
  else if (character !== '\u0007' && character !== '\u0000') put(screen, '\ufffd');
}

function command(screen, name, parameters) {
  const count = Math.min(Number.parseInt(parameters, 10) || 1, maximumLineLength);
  if (name === 'm') screen.style = styleAfter(screen.style, parameters);
  else if (name === 'K') erase(screen, parameters);
  else if (name === 'G') screen.column = count - 1;
  else if (name === 'C') screen.column += count;
  else if (name === 'D') screen.column = Math.max(0, screen.column - count);
}

function erase(screen, parameters) {
  if (parameters === '1') {
    for (let at = 0; at < Math.min(screen.column + 1, screen.cells.length); at += 1)
      screen.cells[at] = { text: ' ', classes: '' };
    return;
  }
  screen.cells.length = parameters === '2' ? 0 : Math.min(screen.cells.length, screen.column);
  screen.beyond = parameters === '2' ? 0 : Math.min(screen.beyond, Math.max(0, screen.column - maximumLineLength));
}

function joinCells(cells) {
  const runs = [];
  for (const { text, classes } of cells) {
    const last = runs.at(-1);
    if (last?.classes === classes) last.text += text;
    else runs.push({ text, classes });
  }
  return runs;
}

/** SGR: https://en.wikipedia.org/wiki/ANSI_escape_code#Select_Graphic_Rendition_parameters */
function styleAfter(before, parameters) {
  const codes = parameters.split(/[;:]/).map((code) => Number.parseInt(code, 10) || 0);
  let style = { ...before };
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at];
    if (code === 0) style = {};
    else if (code === 38 || code === 48) {
      const { colour, used } = wideColour(codes.slice(at + 1, at + 6));
      style[code === 38 ? 'front' : 'back'] = colour;
      at += used;
    } else style = { ...style, ...simpleStyle(code) };
  }
  return style;
}

function simpleStyle(code) {
  if (code === 1) return { bold: true };
  if (code === 2) return { dim: true };
  if (code === 3) return { italic: true };
  if (code === 4) return { underlined: true };
  if (code === 7) return { inverse: true };
  if (code === 22) return { bold: false, dim: false };
  if (code === 23) return { italic: false };
  if (code === 24) return { underlined: false };
  if (code === 27) return { inverse: false };
  if (code >= 30 && code <= 37) return { front: code - 30 };
  if (code === 39) return { front: undefined };
  if (code >= 40 && code <= 47) return { back: code - 40 };
  if (code === 49) return { back: undefined };
  if (code >= 90 && code <= 97) return { front: code === 90 ? 8 : code - 90 };
  if (code >= 100 && code <= 107) return { back: code === 100 ? 8 : code - 100 };
  return {};
}

/** `5;n` (of 256) and `2;r;g;b`: the nearest of the colours that have a class. */
function wideColour([kind, first = 0, second = 0, third = 0]) {
  if (kind === 2) return { colour: nearest(first, second, third), used: 4 };
  if (kind !== 5) return { colour: undefined, used: 1 };
  if (first < 16) return { colour: first > 8 ? first - 8 : first, used: 2 };
  if (first > 231) return { colour: first > 249 ? 7 : 8, used: 2 };
  const cube = first - 16;
  return { colour: nearest(Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6), used: 2 };
}

function nearest(red, green, blue) {
  const most = Math.max(red, green, blue);
  const [r, g, b] = [red, green, blue].map((part) => (most > 0 && part > most / 2 ? 1 : 0));
  return r + 2 * g + 4 * b;
}

/** `c0`-`c8` and `k0`-`k8` colour text and ground, the others say how it is written. */
function classesOf({ front, back, bold, dim, italic, underlined, inverse }) {
  if ((front ?? back ?? bold ?? dim ?? italic ?? underlined ?? inverse) === undefined) return '';
  const classes = [];
  if (inverse) classes.push('cv');
  else if (back !== undefined) classes.push(`k${back}`);
  else if (front !== undefined) classes.push(`c${front}`);
  if (bold) classes.push('cb');
  if (dim) classes.push('cd');
  if (italic) classes.push('ci');
  if (underlined) classes.push('cu');
  return classes.join(' ');
}
