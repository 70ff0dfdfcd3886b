// SPDX-License-Identifier: MIT
// Steers the browser for dashboard.py, which starts and kills programs on orders (a line each on standard output).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const { MODULES, CHROMIUM, BASE, SHOTS, TOKEN, HOSTILE, HOSTS, SERIES } = process.env;
const require = createRequire(MODULES + '/');
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PAGES = ['', 'host/host-0', 'alerts', 'alerts?tab=history', 'alerts?tab=silences', 'alerts?tab=rules', 'insights', 'compare', 'checks', 'add', 'settings',
  'settings?tab=retention', 'settings?tab=destinations', 'self'];
const SECONDS = 20;

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function order(words) {
  console.log(words);
  await answers.next();
}

const faults = [];
let isDown = false; // the aggregator was killed on purpose: requests fail
function check(holds, message) {
  if (!holds) throw new Error(message);
}

function watch(page) {
  page.setDefaultTimeout(SECONDS * 1000);
  page.on('pageerror', (error) => faults.push(`error: ${error.stack}`));
  page.on('console', (m) => {
    const isExpected = isDown && /Failed to load resource|WebSocket connection/.test(m.text());
    if (['error', 'warning'].includes(m.type()) && !isExpected) faults.push(`console ${m.type()}: ${m.text()} ${m.location().url}`);
  });
  page.on('request', (r) => { if (!r.url().startsWith(BASE) && !r.url().startsWith('data:')) faults.push(`asked elsewhere: ${r.url()}`); });
  page.on('dialog', (d) => d.accept());
}

async function opened(browser, options) {
  const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
  await context.addInitScript(() => {
    globalThis.violations = [];
    addEventListener('securitypolicyviolation', (e) => globalThis.violations.push(`${e.violatedDirective} ${e.blockedURI} ${e.sourceFile}:${e.lineNumber}`));
  });
  const page = await context.newPage();
  watch(page);
  return page;
}

const go = async (page, where) => {
  await page.evaluate((hash) => { location.hash = hash; }, '#/' + where);
  await page.waitForFunction(() => document.querySelector('#main h1, #main h2') && !document.querySelector('#main > .loading'));
};

/** Looks other than the first differ in colours and in what is hidden: fewer rules. */
async function judge(page, name, isAgain) {
  const cdp = await page.context().newCDPSession(page); // the content policy holds for the page, not for its judge
  if (!await page.evaluate(() => Boolean(globalThis.axe))) await cdp.send('Runtime.evaluate', { expression: axe });
  const rules = isAgain ? { runOnly: ['color-contrast', 'button-name', 'link-name', 'label', 'scrollable-region-focusable', 'target-size'] } : {};
  const { violations } = await page.evaluate((more) => globalThis.axe.run(document, { resultTypes: ['violations'], ...more }), rules);
  for (const v of violations) faults.push(`${name}: ${v.id} (${v.impact}): ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`);
  await cdp.detach();
}

const shot = (page, name) => page.screenshot({ path: `${SHOTS}/${name}.png`, fullPage: true });

const fileName = (where) => where.replace(/[^a-z0-9]+/gi, '-').replace(/-$/, '') || 'overview';

/** Every page in one look, for the eye and the judge. */
async function tour(browser, look, options, pages = PAGES) {
  const page = await opened(browser, options);
  await page.goto(BASE);
  await page.waitForSelector('.host-row');
  for (const where of pages) {
    await go(page, where);
    if (where.startsWith('host')) await page.waitForFunction(() => document.querySelectorAll('#main canvas').length > 8);
    else await page.waitForTimeout(250);
    // A phone lays out wide what is wide, and makes it small: its own innerWidth tells nothing.
    const wide = await page.evaluate((width) => document.documentElement.scrollWidth - width, options.viewport.width);
    if (wide > 0) faults.push(`${where} ${look}: ${wide} pixels wider than the screen`);
    const cut = await page.$$eval('.list', (all) => all.filter((t) => t.closest('.legend').scrollWidth > t.closest('.legend').clientWidth + 1).length);
    if (cut > 0 && options.isMobile) faults.push(`${where} ${look}: ${cut} tables are to be pushed sideways`);
    await judge(page, `${where || 'overview'} ${look}`, look !== 'light');
    await shot(page, `${fileName(where)}-${look}`);
  }
  faults.push(...await page.evaluate(() => globalThis.violations));
  await page.context().close();
}

