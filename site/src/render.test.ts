import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { renderDocs } from './render.ts';

vi.setConfig({ testTimeout: 30_000 });

let content: string;
beforeEach(async () => {
  content = await mkdtemp(join(tmpdir(), 'coppice-docs-'));
});
afterEach(() => rm(content, { recursive: true, force: true }));

async function render(documents: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, string>> {
  for (const [path, text] of Object.entries(documents)) {
    await mkdir(dirname(join(content, path)), { recursive: true });
    await writeFile(join(content, path), text);
  }
  const pages = await renderDocs(content);
  return new Map(pages.map((page) => [page.path, page.content]));
}

test('links between documents are paths of files and become addresses of pages', async () => {
  const pages = await render({
    'docs/index.md': '[a](guide/start.md) [b](guide/start.md#next-steps) [out](https://example.org/x.md)',
    'docs/guide/start.md': '# Start\n\n## Next steps\n\n[up](../index.md) [beside](more.md)',
    'docs/guide/more.md': '# More',
  });
  const index = pages.get('docs/index.html') ?? '';
  expect(index).toContain('<a href="/docs/guide/start/">a</a>');
  expect(index).toContain('<a href="/docs/guide/start/#next-steps">b</a>');
  expect(index).toContain('href="https://example.org/x.md"');
  const start = pages.get('docs/guide/start/index.html') ?? '';
  expect(start).toContain('<h2 id="next-steps">');
  expect(start).toContain('<a href="/docs/">up</a>');
  expect(start).toContain('<a href="/docs/guide/more/">beside</a>');
});

test('HTML and template code in documents is text', async () => {
  const pages = await render({
    'docs/index.md': '# T\n\n<script>alert(1)</script>\n\n`{{ 6 * 7 }}` {% include "x" %}',
  });
  const index = pages.get('docs/index.html') ?? '';
  expect(index).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(index).toContain('{{ 6 * 7 }}');
  expect(index).toContain('{% include');
});

test('every document is in the list beside the text, by folder and in the stated order', async () => {
  const pages = await render({
    'docs/index.md': '---\ntitle: Documentation\n---\n',
    'docs/guide/a.md': '---\ntitle: Second\norder: 2\n---\n',
    'docs/guide/b.md': '---\ntitle: First\norder: 1\n---\n',
  });
  const index = pages.get('docs/index.html') ?? '';
  expect(index).toMatch(/Documentation[\s\S]*<h2>guide<\/h2>[\s\S]*First[\s\S]*Second/);
  expect(index).toContain('<a href="/docs/" aria-current="page">Documentation</a>');
});
