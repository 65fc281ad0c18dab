// The search: `/` leads to the field, arrows and Enter move among what is found, `?` shows the keys. What is found
// comes from small files of terms by their first letters; all of it is put in as text.

const field = document.querySelector('.search input');
const kinds = [
  ['project', 'Projects'],
  ['package', 'Packages'],
  ['nevra', 'Built packages'],
  ['file', 'Files'],
  ['word', 'Descriptions'],
];
const shownOfKind = 20;
const keyLengths = { least: 2, most: 16 };

/** As `keyOf` of the site's search-terms.ts. */
function keyOf(term) {
  return term
    .slice(0, keyLengths.most)
    .replace(/[^a-z0-9]/g, '_')
    .padEnd(keyLengths.least, '_');
}

const files = new Map();

/** A file of the search, once; undefined when it cannot be had. */
function load(path) {
  if (!files.has(path)) {
    files.set(
      path,
      fetch(`/search/${path}`)
        .then((answer) => (answer.ok ? answer.json() : undefined))
        .catch(() => {
          files.delete(path);
          return undefined;
        }),
    );
  }
  return files.get(path);
}

/** What stands under the terms that begin with `word`; `isMore`: not all of it could be looked through. */
async function findTerms(word) {
  const key = keyOf(word);
  const first = key.slice(0, keyLengths.least);
  const known = await load('terms.json');
  if (known === undefined) throw new Error('the search cannot be reached');
  if (!known.keys.includes(first)) return { rows: [], isMore: false };
  let file = await load(`terms/${first}.json`);
  if (file?.next !== undefined && key.length > first.length) {
    let deepest = first;
    const divided = file.divided ?? [];
    while (deepest.length < key.length && divided.includes(key.slice(0, deepest.length + 1)))
      deepest = key.slice(0, deepest.length + 1);
    if (deepest !== first) file = await load(`terms/${deepest}.json`);
    if (file?.next !== undefined && deepest.length < key.length) {
      if (!file.next.includes(key[deepest.length])) return { rows: [], isMore: false };
      file = await load(`terms/${key.slice(0, deepest.length + 1)}.json`);
    }
  }
  if (file === undefined) throw new Error('the search cannot be reached');
  return {
    rows: file.rows.filter(([term]) => term.startsWith(word)),
    isMore: file.next !== undefined || file.more === true,
  };
}

const placeOf = ([, , project, name]) => `${project} ${name}`;

/** What is found for all words: under the one that is under the fewest terms, as far as the others fit. */
async function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean).slice(0, 6);
  const looked = words
    // Of a path, its last part is a term.
    .map((word) => ({ word, start: word.slice(word.lastIndexOf('/') + 1) || word.replaceAll('/', '') }))
    .map((each) => (each.word.startsWith('/') ? each : { ...each, start: each.word }))
    .filter(({ start }) => start.length >= keyLengths.least);
  const found = await Promise.all(looked.map(async (each) => ({ ...each, ...(await findTerms(each.start)) })));
  const [base, ...others] = found.toSorted((one, other) => one.rows.length - other.rows.length);
  if (base === undefined) return { rows: [], isMore: false };
  const places = new Map(others.map(({ word, rows }) => [word, new Set(rows.map(placeOf))]));
  const fits = (row) =>
    words.every((word) => {
      const [term, , project, name, about] = row;
      if (`${term} ${project} ${name} ${about}`.toLowerCase().includes(word)) return true;
      return places.get(word)?.has(placeOf(row)) ?? false;
    });
  return { rows: base.rows.filter(fits), isMore: found.some(({ isMore }) => isMore) };
}

function pageOf([, , project, name]) {
  const path = name === '' ? [...project.split('/')] : [...project.split('/'), 'package', name];
  return `/${path.map(encodeURIComponent).join('/')}/`;
}

function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function lineOf(row) {
  const [, kind, project, name, about] = row;
  const link = document.createElement('a');
  link.href = pageOf(row);
  const isBuilt = kind === 'nevra' || kind === 'file';
  link.append(isBuilt ? about : name === '' ? project : name);
  const more = isBuilt ? `${name} in ${project}` : name === '' ? about : [project, about].filter(Boolean).join(': ');
  if (more !== '') link.append(element('span', more, 'quiet'));
  const item = document.createElement('li');
  item.append(link);
  return item;
}