// --- what is done by hand ---

async function firstRun(page) {
  await page.goto(BASE);
  await page.waitForSelector('text=No host reports yet');
  await judge(page, 'first run');
  await shot(page, 'first-run-light');
  await order('FILL');
  await page.waitForSelector('.host-row');
}

async function overview(page) {
  await page.waitForFunction((n) => document.querySelectorAll('.host-row').length === Number(n), HOSTS);
  check((await page.textContent('#state')).length > 10, 'a sentence says how all is');
  await page.waitForSelector('.attention .badge.critical');
  const names = await page.$$eval('.who .name', (list) => list.map((e) => e.textContent));
  check(names.includes(HOSTILE), `the name that is markup is shown as text: ${names}`);
  check(await page.$$eval('#main img', (l) => l.length) === 0, 'markup in a name makes no element');
  await page.keyboard.press('/');
  await page.keyboard.type('load');
  await page.waitForFunction(() => [...document.querySelectorAll('.who .name')].every((e) => e.textContent.startsWith('load')));
  check(new URL(page.url()).hash.includes('q=load'), 'the search stands in the address');
  await page.fill('#search', '');
  await page.selectOption('.controls select', 'provider');
  await page.waitForSelector('.group-row');
  check(/% ok/.test(await page.textContent('.group-row')), 'each group says how it is');
  await page.selectOption('.controls select', '');
  await page.click('.hosts thead .cpu button');
  const cpus = await page.$$eval('.host-row td:nth-child(3) b', (l) => l.map((e) => Number.parseFloat(e.textContent)).filter((v) => !Number.isNaN(v)));
  check(cpus.every((v, i) => i === 0 || v <= cpus[i - 1]), `sorted by CPU: ${cpus}`);
  await page.keyboard.press('Escape');
}

async function host(page) {
  await page.locator('a.name', { hasText: 'web-1' }).first().click();
  await page.waitForSelector('#chart-cpu .u-over');
  const newest = () => page.evaluate(() => document.querySelector('.shown').textContent);
  const before = await newest();
  await page.waitForFunction((old) => document.querySelector('.shown').textContent !== old, before);
  await page.waitForSelector('.processes tbody tr');
  await page.waitForFunction(() => [...document.querySelectorAll('.processes tbody th')].some((e) => e.textContent.includes('<b>')), null, { timeout: 30000 });
  check(await page.$$eval('.processes b', (l) => l.length) === 0, 'markup in the name of a process makes no element');
  const box = await page.locator('#chart-load .u-over').boundingBox();
  await page.mouse.move(box.x + box.width * 0.97, box.y + 40);
  await page.waitForFunction(() => document.querySelector('#chart-cpu .now').textContent !== 'last');
  await page.waitForSelector('text=under the cursor');
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 40, { steps: 4 });
  await page.mouse.up();
  await page.waitForFunction(() => location.hash.includes('from='));
  check(await page.textContent('.toolbar > button') === '▶ Live', 'zoomed is not live');
  await page.goBack();
  await page.waitForFunction(() => !location.hash.includes('from='));
  await page.mouse.move(5, 5);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('p');
  await page.waitForFunction(() => location.hash.includes('from='));
  await page.keyboard.press('l');
  await page.waitForFunction(() => !location.hash.includes('from='));
  await page.locator('#chart-memory button').click();
  check(await page.locator('#chart-memory .values tbody tr').count() > 3, 'a chart is also a table');
  await page.locator('#chart-memory .plot').focus();
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => document.querySelector('#chart-memory .now').textContent !== 'last');
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press('n');
  await page.waitForSelector('#note');
  await page.fill('#note', 'a note <i>by hand</i>');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.marks li:has-text("a note <i>by hand</i>")');
  await page.locator('.range button', { hasText: '1h' }).click();
  await page.waitForFunction(() => /steps of/.test(document.querySelector('.shown').textContent));
  await page.waitForSelector('.marks .badge.critical');
}

