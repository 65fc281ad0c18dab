// What pages do beyond being read: copy buttons, times ago. Everything is readable without it.

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

function showTimes(within) {
  for (const element of within.querySelectorAll('time[datetime]:not([data-exact])')) {
    element.title ||= element.textContent;
    element.textContent = timeAgo(element.dateTime, Date.now()) ?? element.title;
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
