// SPDX-License-Identifier: MIT
// Insights: what the aggregator noticed by itself, in words, with how sure it is.

import { html, nothing } from './lit-html.js';
import { get } from './api.js';
import { here, amend, link } from './router.js';
import { draw } from './state.js';
import { badge, empty, exactly, failed, hostLink, levelOfSeverity, loading, tabs, when } from './ui.js';

const TABS = [['', 'All'], ['anomaly', 'Anomalies'], ['prediction', 'Predictions'], ['pattern', 'Patterns']];
const ASK_MS = 30000;
const page = { list: null, summary: null, error: null, askedAt: 0 };

async function load() {
  page.askedAt = Date.now();
  try {
    const [list, summary] = await Promise.all([get('/insights', { limit: 200 }), get('/insights/summary')]);
    Object.assign(page, { list: list.insights, summary, error: null });
  } catch (error) {
    page.error = error;
  }
  draw();
}

/** What a number between 0 and 1 means. */
function sureness(score) {
  const words = score >= 0.9 ? 'nearly sure' : score >= 0.7 ? 'likely' : score >= 0.5 ? 'more likely than not' : 'a hint';
  return `${words} (${Math.round(score * 100)} %)`;
}

/** Where the evidence is: the host's charts around the time. */
function evidence(insight) {
  const at = Date.parse(insight.createdAt);
  const id = insight.affectedInstances?.[0];
  if (!id) return nothing;
  return html`<a href=${link('host', id, { from: at - 3600000, to: Math.min(at + 600000, Date.now()), more: (insight.metricsAnalyzed ?? []).slice(0, 4).join(',') })}>the numbers</a>`;
}

const card = (i, chosen) => html`<li class="card insight ${i.id === chosen ? 'chosen' : ''}" id="insight-${i.id}">
  <div class="chart-head"><h2>${i.title}</h2>${badge(levelOfSeverity(i.severity), `${i.type}, ${i.severity}`)}</div>
  <p>${i.description}</p>
  ${i.recommendations ? html`<p><b>Next:</b> ${i.recommendations}</p>` : nothing}
  <p class="quiet">${(i.affectedInstances ?? []).map((id) => html`${hostLink(id)} `)} ${(i.metricsAnalyzed ?? []).join(', ')} · ${sureness(i.confidenceScore)} · <span title=${exactly(i.createdAt)}>${when(i.createdAt)}</span> · ${evidence(i)}</p></li>`;

function listView() {
  if (page.list === null) return page.error ? nothing : loading;
  const { query, id } = here();
  const list = page.list.filter((i) => !query.type || i.type === query.type || i.type.startsWith(query.type));
  if (list.length === 0) return empty('Nothing noticed', page.list.length ? 'Nothing of this kind.' : 'Learning what is usual takes some hours of samples; what stands out then appears here.');
  return html`<ul class="insights">${list.map((i) => card(i, id))}</ul>`;
}

function summaryView() {
  const s = page.summary;
  if (!s) return nothing;
  return html`<section class="card summary" aria-label="Summary">${s.summary.split('\n').filter(Boolean).map((line) => html`<p>${line}</p>`)}
    <p class="quiet">as of ${exactly(s.generatedAt)}</p></section>`;
}

export const insightsPage = {
  title: () => 'Insights',
  open(at, isOther) {
    if (isOther) load();
  },
  tick() {
    if (Date.now() - page.askedAt > ASK_MS) load();
  },
  view: () => html`<h1>Insights</h1>${page.error ? failed(page.error) : nothing}${summaryView()}
    ${tabs('Kind of insight', TABS, here().query.type ?? '', (key) => amend({ type: key || null }))}${listView()}`,
};
