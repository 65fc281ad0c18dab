// Makes site/assets/root/favicon.ico of site/assets/coppice.svg, for programs that look for no other icon. Run it when
// the picture changes: node site/testing/make-favicon.ts
import { readFileSync, writeFileSync } from 'node:fs';
import { chromium } from 'playwright-core';

const size = 32;
const assets = new URL('../assets/', import.meta.url);
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: size, height: size } });
const svg = readFileSync(new URL('coppice.svg', assets), 'utf8');
await page.setContent(`<style>body { margin: 0 } svg { display: block; width: ${size}px }</style>${svg}`);
const picture = await page.screenshot({ omitBackground: true });
await browser.close();

// One picture as PNG, https://learn.microsoft.com/en-us/previous-versions/ms997538(v=msdn.10).
const head = Buffer.alloc(22);
head.writeUInt16LE(1, 2);
head.writeUInt16LE(1, 4);
head.writeUInt8(size, 6);
head.writeUInt8(size, 7);
head.writeUInt16LE(1, 10);
head.writeUInt16LE(32, 12);
head.writeUInt32LE(picture.length, 14);
head.writeUInt32LE(head.length, 18);
writeFileSync(new URL('root/favicon.ico', assets), Buffer.concat([head, picture]));
