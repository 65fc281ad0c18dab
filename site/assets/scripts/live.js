// Pages of what is unfinished, kept up to date: what has changed is put in place part by part, so that selection,
// focus, scrolling and opened folds stay. Without this, a page is as it was when it was loaded.

const hiddenSeconds = 30;
const longestSeconds = 60;

/**
 * Calls `look` again and again, seldom while nobody sees the page or what it asks for cannot be had. It resolves with
 * `done`, `failed` or anything else; `seconds` is asked before each pause.
 */
function pollEvery(seconds, look) {
  let failures = 0;
  let timer;
  let isLooking = false;

  async function run() {
    if (isLooking) return;
    isLooking = true;
    clearTimeout(timer);
    const went = await look().catch(() => 'failed');
    isLooking = false;
    if (went === 'done') {
      document.removeEventListener('visibilitychange', appear);
      return;
    }
    failures = went === 'failed' ? failures + 1 : 0;
    const pause = Math.max(document.hidden ? hiddenSeconds : 0, seconds() * 2 ** failures);
    timer = setTimeout(run, Math.min(pause, longestSeconds) * 1000);
  }

  function appear() {
    if (!document.hidden) run();
  }
  document.addEventListener('visibilitychange', appear);
  timer = setTimeout(run, seconds() * 1000);
}

/** The text of a file of this server; undefined when it cannot be had now. */
async function fetchText(path) {
  try {
    const answer = await fetch(path, { cache: 'no-cache' });
    return answer.ok ? await answer.text() : undefined;
  } catch {
    return undefined;
  }
}

/** Readers and scripts change these; the page as it is fetched knows nothing of it. */
const readersAttributes = new Set(['open', 'hidden', 'tabindex', 'aria-selected', 'aria-pressed', 'aria-expanded']);

/** Makes `old` what `fresh` is, touching only what differs. What has `data-own` is kept by a script of its own. */
function renew(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.data = fresh.data;
    return;
  }
  if (old.hasAttribute('data-own')) return;
  renewAttributes(old, fresh);
  renewChildren(old, fresh);
}

function renewAttributes(old, fresh) {
  // What has failed meanwhile is what readers wait for.
  if (old.nodeName === 'DETAILS' && !('failed' in old.dataset) && 'failed' in fresh.dataset) old.open = true;
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && !readersAttributes.has(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (old.getAttribute(name) !== value && !readersAttributes.has(name)) old.setAttribute(name, value);
}

function renewChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  const same = matchNodes([...old.childNodes], wanted);
  const kept = new Set(same.values());
  for (const child of [...old.childNodes]) if (!kept.has(child)) child.remove();
  let at = old.firstChild;
  for (const child of wanted) {
    const known = same.get(child);
    if (known === undefined) old.insertBefore(child, at);
    else {
      if (known === at) at = at.nextSibling;
      else old.insertBefore(known, at);
      renew(known, child);
    }
  }
}

/** Which of the old nodes each of the fresh ones is: by key, else one that is equal, else the next of its kind. */
function matchNodes(old, fresh) {
  const free = new Map();
  const kindOf = (node) => {
    const of = keyOf(node);
    return of === undefined ? `${node.nodeName} ${node.classList?.[0] ?? ''}` : `${node.nodeName} #${of}`;
  };
  for (const node of old) free.set(kindOf(node), [...(free.get(kindOf(node)) ?? []), node]);
  const same = new Map();
  const take = (node, isSame) => {
    const alike = free.get(kindOf(node)) ?? [];
    const at = alike.findIndex(isSame);
    if (at !== -1) same.set(node, alike.splice(at, 1)[0]);
  };
  for (const node of fresh) if (node.nodeType === Node.ELEMENT_NODE) take(node, (other) => other.isEqualNode(node));
  for (const node of fresh) if (!same.has(node)) take(node, () => true);
  return same;
}

/** Rows are what they lead to. */
function keyOf(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return undefined;
  if (node.id !== '') return node.id;
  if (node.nodeName !== 'TR' && node.nodeName !== 'LI') return undefined;
  return node.querySelector('a[href]')?.getAttribute('href') ?? undefined;
}

/** Puts in place what the page, as it was fetched, has other than this one. */
function takePage(text) {
  const fresh = new DOMParser().parseFromString(text, 'text/html');
  const script = (page) => page.querySelector('script[src]')?.getAttribute('src');
  if (script(fresh) !== script(document)) {
    // Made by another version of the service: this script may not fit it.
    location.reload();
    return;
  }
  document.dispatchEvent(new CustomEvent('coppice:fetched', { detail: fresh }));
  if (document.title !== fresh.title) document.title = fresh.title;
  renewAttributes(document.body, fresh.body);
  for (const part of ['main', 'footer']) {
    const [old, other] = [document.querySelector(part), fresh.querySelector(part)];
    if (old && other) renew(old, other);
  }
  document.dispatchEvent(new CustomEvent('coppice:renewed'));
}

/** Home, queue and projects: the page itself says when it is another. */
function followPage() {
  const { dataset } = document.body;
  let known;
  pollEvery(
    () => Number(dataset.live) || 3,
    async () => {
      const text = await fetchText(location.pathname);
      if (text === undefined) return 'failed';
      if (text !== known) takePage(text);
      known = text;
      return dataset.live === undefined ? 'done' : 'again';
    },
  );
}

/** Pages of one build: its small live file says when they are others. */
function followBuild() {
  const { dataset } = document.body;
  pollEvery(
    () => 3,
    async () => {
      const text = await fetchText(dataset.follows);
      if (text === undefined) return 'failed';
      const live = JSON.parse(text);
      document.dispatchEvent(new CustomEvent('coppice:live', { detail: live }));
      if (live.revision === dataset.revision) return 'again';
      // The page is written a moment later than the file: it may still be the one before.
      const page = await fetchText(location.pathname);
      if (page === undefined) return 'failed';
      takePage(page);
      return dataset.follows === undefined ? 'done' : 'again';
    },
  );
}

globalThis.coppice = { pollEvery };
if (document.body.dataset.follows !== undefined) followBuild();
else if (document.body.dataset.live !== undefined) followPage();
