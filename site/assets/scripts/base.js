// What pages do beyond being read: copy buttons, times ago and in the reader's own zone. Everything is readable without
// it: in UTC, which is told there.

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

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As pages write it, but where the reader is: `22 Nov 2026, 18:04`. Shorter, so that no line needs more room. */
function ownTime(time) {
  const two = (number) => String(number).padStart(2, '0');
  const day = `${time.getDate()} ${months[time.getMonth()]} ${time.getFullYear()}`;
  return `${day}, ${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** What the page says stays in the title, and in `data-utc`, which keeps its room in tables (see base.css). */
function showTimes(within) {
  for (const element of within.querySelectorAll('time[datetime]')) {
    element.dataset.utc ??= element.textContent;
    const { utc, exact } = element.dataset;
    const time = new Date(element.dateTime);
    // Days are no points in time, and are the same everywhere.
    if (!utc.includes(':') || Number.isNaN(time.getTime())) continue;
    const isElsewhere = time.getTimezoneOffset() !== 0;
    const ago = exact === undefined ? timeAgo(element.dateTime, Date.now()) : undefined;
    const says = utc.endsWith('UTC') ? utc : `${utc} UTC`;
    if (isElsewhere) element.title = `${ownTime(time)} in ${zone}, ${says}`;
    else if (ago !== undefined) element.title = utc;
    // Where it does not say so itself, the page says around it that it is UTC.
    const text = ago ?? (isElsewhere && utc.endsWith('UTC') ? ownTime(time) : utc);
    if (element.textContent !== text) element.textContent = text;
  }
}

function showCopyButtons(within) {
  if (!navigator.clipboard) return;
  for (const button of within.querySelectorAll('button[data-copy]')) button.hidden = false;
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

/** What an address leads to is open: a part of the page that holds a fold, or is within one. */
function openTarget() {
  const target = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
  const fold = target?.querySelector(':scope > details') ?? target?.closest('details');
  if (fold) fold.open = true;
}

showTimes(document);
showCopyButtons(document);
openTarget();
window.addEventListener('hashchange', openTarget);
setInterval(() => showTimes(document), 30_000);
// What is fetched later is shown as what was there (see live.js).
document.addEventListener('coppice:fetched', ({ detail: fresh }) => {
  showTimes(fresh);
  showCopyButtons(fresh);
});
