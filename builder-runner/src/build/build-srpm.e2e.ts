// Source packages of plain sources, made by mock on real builders of this machine.
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scripted } from '../testing/packages.ts';
import { type SrpmShop, startSrpmShop } from '../testing/start-srpm-shop.ts';

const packages = {
  plain: { ...scripted('plain', 'true', 'Source0: data.txt\n'), 'data.txt': 'data\n' },
};

let shop: SrpmShop;
beforeAll(async () => {
  shop = await startSrpmShop(packages);
});
afterAll(() => shop.stop());

test('a spec with its sources becomes a source package, whose hash is in the record', async () => {
  const began = Date.now();
  const { outcome, record, path, log } = await shop.make({ package: 'plain' });
  console.log(Date.now() - began, outcome, log, shop.lines);
  for (let i = 0; i < 4; i += 1) {
    const again = Date.now();
    await shop.make({ package: 'plain' });
    console.log('warm', Date.now() - again);
  }
  expect(outcome).toEqual({ ok: true, value: 'plain-1.0-1.sap12.src.rpm' });
  const file = path('plain-1.0-1.sap12.src.rpm');
  const { stdout } = await execa('sha256sum', [file]);
  expect(record.artifacts).toMatchObject([{ file: 'plain-1.0-1.sap12.src.rpm', sha256: stdout.split(' ')[0] }]);
});
