// What pages do beyond being read: copy buttons, times ago, following a running log, refreshing what is unfinished.
// Everything is readable without it.

/** `3 min ago` for a time; undefined beyond a week, where the date says more. */
function timeAgo(iso, now) {
  const seconds = Math.round((now - Date.parse(iso)) / 1000);
  if (!(seconds >= 0) || seconds > 7 * 86400) return undefined;
  if (seconds < 60) return 'just now';
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  const days = Math.floor(seconds / 86400);
  return `${days} day${days === 1 ? '' : 's'} ago`;
}

function showTimes() {
  for (const element of document.querySelectorAll('time[datetime]:not([data-exact])')) {
    element.title ||= element.textContent;
    element.textContent = timeAgo(element.dateTime, Date.now()) ?? element.title;
  }
}

function showCopyButtons() {
  if (!navigator.clipboard) return;
  for (const button of document.querySelectorAll('button[data-copy]')) button.hidden = false;
}

document.addEventListener('click', async (event) => {
  const button = event.target instanceof Element ? event.target.closest('button[data-copy]') : null;
  if (button === null) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Select it by hand';
  }
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 2000);
});

/** A link to a line opens the fold that holds it. */
function openTarget() {
  const target = /^#L\d+$/.test(location.hash) ? document.getElementById(location.hash.slice(1)) : null;
  const fold = target?.closest('details');
  if (fold && !fold.open) {
    fold.open = true;
    target.scrollIntoView({ block: 'center' });
  }
}

/** Fetches this page again; undefined when the server cannot be reached now. */
async function freshPage() {
  try {
    const answer = await fetch(location.pathname, { cache: 'no-cache' });
    return answer.ok ? new DOMParser().parseFromString(await answer.text(), 'text/html') : undefined;
  } catch {
    return undefined;
  }
}

/** Puts the newest state of an unfinished page in place, without losing what the reader has opened. */
async function refreshPage() {
  const fresh = document.hidden ? undefined : await freshPage();
  const main = fresh?.querySelector('main');
  if (main) {
    const open = [...document.querySelectorAll('main details')].map((fold) => fold.open);
    const folds = main.querySelectorAll('details');
    if (folds.length === open.length)
      folds.forEach((fold, index) => {
        fold.open = open[index];
      });
    if (!document.querySelector('main').contains(document.activeElement)) {
      document.querySelector('main').replaceWith(main);
      document.querySelector('footer').replaceWith(fresh.querySelector('footer'));
      showTimes();
      showCopyButtons();
    }
  }
  if (fresh === undefined || fresh.body.hasAttribute('data-live')) setTimeout(refreshPage, 3000);
}

/** Follows a growing log by asking for the bytes that are new. */
function followLog(view) {
  const decoder = new TextDecoder();
  let from = Number(view.dataset.from);
  let line = Number(view.dataset.line);
  let rest = '';
  let quietRounds = 0;

  function append(text) {
    const atEnd = window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 80;
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const content of lines) {
      line += 1;
      const row = document.createElement('span');
      row.className = 'line';
      row.id = `L${line}`;
      const anchor = document.createElement('a');
      anchor.href = `#L${line}`;
      anchor.textContent = String(line);
      row.append(anchor, `${content}\n`);
      view.append(row);
    }
    view.hidden = view.childElementCount === 0;
    if (atEnd) window.scrollTo(0, document.documentElement.scrollHeight);
  }

  async function poll() {
    let grew = false;
    try {
      // One byte that is known already is asked for again: a range of new bytes alone is refused while there are none.
      const headers = from > 0 ? { Range: `bytes=${from - 1}-` } : {};
      const answer = await fetch(view.dataset.follow, { headers, cache: 'no-store' });
      if (answer.status === 416) {
        // The log has become shorter: the build began again.
        location.reload();
        return;
      }
      if (answer.status === 206 || answer.status === 200) {
        const bytes = new Uint8Array(await answer.arrayBuffer());
        const fresh = bytes.subarray(answer.status === 206 ? 1 : from);
        grew = fresh.length > 0;
        from += fresh.length;
        append(decoder.decode(fresh, { stream: true }));
      }
    } catch {
      // The server cannot be reached now; the next round tries again.
    }
    quietRounds = grew ? 0 : quietRounds + 1;
    if (quietRounds > 0 && quietRounds % 3 === 0) {
      const page = await freshPage();
      if (page && page.querySelector('[data-follow]') === null) {
        location.reload();
        return;
      }
    }
    setTimeout(poll, 1000);
  }
  poll();
}

showTimes();
showCopyButtons();
openTarget();
window.addEventListener('hashchange', openTarget);
setInterval(showTimes, 30_000);
if (document.body.hasAttribute('data-live')) setTimeout(refreshPage, 3000);
const followed = document.querySelector('[data-follow]');
if (followed !== null) followLog(followed);