async function alerts(page) {
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  await page.waitForSelector('.alert');
  await page.locator('.alert.critical .what').click();
  await page.waitForSelector('.explain .u-over');
  check((await page.textContent('.explain')).includes('<b>now</b>'), 'the words of an alert are text');
  await judge(page, 'explanation');
  await shot(page, 'explanation-light');
  await page.locator('.alert.critical button', { hasText: 'Acknowledge' }).click();
  await page.waitForFunction(async () => (await (await fetch('/alerts?status=acknowledged')).json()).count === 1);
  await page.locator('.alert', { hasText: 'Disk is filling' }).locator('select').selectOption({ label: 'for 8h' });
  await page.waitForFunction(async () => (await (await fetch('/api/v1/silences')).json()).silences.some((s) => s.instance !== '' && s.active));
  await page.locator('.alert', { hasText: 'Disk is filling' }).locator('button', { hasText: 'Resolve' }).click();
  await page.waitForFunction(async () => (await (await fetch('/alerts?status=resolved')).json()).count === 1);
  await go(page, 'alerts?tab=history');
  await page.waitForFunction(() => document.querySelectorAll('.alert').length === 2);
}

/** Rules: one is tried on what is stored, and one that is written here is tried and stored. */
async function rules(page) {
  await go(page, 'alerts?tab=silences');
  await page.locator('.alert button', { hasText: 'End' }).click();
  await page.waitForSelector('text=Nobody is silenced');
  await go(page, 'alerts?tab=rules');
  await page.locator('button[aria-label="Try cpu"]').click();
  await page.waitForSelector('text=in the last 7 days');
  await page.click('text=Write a rule');
  await page.fill('textarea', '[always]\nvalue = uptime\nwarn = > 0\nfor = 0s\n');
  await page.click('text=Try on 7 days');
  await page.waitForSelector('text=it would have spoken');
  await page.fill('textarea', '[mine]\nvalue = cpu_usage\nwarn = 99\nfor = 1h\n');
  await page.click('text=Store');
  await page.waitForSelector('.list th:has-text("mine")');
  await judge(page, 'rules');
}

async function compare(page) {
  await go(page, 'compare?hosts=host-0,host-1&range=15m');
  await page.waitForSelector('#chart-compare .u-over');
  await page.waitForFunction(() => document.querySelectorAll('#chart-compare .legend tbody tr').length === 2);
  await go(page, 'compare?hosts=host-0&against=7d');
  await page.waitForFunction(() => /now/.test(document.querySelector('#chart-compare tbody')?.textContent));
}

/** As an administrator: a token made here brings a host, and the page notices. */
async function administer(browser) {
  const page = await opened(browser, { viewport: { width: 1440, height: 900 } });
  await page.goto(BASE + '#token=' + TOKEN);
  await page.waitForSelector('text=Log out');
  check(!page.url().includes('token='), 'the token does not stay in the address');
  await go(page, 'add');
  await page.click('text=Make a token');
  const token = await page.locator('.command code', { hasText: /^nph1_/ }).first().textContent();
  await order('AGENT ' + token);
  await page.waitForSelector('text=first sample received', { timeout: 30000 });
  await judge(page, 'add with a token');
  await shot(page, 'added-light');
  for (const tab of ['access', 'join', 'agents', 'audit']) {
    await go(page, 'settings?tab=' + tab);
    await page.waitForSelector('.list tbody tr');
    await judge(page, `settings ${tab} admin`);
    await shot(page, `settings-${tab}-admin-light`);
  }
  check(/created a join token|token/.test(await page.textContent('.list')), 'the audit log names the token');
  faults.push(...await page.evaluate(() => globalThis.violations));
  await page.context().close();
}

/** The aggregator dies: the page says how old its numbers are, and goes on by itself. */
async function outage(page) {
  await go(page, 'host/host-0');
  await page.waitForSelector('#chart-cpu .u-over');
  isDown = true;
  await order('KILL');
  await page.waitForFunction(() => /numbers are \d+ s old/.test(document.querySelector('.banner')?.textContent), null, { timeout: 30000 });
  await shot(page, 'outage-light');
  await order('NOTICE');
  await order('START');
  await page.waitForFunction(() => !document.querySelector('.banner') && document.querySelector('.link.on'), null, { timeout: 40000 });
  isDown = false;
  const before = await page.textContent('.shown');
  await page.waitForFunction((old) => document.querySelector('.shown').textContent !== old, before, { timeout: 30000 });
}

