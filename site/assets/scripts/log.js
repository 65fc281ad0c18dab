// Logs: lines and ranges that an address names, parts that a page leaves out, and lines that come while a build runs.
// The rules by which lines are drawn, tinted and sorted into folds are those of the pages (see markup/assets.ts).

/* global drawLine, plainStyle, toneOf, openSections, coppice */

const listing = document.getElementById('folds');
/** More lines would make the page slow; what goes first is in the raw log. */
const mostRows = 20_000;
/** Lines that are fetched around one that the page leaves out, and how far it is looked for. */
const aroundMissing = 100;
const farthestBytes = 64 * 1024 * 1024;

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function runsOf(runs) {
  return runs.map(({ text, classes }) => (classes === '' ? text : element('span', { className: classes }, text)));
}

function lineOf(number, { text, runs }) {
  const tone = toneOf(text);
  const anchor = element('a', { href: `#L${number}` }, String(number));
  const className = tone === 'plain' ? 'line' : `line tone-${tone}`;
  return element('span', { className, id: `L${number}` }, anchor, ...runsOf(runs), '\n');
}

/** A fold that lines are put into. */
function foldOf(title, number) {
  const lines = element('pre', { className: 'log', tabIndex: 0, role: 'group', ariaLabel: title });
  const count = element('span', { className: 'quiet count' });
  const summary = element('summary', {}, element('span', { className: 'foldtitle' }, title), count);
  return element('details', { className: 'fold', id: `F${number}`, open: true }, summary, lines);
}

function showCount(fold) {
  const lines = fold.querySelectorAll('.line').length;
  const errors = fold.querySelectorAll('.tone-error').length;
  const text = `${lines} line${lines === 1 ? '' : 's'}${errors > 0 ? `, ${errors} with errors` : ''}`;
  fold.querySelector('.count').textContent = text;
}

/** What a step took, in its fold: the last one of its title. */
function showSeconds({ title, seconds }) {
  const fold = [...listing.children].findLast((each) => each.querySelector('.foldtitle')?.textContent === title);
  const text = seconds < 60 ? `${Math.round(seconds * 10) / 10} s` : `${Math.round(seconds)} s`;
  fold?.querySelector('summary').append(element('span', { className: 'quiet took' }, text));
}

// Lines and ranges.

/** `#L5` and `#L5-L9`; undefined for another address. */
function rangeIn(hash) {
  const [, from, until] = /^#L(\d{1,9})(?:-L?(\d{1,9}))?$/.exec(hash) ?? [];
  if (from === undefined) return undefined;
  const [one, other] = [Number(from), Number(until ?? from)];
  return { first: Math.min(one, other), last: Math.max(one, other) };
}

async function showRange() {
  for (const line of listing.querySelectorAll('.marked')) line.classList.remove('marked');
  document.getElementById('missing')?.remove();
  const range = rangeIn(location.hash);
  if (range === undefined) return;
  if (document.getElementById(`L${range.first}`) === null) await fetchMissing(range);
  const first = document.getElementById(`L${range.first}`);
  if (first === null) return;
  const fold = first.closest('details');
  if (fold !== null) fold.open = true;
  for (let number = range.first; number <= Math.min(range.last, range.first + mostRows); number += 1)
    document.getElementById(`L${number}`)?.classList.add('marked');
  first.scrollIntoView({ block: 'center' });
}

/** With Shift a number ends the range that another one began. */
function chooseRange(event) {
  const anchor = event.target instanceof Element ? event.target.closest('.line > a') : null;
  const begun = rangeIn(location.hash);
  if (anchor === null || !event.shiftKey || begun === undefined) return;
  event.preventDefault();
  const number = Number(anchor.textContent);
  const [first, last] = [Math.min(begun.first, number), Math.max(begun.first, number)];
  getSelection()?.removeAllRanges();
  // As it stands on the screen already, nothing is to be scrolled to.
  history.pushState(null, '', first === last ? `#L${first}` : `#L${first}-L${last}`);
  const { scrollX, scrollY } = window;
  showRange().then(() => window.scrollTo(scrollX, scrollY));
}

// Parts that the page leaves out.

