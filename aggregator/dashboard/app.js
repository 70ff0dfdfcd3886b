// SPDX-License-Identifier: MIT
// The page as a whole: which host and range (in the address, so that it can be shared), the list, the
// sentence on top, the connection, and what to say when something is missing.

import { ApiError, get, logIn, logOut, takeTokenFromAddress, whoAmI } from './api.js';
import { ago, duration, zone } from './format.js';
import { HostPage, RANGES } from './host.js';
import { HostList } from './hosts.js';
import { Live } from './live.js';

const POLL_MS = 5000;
const FACTS_MS = 30000;
const CATCH_UP_MS = 12000;
const LIST_METRICS = 'cpu_usage,memory_usage_percent,disk_usage_percent';

const byId = (id) => document.getElementById(id);
const state = {
  instances: [],
  facts: new Map(),
  chosen: null,
  range: 300,
  serverOffset: 0, // the aggregator's clock less the browser's, ms
  answeredAt: 0,
  liveOpen: false,
  retryAt: 0,
  error: '',
};

const page = new HostPage();
const list = new HostList(byId('host-list'), byId('filter'), byId('host-none'));
let live = null;

const serverNow = () => Date.now() + state.serverOffset;

// --- where we are ---

function readAddress() {
  const query = new URLSearchParams(location.search);
  const range = RANGES.find(([name]) => name === query.get('range'));
  state.range = range ? range[1] : 300;
  return query.get('host');
}

function writeAddress() {
  const name = RANGES.find(([, seconds]) => seconds === state.range)[0];
  const query = new URLSearchParams({ host: state.chosen, range: name });
  history.pushState(null, '', '?' + query);
}

function choose(id, range = state.range) {
  const isOther = id !== state.chosen;
  state.chosen = id;
  state.range = range;
  drawRanges();
  if (isOther) live?.follow(id);
  page.open(id, range).catch(report);
  draw();
}

function drawRanges() {
  const box = byId('range');
  if (!box.children.length) {
    for (const [name, seconds] of RANGES) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = name;
      button.addEventListener('click', () => {
        choose(state.chosen, seconds);
        writeAddress();
      });
      box.append(button);
    }
  }
  RANGES.forEach(([, seconds], i) => box.children[i].setAttribute('aria-pressed', String(seconds === state.range)));
}

// --- what is said ---

function sentence() {
  const n = state.instances.length;
  if (n === 0) return 'Ready. No host reports yet.';
  const lost = state.instances.filter((i) => i.status === 'unhealthy' || i.status === 'degraded');
  const newest = Math.max(0, ...state.instances.map((i) => i.last_seen_ms));
  const age = newest ? `newest sample ${ago(serverNow() - newest)}` : 'no sample yet';
  const hosts = n === 1 ? '1 host' : `${n} hosts`;
  if (state.error) return `${hosts}, connection lost, ${age}`;
  if (lost.length === 0) return `${hosts}, ${state.instances.some((i) => i.status === 'healthy') ? 'live' : 'waiting'}, ${age}`;
  const names = lost.slice(0, 2).map((i) => i.name).join(', ') + (lost.length > 2 ? ` and ${lost.length - 2} more` : '');
  return `${lost.length} of ${hosts} silent: ${names}; ${age}`;
}

function drawBanner() {
  const banner = byId('banner');
  const age = Date.now() - state.answeredAt;
  const isStale = state.answeredAt > 0 && (state.error || (!state.liveOpen && state.retryAt > 0));
  banner.hidden = !isStale && !(state.error && state.answeredAt === 0);
  document.body.classList.toggle('stale', state.answeredAt > 0 && age > 3 * POLL_MS);
  if (banner.hidden) return;
  const retry = state.retryAt > Date.now() ? `; trying again in ${duration(state.retryAt - Date.now())}` : '';
  const what = state.error ? `The aggregator does not answer (${state.error})` : 'The live connection is lost';
  banner.textContent = state.answeredAt ? `${what}${retry}. These numbers are ${duration(age)} old.` : `${what}${retry}.`;
}

