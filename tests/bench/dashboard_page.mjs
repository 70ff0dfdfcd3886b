// SPDX-License-Identifier: MIT
// Measures the dashboard in Chromium for dashboard.py: prints one line of JSON. Script time is the browser's own count.
import { createRequire } from 'node:module';

const { MODULES, CHROMIUM, BASE, HOSTS } = process.env;
const { chromium } = createRequire(MODULES + '/')('playwright-core');
const UPDATES = 60;
const LIVE_S = 20;

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

/** `routes`: what answers in place of the aggregator, by address. */
async function opened(where, routes) {
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(60000);
  for (const [address, answer] of Object.entries(routes || {})) await page.route(address, answer);
  await page.goto(BASE + where);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable');
  const metric = async (name) => (await cdp.send('Performance.getMetrics')).metrics.find((m) => m.name === name).value;
  const heap = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    return metric('JSHeapUsedSize');
  };
  return { page, script: async () => 1000 * await metric('ScriptDuration'), heap };
}

/** Script time (ms) of `times` runs of a function in the page, a frame each. */
async function each({ page, script }, times, what) {
  const before = await script();
  await page.evaluate(async ([n, source]) => {
    const run = new Function('i', source);
    for (let i = 0; i < n; i++) {
      run(i);
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    }
  }, [times, what]);
  return (await script() - before) / times;
}

/** The page of all hosts; `bare`: its questions for small charts are answered with none. */
async function many(bare) {
  const list = await opened('#/', bare && { '**/api/v1/query?*': (route) => route.fulfill({ json: { t: [], series: [] } }) });
  await list.page.waitForFunction((n) => globalThis.nephos?.state.hosts.length >= Number(n), HOSTS);
  await list.page.waitForTimeout(3000);
  const drawn = await list.page.evaluate(() => document.querySelectorAll('svg.spark').length);
  if (bare ? drawn > 0 : drawn === 0) throw new Error(`${drawn} small charts ${bare ? 'without' : 'with'} their numbers`);
  // Every value of every host changes, as after an answer.
  const update_ms = await each(list, UPDATES, 'for (const h of nephos.state.hosts) for (const s of h.series) s.v = (s.v + 7.3) % 100; nephos.state.version++; nephos.draw();');
  const scroll_ms = await each(list, UPDATES, 'scrollTo(0, i * 100);');
  const rows = await list.page.evaluate(() => document.querySelectorAll('.host-row').length);
  const heap = await list.heap();
  await list.page.context().close();
  return { update_ms, scroll_ms, rows, heap };
}

const list = await many(false);
const bare_list = await many(true);

async function live(routes) {
  const host = await opened('#/host/real', routes);
  await host.page.waitForSelector('#chart-tcp');
  await host.page.waitForTimeout(4000);
  const before = await host.script();
  await host.page.waitForTimeout(LIVE_S * 1000);
  const ms = (await host.script() - before) / LIVE_S;
  const used = await host.heap();
  await host.page.context().close();
  return [ms, used];
}

const [host_ms, host_heap] = await live();
const STUB = 'class{constructor(o,d){this.data=d;this.scales={x:{}};this.cursor={left:-1,idx:null};}setData(){}setScale(){}setSize(){}setCursor(){}setSelect(){}redraw(){}destroy(){}}';
let isBare = false;
const [bare_ms, bare_heap] = await live({ '**/assets/app*.js': async (route) => {
  const answer = await route.fetch();
  const text = await answer.text();
  const bare = text.replace(/new [\w$]+\(this\.options\(\)/, `new (${STUB})(this.options()`);
  if (bare === text) throw new Error('the charts cannot be taken out');
  isBare = true;
  await route.fulfill({ response: answer, body: bare });
} });
if (!isBare) throw new Error('the script of the page has another name');
await browser.close();
console.log(JSON.stringify({ list, bare_list, host_ms, host_heap, bare_ms, bare_heap }));
