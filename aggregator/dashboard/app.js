// SPDX-License-Identifier: MIT
// The page as a whole: navigation, which page is open, the connection, logging in, and what to say when something is
// missing.

import { html, nothing, render } from './lit-html.js';
import { logIn, logOut, takeTokenFromAddress, whoAmI } from './api.js';
import { bytes, duration, isUtc, several, zone } from './format.js';
import { Live } from './live.js';
import { go, here, link } from './router.js';
import { begin, draw, isLost, onDraw, pollAlerts, pollFacts, pollMs, report, serverNow, state } from './state.js';
import { announce, loading, nameCells } from './ui.js';
import { addPage } from './add.js';
import { alertsPage } from './alerts.js';
import { checksPage } from './checks.js';
import { comparePage } from './compare.js';
import { hostPage } from './host.js';
import { insightsPage } from './insights.js';
import { overviewPage } from './overview.js';
import { selfPage } from './self.js';
import { settingsPage } from './settings.js';

const byId = (id) => document.getElementById(id);
const NAVIGATION = [
  ['overview', 'Overview'], ['alerts', 'Alerts'], ['insights', 'Insights'], ['compare', 'Compare'], ['checks', 'Checks'],
  ['add', 'Add host'], ['settings', 'Settings'], ['self', 'Self'],
];
// A page: title(), view(), and where it wants them open(), close(), tick(), samples(message), missed(), alerted(),
// noticed().
const PAGES = {
  overview: overviewPage, host: hostPage, alerts: alertsPage, insights: insightsPage, compare: comparePage,
  checks: checksPage, add: addPage, settings: settingsPage, self: selfPage,
};

let page = null;
let address = '';
let isNavOpen = false;
let loginError = '';
let live = null;

// --- which page ---