/** What was noticed is dismissed, and stays away. */
async function insights(page) {
  await go(page, 'insights');
  await page.waitForSelector('.insight:has-text("web-1 is <i>idle</i>")');
  await page.waitForSelector('.evidence:has-text("web-1 cpu_usage, 7 d")');
  await judge(page, 'an insight');
  await shot(page, 'insight-light');
  await page.click('button[aria-label="Dismiss web-1 is <i>idle</i>"]');
  await page.waitForSelector('text=Nothing noticed');
  await page.reload();
  await page.waitForSelector('text=Nothing noticed');
}

async function checks(page) {
  await order('VULTR');
  await page.goto(BASE + '#/checks');
  for (const [name, url, contains] of [['itself', BASE + 'healthz', ''], ['gone', BASE + 'nothing-is-here', ''], ['wordless', BASE + 'healthz', 'no such words']]) {
    await page.fill('input[name=name]', name);
    await page.fill('input[name=url]', url);
    await page.fill('input[name=contains]', contains);
    await page.click('form button.primary');
    await page.waitForSelector(`tr:has-text("${name}")`);
  }
  await page.waitForSelector('tr:has-text("wordless"):has-text("no such words") .badge.critical', { timeout: 40000 });
  await page.waitForSelector('tr:has-text("itself") .badge.ok:has-text("healthy")', { timeout: 40000 });
  await page.waitForSelector('tr:has-text("gone"):has-text("HTTP 404") .badge.critical', { timeout: 40000 });
  await page.waitForSelector('tr:has-text("vm 2"):has-text("85.0 %"):has-text("no")', { timeout: 40000 });
  await page.click('button[aria-label="Delete itself"]');
  await page.waitForFunction(() => !document.querySelector('button[aria-label="Delete itself"]'));
}

/** What is sampled seldom is no silence, and a silence between samples is. */
async function silences() {
  const { runs, between } = await import('data:text/javascript,' + encodeURIComponent(readFileSync(SERIES, 'utf8')));
  const gaps = (times) => between(times, runs(times, () => true, 4)).join(' ');
  const seldom = [0, 10, 20, 30, 40];
  check(gaps(seldom) === '', `a sample every ten steps: ${gaps(seldom)}`);
  check(gaps([0, 1, 2, 3, 30, 31, 32]) === '3,30', 'half a minute without samples is a silence');
  check(gaps([0, 1, 2, 30, 60, 61, 62]) === '2,30 30,60', 'and stays one with a single sample in it');
  const holes = runs([0, 1, 2, 3, 4, 5, 6], (i) => i % 2 === 0, 4);
  check(holes.length === 1 && holes[0].join() === '0,2,4,6', `steps without a value: ${JSON.stringify(holes)}`);
}

const desktop = { viewport: { width: 1440, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
try {
  await silences();
  const page = await opened(browser, desktop);
  for (const step of [firstRun, overview, host, alerts, rules, compare, checks]) {
    try {
      await step(page);
    } catch (error) {
      await shot(page, 'failed');
      throw new Error(`${step.name}: ${error.message}`);
    }
  }
  await administer(browser);
  await tour(browser, 'light', desktop);
  await tour(browser, 'dark', { ...desktop, colorScheme: 'dark' });
  await tour(browser, 'phone-light', phone);
  await tour(browser, 'phone-dark', { ...phone, colorScheme: 'dark' }, ['', 'host/host-0', 'alerts']);
  const wall = await opened(browser, { viewport: { width: 3840, height: 2160 } });
  await wall.goto(BASE);
  await wall.waitForSelector('.host-row');
  await shot(wall, 'overview-4k');
  await wall.context().close();
  await outage(page);
  await insights(page);
  faults.push(...await page.evaluate(() => globalThis.violations));
} catch (error) {
  faults.push(error.message);
} finally {
  await browser.close();
}
for (const fault of [...new Set(faults)]) console.log(fault);
if (faults.length === 0) console.log(`${PAGES.length} pages, light and dark, desktop and phone: no fault`);
process.exit(faults.length > 0 ? 1 : 0);