function setText(id, text) {
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

function draw() {
  const isEmpty = state.answeredAt > 0 && state.instances.length === 0;
  const needsToken = !byId('login').hidden;
  byId('welcome').hidden = !isEmpty || needsToken;
  byId('hosts').hidden = state.instances.length === 0 || needsToken;
  byId('host').hidden = !state.chosen || needsToken;
  byId('main').classList.toggle('alone', state.instances.length === 0 || needsToken);
  if (state.answeredAt) setText('state', sentence());
  setText('link', state.liveOpen ? 'live' : state.retryAt ? 'reconnecting' : '');
  byId('link').className = 'link ' + (state.liveOpen ? 'on' : 'off');
  list.update(state.instances, state.chosen, serverNow());
  const chosen = state.instances.find((i) => i.id === state.chosen);
  if (chosen) {
    page.drawHead(chosen, state.facts.get(chosen.id));
    document.title = `${chosen.name} · Nephos`;
  }
  drawBanner();
}

function report(error) {
  if (error instanceof ApiError && error.status === 401) {
    byId('login').hidden = false;
    byId('token').focus();
    setText('state', 'An API token is needed.');
  } else if (error instanceof ApiError) {
    state.error = `${error.status}: ${error.message}`;
  } else {
    state.error = 'no connection';
  }
  draw();
}

// --- what is asked ---

async function poll() {
  try {
    const answer = await get('/api/v1/live', { metric: LIST_METRICS });
    state.serverOffset = answer.now_ms - Date.now();
    state.instances = answer.instances;
    state.answeredAt = Date.now();
    state.error = '';
    if (!live) listen();
    const isThere = state.instances.some((i) => i.id === state.chosen);
    if (!isThere && state.instances.length) {
      const wanted = readAddress();
      const known = state.instances.find((i) => i.id === wanted) ?? state.instances.find((i) => i.status === 'healthy');
      choose((known ?? state.instances[0]).id);
      facts();
    }
    draw();
  } catch (error) {
    report(error);
  }
  setTimeout(poll, POLL_MS);
}

async function facts() {
  const answer = await get('/instances', { limit: 1000 });
  for (const instance of answer.instances) state.facts.set(instance.id, instance);
  draw();
}

async function footer() {
  const self = await get('/api/v1/self');
  const used = (self.store.database_bytes / 1048576).toFixed(1);
  const most = Math.round(self.store.database_bytes_max / 1048576);
  setText('footer', `nephos-aggregator ${self.version} · up ${duration(self.uptime_s * 1000)} · ` +
    `${self.instances} ${self.instances === 1 ? 'host' : 'hosts'} · database ${used} MiB of at most ${most} MiB · times in ${zone()}`);
}

function onSamples(message) {
  const instance = state.instances.find((i) => i.id === message.instance);
  if (instance) {
    instance.last_seen_ms = serverNow();
    instance.status = 'healthy';
    message.series.forEach((id, i) => {
      const s = instance.series.find((other) => other.id === id);
      if (s) s.v = message.v[i][message.v[i].length - 1];
    });
    state.answeredAt = Date.now();
  }
  page.onSamples(message);
}

function listen() {
  live = new Live(onSamples, ({ open, retryAt }) => {
    const wasLost = !state.liveOpen && state.retryAt > 0;
    state.liveOpen = open;
    state.retryAt = open ? 0 : retryAt;
    if (open && wasLost) {
      page.refresh().catch(report);
      setTimeout(() => page.refresh().catch(() => {}), CATCH_UP_MS); // agents have sent what they kept
    }
    draw();
  });
  if (state.chosen) live.follow(state.chosen);
}

// --- what is done ---

byId('host-list').addEventListener('click', (event) => {
  const row = event.target.closest('li');
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  choose(row.dataset.id);
  writeAddress();
});

byId('login').addEventListener('submit', (event) => {
  event.preventDefault();
  logIn(byId('token').value.trim()).then(() => location.reload(), (error) => {
    setText('login-bad', error.message);
    byId('login-bad').hidden = false;
  });
});

addEventListener('popstate', () => {
  const wanted = readAddress();
  choose(state.instances.find((i) => i.id === wanted)?.id ?? state.chosen);
});

for (const code of document.querySelectorAll('.agent-command')) code.textContent = `nephos-agent --server ${location.hostname}:7443 --token TOKEN`;
byId('log-out').addEventListener('click', () => logOut().finally(() => location.reload()));
takeTokenFromAddress().catch(() => {}).then(poll);
whoAmI().then((who) => { byId('log-out').hidden = !who.login; }, () => {});
setInterval(draw, 1000);
setInterval(() => facts().catch(() => {}), FACTS_MS);
setInterval(() => { if (state.range > 900) page.refresh().catch(report); else page.draw(); }, 10000);
setTimeout(() => footer().catch(() => {}), 300);
setInterval(() => footer().catch(() => {}), FACTS_MS);