function onRoute() {
  if (/^#token=/.test(location.hash)) return void logInFromAddress();
  if (!location.hash.startsWith('#/') && location.hash !== '' && location.hash !== '#') return; // the skip link
  const at = here();
  const next = PAGES[at.page] ?? overviewPage;
  const isOther = next !== page;
  if (isOther) {
    page?.close?.();
    page = next;
    isNavOpen = false;
    render(nothing, byId('main'));
  }
  if (location.hash === address && !isOther) return;
  address = location.hash;
  live?.follow(at.page === 'host' ? at.id : null);
  page.open?.(at, isOther);
  if (isOther) scrollTo(0, 0);
  draw();
}

const logInFromAddress = () => takeTokenFromAddress().then(() => location.reload(), (error) => {
  loginError = error.message;
  state.needsToken = true;
  draw();
});

// --- header ---

const theme = () => document.documentElement.dataset.theme ?? 'auto';

function nextTheme() {
  const next = { auto: 'light', light: 'dark', dark: 'auto' }[theme()];
  if (next === 'auto') {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem('nephos-theme');
  } else {
    document.documentElement.dataset.theme = next;
    localStorage.setItem('nephos-theme', next);
  }
  dispatchEvent(new Event('theme'));
  draw();
}

function nextZone() {
  localStorage.setItem('nephos-zone', isUtc() ? 'browser' : 'UTC');
  dispatchEvent(new Event('theme')); // charts are made anew
  draw();
}

function connectionView() {
  if (state.live.open) return html`<span class="link on">live</span>`;
  if (state.live.retryAt) return html`<span class="link off">reconnecting</span>`;
  return html`<span class="link">connecting</span>`;
}

function headerView() {
  const at = here().page;
  const open = state.alerts.filter((a) => a.status === 'active').length;
  return html`
    <a class="brand" href="#/" aria-label="Nephos, overview"><img src="/assets/icon.svg" alt="" width="26" height="26"><span>Nephos</span></a>
    <button type="button" class="menu" aria-expanded=${String(isNavOpen)} aria-controls="nav" @click=${() => { isNavOpen = !isNavOpen; draw(); }}>Menu</button>
    <nav id="nav" class=${isNavOpen ? 'open' : ''} aria-label="Pages"><ul>${NAVIGATION.map(([name, words]) => html`
      <li><a href=${link(name)} aria-current=${at === name || (at === 'host' && name === 'overview') ? 'page' : 'false'}>${words}${
        name === 'alerts' && open ? html` <span class="count" aria-label="${open} open">${open}</span>` : nothing}</a></li>`)}</ul></nav>
    <span class="tools">
      ${state.self?.demo ? html`<strong class="demo" title="These hosts are simulated">DEMO</strong>` : nothing}
      ${connectionView()}
      <button type="button" class="tool" @click=${nextZone} title="Zone of all times; press to change" aria-label="Times in ${zone()}; change">${zone()}</button>
      <button type="button" class="tool" @click=${nextTheme} title="Colours; press to change" aria-label="Colours: ${theme()}; change">${{ auto: '◐', light: '○', dark: '●' }[theme()]}</button>
      ${state.who?.login ? html`<button type="button" class="tool" @click=${() => logOut().finally(() => location.reload())}>Log out</button>` : nothing}
    </span>`;
}

/** What is wrong with the connection, and how old the numbers are. */
function noticeView() {
  const age = Date.now() - state.answeredAt;
  document.body.classList.toggle('stale', state.answeredAt > 0 && age > 3 * pollMs());
  if (state.needsToken || !isLost()) return nothing;
  const retry = state.live.retryAt > Date.now() ? `; trying again in ${duration(state.live.retryAt - Date.now())}` : '';
  const what = state.error ? `The aggregator does not answer (${state.error})` : 'The live connection is lost';
  const old = state.answeredAt ? ` These numbers are ${duration(age)} old.` : '';
  return html`<p class="banner" role="alert">${what}${retry}.${old}</p>`;
}

function footerView() {
  const s = state.self;
  if (!s) return nothing;
  const used = (100 * s.store.database_bytes) / s.store.database_bytes_max;
  return html`<span>nephos-aggregator ${s.version}</span><span>up ${duration(s.uptime_s * 1000)}</span>
    <span>${several(s.instances, 'host')}</span>
    <span>database ${bytes(s.store.database_bytes)}, ${used.toFixed(1)} % of its limit</span><span>times in ${zone()}</span>`;
}

// --- logging in ---

function onLogin(event) {
  event.preventDefault();
  logIn(byId('token').value.trim()).then(() => location.reload(), (error) => {
    loginError = error.message;
    draw();
  });
}

const loginView = () => html`<form class="card narrow login" @submit=${onLogin}>
  <h1>API token</h1>
  <p>This aggregator asks who you are. <code>nephos-aggregator access create --role viewer --name NAME</code>
     makes a token; this browser keeps no more of it than a cookie that ends after a week.</p>
  <label for="token">Token</label>
  <input id="token" type="password" autocomplete="off" spellcheck="false" required>
  <button type="submit" class="primary">Log in</button>
  ${loginError ? html`<p class="bad" role="alert">${loginError}</p>` : nothing}</form>`;

// --- drawing ---

let titled = '';

function paint() {
  render(headerView(), byId('top'));
  render(noticeView(), byId('notice'));
  render(footerView(), byId('footer'));
  if (!page) return;
  const view = state.needsToken ? loginView() : state.answeredAt || page === selfPage ? page.view() : loading;
  render(view, byId('main'));
  nameCells();
  const title = state.needsToken ? 'Log in' : page.title();
  if (title !== titled) document.title = `${title} · Nephos`;
  titled = title;
}

// --- what comes live ---

function onSamples(message) {
  const host = state.byId.get(message.instance);
  if (host) {
    host.last_seen_ms = serverNow();
    host.status = 'healthy';
    state.answeredAt = Date.now();
  }
  page?.samples?.(message);
  draw();
}

function onChange(message) {
  const { data } = message;
  if (data?.alertType) {
    const isNew = message.eventType === 'INSERT' && (data.severity === 'critical' || data.severity === 'high');
    if (isNew) announce(`${data.severity} alert on ${state.byId.get(data.instanceId)?.name ?? data.instanceId}: ${data.message}`);
    pollAlerts().then(() => { state.version++; draw(); }, report);
    page?.alerted?.();
  } else if (data?.metadata && state.byId.has(data.id)) {
    state.byId.get(data.id).status = data.status;
  } else if (data?.affectedInstances) {
    page?.noticed?.();
  } else {
    pollFacts().catch(report);
  }
  state.version++;
  draw();
}

function onState(next) {
  const isBack = next.open && state.live.retryAt > 0;
  state.live = next;
  if (isBack) page?.missed?.();
  draw();
}

// --- keys ---

const KEYS = { o: 'overview', a: 'alerts', i: 'insights', c: 'compare', s: 'self' };
let isGoing = false;

addEventListener('keydown', (event) => {
  if (event.target.matches?.('input, textarea, select') || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isGoing && KEYS[event.key]) go(link(KEYS[event.key]));
  isGoing = event.key === 'g';
  if (event.key === '/' && byId('search')) {
    event.preventDefault();
    byId('search').focus();
  }
  page?.key?.(event);
});

byId('skip').addEventListener('click', (event) => {
  event.preventDefault();
  byId('main').focus();
});
async function start() {
  addEventListener('route', onRoute);
  onDraw(paint);
  await takeTokenFromAddress().catch((error) => { loginError = error.message; });
  await whoAmI().then((who) => { state.who = who; }, report);
  begin();
  onRoute();
  live = new Live({ onSamples, onChange, onState, onMissed: () => page?.missed?.() });
  live.follow(here().page === 'host' ? here().id : null);
  setInterval(() => { page?.tick?.(); draw(); }, 1000);
}

start();

// For tests: what the page costs is measured from outside.
globalThis.nephos = { state, draw };
