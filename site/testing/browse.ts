// A real browser for tests of pages: what it complains about is an error.
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}

/** Opens a page, looks at it, and resolves with what the browser complained about. */
export async function visitPage(
  browser: Browser,
  address: string,
  options: BrowserContextOptions,
  look: (page: Page) => Promise<void>,
): Promise<readonly string[]> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 700 }, ...options });
  try {
    const complaints: string[] = [];
    const page = await context.newPage();
    page.on('console', (message) => message.type() !== 'info' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('requestfailed', (request) => {
      const why = request.failure()?.errorText;
      // What was still under way when the reader went on is no fault.
      if (why !== 'net::ERR_ABORTED') complaints.push(`${request.url()} failed: ${why}`);
    });
    await page.goto(address);
    await look(page);
    return complaints;
  } finally {
    await context.close();
  }
}

/** Of the lines that `selector` names: the lowest contrast of text to ground (WCAG 2.2, 1.4.3), and where it is. */
export function lowestContrast(page: Page, selector: string): Promise<{ readonly ratio: number; readonly of: string }> {
  return page.evaluate((wanted) => {
    const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
    const rgb = (colour: string) => {
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = (parts: readonly number[]) => {
      const [r = 0, g = 0, b = 0] = parts.slice(0, 3).map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = (element: Element): number[] => {
      const colour = rgb(getComputedStyle(element).backgroundColor);
      if (colour[3] === 255) return colour;
      return element.parentElement === null ? [255, 255, 255, 255] : ground(element.parentElement);
    };
    let lowest = { ratio: Number.POSITIVE_INFINITY, of: '' };
    for (const element of document.querySelectorAll(wanted)) {
      const { color, opacity } = getComputedStyle(element);
      const [front, back] = [rgb(color), ground(element)];
      const mixed = front.map((part, index) => part * Number(opacity) + (back[index] ?? 0) * (1 - Number(opacity)));
      const [one, other] = [light(mixed), light(back)].toSorted((a, b) => b - a) as [number, number];
      const ratio = (one + 0.05) / (other + 0.05);
      if (ratio < lowest.ratio) lowest = { ratio, of: element.outerHTML.slice(0, 200) };
    }
    return lowest;
  }, selector);
}