function say(text) {
  document.getElementById('missing')?.remove();
  const note = element('p', { className: 'note', id: 'missing', role: 'status' }, `${text} `);
  note.append(element('a', { href: listing.dataset.raw }, 'The whole log'));
  listing.before(note);
  note.scrollIntoView({ block: 'center' });
}

async function fetchMissing({ first, last }) {
  const gap = [...listing.querySelectorAll('.gap[data-from]')].find(
    ({ dataset }) => Number(dataset.first) <= first && first <= Number(dataset.last),
  );
  if (gap === undefined) {
    say(`Line ${first} is not in this part of the log.`);
    return;
  }
  say(`Line ${first} is left out here, and is being fetched.`);
  const from = Math.max(Number(gap.dataset.first), first - aroundMissing);
  const until = Math.min(Number(gap.dataset.last), Math.min(last, first + mostRows) + aroundMissing);
  const part = await linesBetween(gap.dataset, from, until).catch(() => undefined);
  if (part === undefined || part.lines.length <= first - from) say(`Line ${first} is left out here.`);
  else {
    document.getElementById('missing')?.remove();
    fillGap(gap, from, part);
  }
}

/** The lines numbered from `from` to `until`, of those that a gap leaves out, and where they are in the raw log. */
async function linesBetween(gap, from, until) {
  const end = new AbortController();
  const headers = { Range: `bytes=${gap.from}-${gap.until - 1}` };
  const answer = await fetch(listing.dataset.raw, { headers, signal: end.signal });
  if (!answer.ok) return undefined;
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  const lines = [];
  let at = answer.status === 206 ? Number(gap.from) : 0;
  let number = Number(gap.first);
  let pieces = [];
  let begin = Number(gap.from);
  let start = begin;
  for (;;) {
    const { done, value } = await reader.read();
    if (done || number > until || at - Number(gap.from) > farthestBytes) break;
    // A server that knows no ranges begins at the beginning.
    const chunk = at < Number(gap.from) ? value.subarray(Math.min(value.length, gap.from - at)) : value;
    at += value.length;
    const offset = at - chunk.length;
    let position = 0;
    for (let next = chunk.indexOf(10); next !== -1 && number <= until; next = chunk.indexOf(10, position)) {
      if (number === from) start = begin;
      if (number >= from) lines.push(decoder.decode(joinBytes([...pieces, chunk.subarray(position, next)])));
      pieces = [];
      position = next + 1;
      begin = offset + position;
      number += 1;
    }
    if (number >= from && number <= until) pieces.push(chunk.slice(position));
  }
  end.abort();
  return { lines, start, end: begin };
}

function joinBytes(pieces) {
  const joined = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** Puts lines into the gap that they are of; what is left out before and behind them are gaps of their own. */
function fillGap(gap, from, { lines, start, end }) {
  const last = from + lines.length - 1;
  const fold = foldOf(`Lines ${from} to ${last}`, from);
  let style = plainStyle;
  lines.forEach((raw, index) => {
    const drawn = drawLine(raw, style);
    style = drawn.style;
    fold.lastChild.append(lineOf(from + index, drawn));
  });
  showCount(fold);
  const { dataset } = gap;
  const before = gapOf(Number(dataset.first), from - 1, dataset.from, start);
  const after = gapOf(last + 1, Number(dataset.last), end, dataset.until);
  gap.replaceWith(...before, fold, ...after);
}

/** Nothing when there is nothing between. */
function gapOf(first, last, from, until) {
  if (last < first) return [];
  const which = first === last ? `Line ${first} is` : `Lines ${first} to ${last} are`;
  const link = element('a', { href: listing.dataset.raw }, 'the whole log');
  const gap = element('p', { className: 'gap' }, `${which} left out: see `, link, '.');
  Object.assign(gap.dataset, { first, last, from, until });
  return [gap];
}

// Lines that come.

/** Hands over the bytes of a growing file that are new, each once. */
function readGrowing(address, from, onBytes) {
  let known = from;
  return async () => {
    try {
      // One byte that is known already is asked for again: a range of new bytes alone is refused while there are none.
      const headers = known > 0 ? { Range: `bytes=${known - 1}-` } : {};
      const answer = await fetch(address, { headers, cache: 'no-store' });
      if (answer.status === 416) {
        known = 0;
        return 'shorter';
      }
      if (!answer.ok) return 'failed';
      let skip = answer.status === 206 ? Math.min(1, known) : known;
      const before = known;
      const reader = answer.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return known > before ? 'grew' : 'same';
        const fresh = value.subarray(Math.min(skip, value.length));
        skip -= value.length - fresh.length;
        known += fresh.length;
        if (fresh.length > 0) onBytes(fresh);
      }
    } catch {
      // The server cannot be reached now; the next round tries again.
      return 'failed';
    }
  };
}

