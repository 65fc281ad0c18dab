// Filters the rows of a table by what is typed: words that all have to be in a row.
document.addEventListener('input', (event) => {
  const field = event.target instanceof HTMLInputElement && event.target.dataset.filter ? event.target : null;
  if (field === null) return;
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of document.querySelectorAll(`#${field.dataset.filter} tbody tr`)) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
});