/** Each place once in a group; names that are what was asked for come first. */
function groupsOf(rows, text) {
  const asked = text.toLowerCase().trim();
  const rank = ([term]) => (term === asked ? 0 : 1);
  return kinds.map(([kind, title]) => {
    const seen = new Set();
    const some = rows
      .filter((row) => row[1] === kind)
      .toSorted((one, other) => rank(one) - rank(other) || one[0].length - other[0].length)
      .filter((row) => {
        const place = `${placeOf(row)} ${kind === 'nevra' || kind === 'file' ? row[4] : ''}`;
        return !seen.has(place) && seen.add(place);
      });
    return { title, rows: some };
  });
}

const results = document.getElementById('results');
const status = document.getElementById('found');
let asked = 0;

async function showResults(text) {
  asked += 1;
  const mine = asked;
  try {
    const { rows, isMore } = await find(text);
    if (mine !== asked) return;
    const groups = groupsOf(rows, text).filter((group) => group.rows.length > 0);
    results.replaceChildren(
      ...groups.map((group) => {
        const section = document.createElement('section');
        section.className = 'found';
        const list = document.createElement('ul');
        list.append(...group.rows.slice(0, shownOfKind).map(lineOf));
        section.append(element('h2', group.title), list);
        const left = group.rows.length - shownOfKind;
        if (left > 0) section.append(element('p', `And ${left} more: type more letters.`, 'quiet'));
        return section;
      }),
    );
    const count = groups.reduce((sum, group) => sum + group.rows.length, 0);
    if (text.trim().length < keyLengths.least) status.textContent = 'Type two letters or more.';
    else if (count === 0)
      status.textContent = isMore ? 'Too much begins so: type more letters.' : `Nothing is found for “${text.trim()}”.`;
    else status.textContent = `${count} found.${isMore ? ' There is more: type more letters.' : ''}`;
  } catch {
    if (mine === asked) status.textContent = 'The search cannot be reached now. Try again.';
  }
}

if (results !== null && field !== null) {
  field.value = (new URLSearchParams(location.search).get('q') ?? '').slice(0, 100);
  showResults(field.value);
  field.addEventListener('input', () => {
    history.replaceState(null, '', `/search/?q=${encodeURIComponent(field.value)}`);
    showResults(field.value);
  });
  field.form.addEventListener('submit', (event) => {
    event.preventDefault();
    document.querySelector('#results a')?.focus();
  });
}

/** Moves among what is found; before the first is the field. */
function move(by) {
  const links = [...document.querySelectorAll('#results a')];
  const at = links.indexOf(document.activeElement) + by;
  if (at < 0) field.focus();
  else links[Math.min(at, links.length - 1)]?.focus();
}

function showKeys() {
  const dialog = document.createElement('dialog');
  dialog.className = 'keys';
  dialog.setAttribute('aria-label', 'Keys');
  const list = document.createElement('dl');
  for (const [key, what] of [
    ['/', 'search'],
    ['↓ ↑', 'move among what is found'],
    ['Enter', 'open it'],
    ['?', 'show these keys'],
    ['Esc', 'close this'],
  ]) {
    const name = document.createElement('dt');
    name.append(element('kbd', key));
    list.append(name, element('dd', what));
  }
  const close = element('button', 'Close');
  close.type = 'button';
  close.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  dialog.append(element('h2', 'Keys'), list, close);
  document.body.append(dialog);
  dialog.showModal();
}

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
  const isTyping =
    event.target instanceof Element && event.target.closest('input, textarea, select, [contenteditable]');
  const isAmong = results !== null && (event.target === field || results.contains(event.target));
  if (isAmong && (event.key === 'ArrowDown' || event.key === 'ArrowUp')) {
    event.preventDefault();
    move(event.key === 'ArrowDown' ? 1 : -1);
  } else if (isTyping) {
    return;
  } else if (event.key === '/' && field !== null) {
    event.preventDefault();
    field.focus();
    field.select();
  } else if (event.key === '?') {
    event.preventDefault();
    showKeys();
  }
});