/** Turns bytes into lines; `flush` gives out the last one, which has no end. */
function openLines(onLine) {
  let decoder = new TextDecoder();
  let rest = '';
  return {
    take(bytes) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop();
      for (const line of lines) onLine(line);
    },
    flush() {
      if (rest !== '') onLine(rest);
      rest = '';
    },
    reset() {
      decoder = new TextDecoder();
      rest = '';
    },
  };
}

const isAtEnd = () => window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 40;

/** The switch that scrolls along: on when the reader is at the end, off as soon as they scroll away from it. */
function openFollow() {
  const box = document.querySelector('#follow input');
  let before = window.scrollY;
  const toEnd = () => window.scrollTo(0, document.documentElement.scrollHeight);
  box.checked = isAtEnd();
  box.addEventListener('change', () => box.checked && toEnd());
  window.addEventListener('scroll', () => {
    const now = window.scrollY;
    if (now < before) box.checked = false;
    else if (now > before && isAtEnd()) box.checked = true;
    before = now;
  });
  return () => box.isConnected && box.checked && toEnd();
}

/** Follows the log of the page, from what it holds to its end. */
function followLog() {
  const { dataset } = listing;
  const scrollAlong = openFollow();
  let isThere = dataset.there !== undefined;
  /** The page as it is once the build has ended. */
  let final;
  let { sections, fold, number, style } = resume();
  const touched = new Set();

  const lines = openLines((raw) => {
    const drawn = drawLine(raw, style);
    style = drawn.style;
    const read = sections.read(drawn.text);
    number += 1;
    if (read.begins || fold === undefined) {
      fold = foldOf(read.title, number);
      listing.append(fold);
    }
    fold.lastChild.append(lineOf(number, drawn));
    touched.add(fold);
    if (read.took !== undefined) showSeconds(read.took);
  });
  const read = readGrowing(dataset.log, Number(dataset.from), (bytes) => {
    lines.take(bytes);
    for (const each of touched) showCount(each);
    touched.clear();
    dropFirst();
    scrollAlong();
  });

  document.addEventListener('coppice:live', ({ detail: live }) => {
    const run = live.runs.find(({ chroot }) => chroot === dataset.chroot);
    isThere ||= run?.logs.some(({ file }) => file === dataset.file) ?? false;
  });
  document.addEventListener('coppice:fetched', ({ detail: fresh }) => {
    if (fresh.body.dataset.follows === undefined) final = fresh;
  });
  coppice.pollEvery(
    () => (final === undefined ? 1 : 0.2),
    async () => {
      const ending = final;
      if (!isThere && ending === undefined) return 'again';
      const went = ending !== undefined && !hasLog(ending) ? 'same' : await read();
      if (went === 'shorter') startAgain();
      if (ending === undefined || went === 'grew' || went === 'shorter') return went;
      if (went === 'failed') return went;
      lines.flush();
      for (const each of touched) showCount(each);
      finish(ending);
      return 'done';
    },
  );

  function hasLog(page) {
    return page.querySelector('#folds .line') !== null;
  }

  /** Where the page ends: what its lines say of the fold that the next one belongs to. */
  function resume() {
    const known = openSections(dataset.file);
    for (const line of listing.querySelectorAll('.line'))
      known.read(line.textContent.slice(line.firstChild.textContent.length).replace(/\n$/, ''));
    const last = [...listing.querySelectorAll('details')].at(-1);
    return { sections: known, fold: last, number: Number(dataset.line), style: plainStyle };
  }

  /** The log has become shorter: the build began again. */
  function startAgain() {
    listing.replaceChildren();
    lines.reset();
    ({ sections, fold, number, style } = { ...resume(), number: 0 });
  }

  function dropFirst() {
    const rows = listing.getElementsByClassName('line');
    if (rows.length <= mostRows) return;
    for (const row of [...rows].slice(0, rows.length - mostRows + mostRows / 4)) row.remove();
    for (const each of listing.querySelectorAll('.gap, .fold')) if (!each.querySelector('.line')) each.remove();
    const first = Number(rows[0].id.slice(1));
    const [gap] = gapOf(1, first - 1, 0, 0);
    for (const name of ['from', 'until']) delete gap.dataset[name];
    listing.prepend(gap);
  }

  /** The lines stay as they are: only what is said of them is put in place, or another log where that says more. */
  function finish(page) {
    const fresh = page.getElementById('folds');
    if (fresh === null) return;
    if (fresh.dataset.file !== dataset.file) {
      listing.replaceChildren(...fresh.childNodes);
      Object.assign(dataset, { file: fresh.dataset.file, raw: fresh.dataset.raw });
      return;
    }
    for (const other of fresh.querySelectorAll('.fold')) {
      const known = document.getElementById(other.id);
      if (known === null) continue;
      known.classList.toggle('failed', other.classList.contains('failed'));
      const [summary, wanted] = [known.querySelector('summary'), other.querySelector('summary')];
      const count = summary.querySelector('.count').textContent;
      if (summary.isEqualNode(wanted)) continue;
      summary.replaceChildren(...wanted.childNodes);
      // Of a long log the page that was fetched holds less.
      summary.querySelector('.count').textContent = count;
    }
  }
}

