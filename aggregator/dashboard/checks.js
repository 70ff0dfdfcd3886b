// SPDX-License-Identifier: MIT
// Checks: is what the hosts serve there for others? Health checks of agents are shown.

import { html, nothing, svg } from './lit-html.js';
import { get } from './api.js';
import { milliseconds } from './format.js';
import { draw } from './state.js';
import { badge, empty, failed, hostLink, loading, sparkline, when } from './ui.js';

const ASK_MS = 15000;
const BEATS = 60;
const page = { agents: null, latency: new Map(), up: new Map(), error: null, askedAt: 0 };

async function load() {
  page.askedAt = Date.now();
  try {
    const live = await get('/api/v1/live', { metric: 'health_up,health_status,response_time_ms' });
    page.agents = live.instances.filter((i) => i.series.some((s) => s.metric === 'health_up'));
    if (page.agents.length) {
      const answer = await get('/api/v1/query', { metric: 'health_up,response_time_ms', agg: 'min', by: 'instance,metric', from: '-1h', step: 'auto', points: BEATS });
      for (const s of answer.series) (s.metric === 'health_up' ? page.up : page.latency).set(s.group?.instance ?? s.instance, s.v);
    }
    page.error = null;
  } catch (error) {
    page.error = error;
  }
  draw();
}

/** A bar for each of the last steps: tall is up, short is down, nothing is unknown. */
const beats = (values) => html`<svg class="beats" viewBox="0 0 ${BEATS * 4} 20" role="img" aria-label="${(values ?? []).filter((v) => v !== null && v < 1).length} of ${(values ?? []).length} steps of the last hour with a failure">
  ${(values ?? []).slice(-BEATS).map((v, i) => (v === null ? nothing : beat(v, i)))}</svg>`;

// A template of its own, in the namespace of SVG.
const beat = (v, i) => svg`<rect x=${i * 4} y=${v >= 1 ? 2 : 12} width="3" height=${v >= 1 ? 16 : 8} class=${v >= 1 ? 'ok' : 'critical'}></rect>`;

const valueOf = (i, metric) => i.series.find((s) => s.metric === metric)?.v;

const agentRow = (i) => html`<tr><th scope="row">${hostLink(i.id)}</th><td>${valueOf(i, 'health_up') === 1 ? badge('ok', 'up') : badge('critical', 'down')}</td>
  <td>${valueOf(i, 'health_status') || 'no answer'}</td><td>${beats(page.up.get(i.id))}</td><td>${milliseconds(valueOf(i, 'response_time_ms'))}</td>
  <td>${sparkline(page.latency.get(i.id), Math.max(1, ...(page.latency.get(i.id) ?? [1])), 'Time to answer, last hour')}</td><td>${when(i.last_sample_ms)}</td></tr>`;

const sentinelView = html`<p class="quiet">Checks from outside (HTTP, TLS, DNS, TCP) need a sentinel, which this aggregator does not have. What agents check on their own machine is above.</p>`;

export const checksPage = {
  title: () => 'Checks',
  open: load,
  tick() {
    if (Date.now() - page.askedAt > ASK_MS) load();
  },
  view() {
    if (page.agents === null) return html`<h1>Checks</h1>${page.error ? failed(page.error) : loading}`;
    return html`<h1>Checks</h1>${page.error ? failed(page.error) : nothing}
      <section class="card" aria-label="Health checks of agents">${page.agents.length === 0
        ? empty('No health check', html`An agent looks at a service of its machine when it is started with <code>--health-url http://127.0.0.1:8080/healthz</code>; its state and time to answer then stand here.`)
        : html`<div class="legend tall" tabindex="0"><table class="list"><thead><tr><th scope="col">host</th><th scope="col">now</th><th scope="col">HTTP</th><th scope="col">last hour</th><th scope="col">answer after</th><td></td><th scope="col">seen</th></tr></thead><tbody>
          ${[...page.agents].sort((a, b) => valueOf(a, 'health_up') - valueOf(b, 'health_up') || a.name.localeCompare(b.name)).map(agentRow)}</tbody></table></div>`}
        ${sentinelView}</section>`;
  },
};
