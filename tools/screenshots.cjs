// SPDX-License-Identifier: MIT
// The browser's half of tools/screenshots: MODULES CHROMIUM BASE OUT
const [modules, executablePath, base, out] = process.argv.slice(2);
const { chromium } = require(modules + '/playwright-core');

const PAGES = [
  ['overview', '#/'], ['groups', '#/?by=provider'], ['host', '#/host/demo-web-2?range=1h'], ['disk', '#/host/demo-db-1?range=7d'],
  ['alerts', '#/alerts'], ['rules', '#/alerts?tab=rules'], ['insights', '#/insights'], ['checks', '#/checks'],
  ['compare', '#/compare?hosts=demo-web-1,demo-web-2,demo-web-3&range=1h'], ['add', '#/add'], ['settings', '#/settings?tab=retention'], ['self', '#/self'],
];
const LOOKS = [
  ['desktop', { viewport: { width: 1280, height: 860 } }],
  ['phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
];
const DESKTOP = new Set(['groups', 'disk', 'rules']); // pages that are shown once more
const SETTLE_MS = 2500;

/** The alert of the host that suffers, explained. */
async function explain(page) {
  await page.goto(base + '#/alerts');
  await page.locator('.alert.critical .what', { hasText: 'web-2' }).first().click();
  await page.waitForSelector('.explain .u-over');
}

async function take(browser, look, options, colorScheme) {
  const context = await browser.newContext({ ...options, colorScheme });
  const page = await context.newPage();
  const shot = async (name) => {
    await page.waitForTimeout(SETTLE_MS);
    await page.screenshot({ path: `${out}/${name}-${look}-${colorScheme}.png` });
  };
  for (const [name, address] of PAGES) {
    if (options.isMobile && DESKTOP.has(name)) continue;
    await page.goto(base + address);
    await shot(name);
  }
  await explain(page);
  await shot('explanation');
  await context.close();
}

(async () => {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  for (const [look, options] of LOOKS) for (const scheme of ['light', 'dark']) await take(browser, look, options, scheme);
  await browser.close();
})();
