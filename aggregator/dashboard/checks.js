// SPDX-License-Identifier: MIT
// Checks: is what the hosts serve there for others? What the sentinel finds from outside, what agents find on their own
// machine, and what the provider says of its servers.

import { html, nothing, svg } from './lit-html.js';
import { get, send } from './api.js';
import { bytes, milliseconds } from './format.js';
import { draw, mayOperate } from './state.js';
import { badge, empty, failed, hostLink, loading, meter, sparkline, table, when } from './ui.js';

const ASK_MS = 15000;
const BEATS = 60;
const LEVELS = { healthy: 'ok', good: 'ok', degraded: 'warn', begun: 'stale', unknown: 'stale', vanished: 'stale' };
const page = { series: {}, error: null, askedAt: 0 };

const valueOf = (i, metric) => i.series.find((s) => s.metric === metric && !s.tag)?.v;

/** What an agent looks at is a check, too. */
const ofAgent = (i) => ({
  instance: i.id, name: 'health check of its agent', status: valueOf(i, 'health_up') ? 'healthy' : 'unhealthy', error: `HTTP ${valueOf(i, 'health_status') || 'no answer'}`,
  responseTimeMs: valueOf(i, 'response_time_ms'), checkedAt: i.last_sample_ms, up: 'health_up',
});

async function load() {
  page.askedAt = Date.now();
  try {
    const [live, found, there] = await Promise.all([get('/api/v1/live', { metric: 'health_up,health_status,response_time_ms' }), get('/api/v1/checks'), get('/api/v1/servers')]);
    Object.assign(page, found, there, { checks: [...found.checks, ...live.instances.filter((i) => valueOf(i, 'health_up') !== undefined).map(ofAgent)], error: null });
    if (page.checks.length) {
      const answer = await get('/api/v1/query', { metric: 'check_status,health_up,response_time_ms', agg: 'max', by: 'instance,metric,check', from: '-1h', step: 'auto', points: BEATS });
      for (const s of answer.series) page.series[s.group.metric + s.group.instance + (s.group.check ?? '')] = s.v;
    }
  } catch (error) {
    page.error = error;
  }
  draw();
}

const act = (what) => what.then(load, (error) => {
  page.error = error;
  draw();
});

function add(event) {
  const { name, url, contains } = event.target;
  event.preventDefault();
  act(send('POST', '/api/v1/checks', { name: name.value, url: url.value, ...(contains.value && { contains: contains.value }) }).then(() => event.target.reset()));
}

/** A bar for each of the last steps: tall is good, short is bad, nothing is unknown. */
const beats = (values = [], isGood) => html`<svg class="beats" viewBox="0 0 ${values.length * 4} 20" preserveAspectRatio="none" role="img" aria-label="${values.filter((v) => v !== null && !isGood(v)).length} of ${values.length} steps of the last hour failed">
  ${values.map((v, i) => (v === null ? nothing : beat(isGood(v), i)))}</svg>`;

// A template of its own, in the namespace of SVG.
const beat = (good, i) => svg`<rect x=${i * 4} y=${good ? 2 : 12} width="3" height=${good ? 16 : 8} class=${good ? 'ok' : 'critical'}></rect>`;

const state = (word, more) => html`<td>${badge(LEVELS[word] ?? 'critical', word)} <span class="quiet">${more}</span></td>`;

function checkRow(c) {
  const key = c.instance + (c.up ? '' : c.name), times = page.series['response_time_ms' + key], days = c.certificateDaysLeft;
  return html`<tr><th scope="row">${c.instance ? hostLink(c.instance) : ''} <span class="quiet">${c.name} ${c.url}${c.contains ? html` with “${c.contains}”` : ''}</span></th>${state(c.status, c.error)}
    <td>${beats(page.series[(c.up ?? 'check_status') + key], (v) => (c.up ? v > 0 : v < 2))}</td><td>${milliseconds(c.responseTimeMs)} ${sparkline(times, Math.max(1, ...(times ?? [])), 'Time to answer, last hour')}</td>
    <td>${days === undefined ? '' : badge(days < 3 ? 'critical' : days < 14 ? 'warn' : 'ok', `${Math.floor(days)} d`)}</td><td>${when(c.checkedAt)}</td>
    <td>${c.origin === 'api' && mayOperate() ? html`<button type="button" class="small" aria-label="Delete ${c.name}" @click=${() => act(send('DELETE', '/api/v1/checks/' + c.name))}>Delete</button>` : ''}</td></tr>`;
}

const serverRow = (s) => html`<tr><th scope="row">${s.instance ? hostLink(s.instance) : s.label}</th>${state(s.health, s.powerStatus)}<td>${s.hasAgent ? 'yes' : 'no'}</td><td>${s.region} ${s.plan}</td><td>${s.ipAddress}</td>
  <td>${meter(`${bytes(s.transferUsedBytes)} of ${bytes(s.transferAllowanceBytes)}`, s.transferUsagePercent)}</td></tr>`;

export const checksPage = {
  title: () => 'Checks',
  open: load,
  tick() {
    if (Date.now() - page.askedAt > ASK_MS) load();
  },
  view() {
    const v = page.vultr;
    return html`<h1>Checks</h1>${page.error ? failed(page.error) : v ? nothing : loading}${v ? html`
      <section class="card" aria-label="Checks">${page.checks.length
        ? table(['check', 'now', 'last hour', 'answer after', 'certificate', 'checked', ''], page.checks.map(checkRow))
        : empty('No check', html`Add an address to be asked as its users would, or start an agent with <code>--health-url</code>.`)}
        ${mayOperate() ? html`<form class="inline" @submit=${add}><label>Name <input name="name" required maxlength="31"></label>
          <label>Address <input name="url" required placeholder="https:// tls:// tcp:// dns://"></label>
          <label>must contain <input name="contains" maxlength="119" placeholder="any text"></label><button type="submit" class="primary">Add</button></form>` : nothing}</section>
      <section class="card" aria-label="Vultr"><h2>Vultr</h2>${v.state === 'off'
        ? html`<p class="quiet">Servers are watched with a key: <code>--vultr-key-file FILE</code></p>`
        : html`<p>${badge(LEVELS[v.state] ?? 'critical', v.state)} ${v.error} <span class="quiet">listed ${when(v.listedAt)}</span></p>${table(['server', 'now', 'agent', 'where', 'address', 'transfer this month'], page.servers.map(serverRow))}`}</section>` : nothing}`;
  },
};