/** The end of a log that grows, on the page of its build. */
function followTail(view) {
  view.dataset.started = '';
  const box = view.querySelector('input');
  const shown = view.querySelector('pre');
  const keptRows = 200;
  const endBytes = 8_000;
  let style = plainStyle;
  let before = 0;
  let read;
  const lines = openLines((raw) => {
    const drawn = drawLine(raw, style);
    style = drawn.style;
    const tone = toneOf(drawn.text);
    const className = tone === 'plain' ? 'line' : `line tone-${tone}`;
    shown.append(element('span', { className }, ...runsOf(drawn.runs), '\n'));
    if (shown.childElementCount > keptRows) shown.firstElementChild.remove();
  });
  const scrollAlong = () => {
    if (shown.childElementCount > 0) view.hidden = false;
    if (box.checked) shown.scrollTop = shown.scrollHeight;
  };
  box.addEventListener('change', scrollAlong);
  shown.addEventListener('scroll', () => {
    const now = shown.scrollTop;
    if (now < before) box.checked = false;
    else if (now > before && now + shown.clientHeight >= shown.scrollHeight - 20) box.checked = true;
    before = now;
  });

  async function begin() {
    try {
      const answer = await fetch(view.dataset.log, { headers: { Range: `bytes=-${endBytes}` }, cache: 'no-store' });
      if (!answer.ok) return 'failed';
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const [, total] = /\/(\d+)$/.exec(answer.headers.get('content-range') ?? '') ?? [];
      const all = total === undefined ? bytes.length : Number(total);
      const end = bytes.subarray(Math.max(0, bytes.length - endBytes));
      // It begins amid a line, but for the first of the log.
      lines.take(end.length < all ? end.subarray(end.indexOf(10) + 1) : end);
      read = readGrowing(view.dataset.log, all, lines.take);
      return 'grew';
    } catch {
      return 'failed';
    }
  }
  const look = async () => {
    if (!view.isConnected) return 'done';
    if (view.closest('details:not([open])') !== null) return 'again';
    const went = read === undefined ? await begin() : await read();
    if (went === 'shorter') {
      shown.replaceChildren();
      lines.reset();
    }
    scrollAlong();
    return went;
  };
  look().then(() => coppice.pollEvery(() => 2, look));
}

function followTails() {
  for (const view of document.querySelectorAll('.tail:not([data-started])')) followTail(view);
}

if (listing !== null) {
  showRange();
  window.addEventListener('hashchange', showRange);
  document.addEventListener('click', chooseRange);
  if (listing.dataset.log !== undefined) followLog();
}
followTails();
document.addEventListener('coppice:renewed', followTails);
