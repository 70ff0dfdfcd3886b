// SPDX-License-Identifier: MIT
// Insights: what the aggregator noticed by itself, in words, with how sure it is.

import { html, nothing } from './lit-html.js';
import { get, send } from './api.js';
import { statistics } from './charts.js';
import { duration, formatOf } from './format.js';
import { here, amend, link } from './router.js';
import { draw, mayOperate, serverNow } from './state.js';
import { announce, badge, empty, exactly, failed, hostLink, levelOfSeverity, loading, nameOf, sparkline, tabs, when } from './ui.js';

const TABS = [['', 'All'], ['anomaly', 'Anomalies'], ['prediction', 'Predictions'], ['pattern', 'Patterns']];
const ASK_MS = 30000;
const HEAD = /^[A-Z][a-z ]{3,20}$/; // of a part of the summary
const SPAN_MS = { anomaly: 7200000, prediction: 86400000, pattern: 604800000 }; // of the evidence
const AFTER_MS = 3600000; // of it behind an anomaly
const SEVERITIES = ['high', 'medium', 'low'];
const SERIES_MAX = 3; // of one insight
const SHOWN_MAX = 24; // insights with evidence
const POINTS = 120;
const evidence = new Map(); // of an insight's id: series as a query answers them, with statistics
const page = { list: null, summary: null, error: null, askedAt: 0 };

async function load() {
  page.askedAt = Date.now();
  try {
    const [list, summary] = await Promise.all([get('/insights', { limit: 200 }), get('/insights/summary')]);
    Object.assign(page, { list: list.insights.sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)), summary, error: null });
    loadAllEvidence();
  } catch (error) {
    page.error = error;
  }
  draw();
}

/** Out of sight until it appears anew. */
async function dismiss(id) {
  try {
    await send('DELETE', '/api/v1/insights/' + id);
    announce('dismissed');
  } catch (error) {
    page.error = error;
    return draw();
  }
  await load();
}

/** What a number between 0 and 1 means. */
function sureness(score) {
  const words = score >= 0.9 ? 'nearly sure' : score >= 0.7 ? 'likely' : score >= 0.5 ? 'more likely than not' : 'a hint';
  return `${words} (${Math.round(score * 100)} %)`;
}

/** What it stands on: of several devices or mounts the one with the highest values. */
async function loadEvidence({ id, type, createdAt, affectedInstances, metricsAnalyzed }) {
  evidence.set(id, []);
  const to = Math.round(type === 'anomaly' ? Math.min(Date.parse(createdAt) + AFTER_MS, serverNow()) : serverNow());
  for (const [instance, metric] of affectedInstances.flatMap((host) => metricsAnalyzed.map((m) => [host, m])).slice(0, SERIES_MAX)) {
    const { series, t } = await get('/api/v1/query', { instance, metric, from: to - SPAN_MS[type], to, step: 'auto', points: POINTS });
    const told = series.map((s) => ({ ...s, ...statistics(t, s.v, 0, to), instance })).filter((s) => s.max !== null);
    if (told[0]) evidence.get(id).push(told.reduce((a, b) => (b.max > a.max ? b : a)));
    draw();
  }
}

async function loadAllEvidence() {
  for (const i of page.list.slice(0, SHOWN_MAX)) if (!evidence.has(i.id)) await loadEvidence(i).catch(() => evidence.delete(i.id));
}

function evidenceView({ id, type }) {
  return (evidence.get(id) ?? []).map((s) => {
    const format = formatOf(s.unit, s.kind);
    const words = `${nameOf(s.instance)} ${[s.metric, s.tag].filter(Boolean).join(' ')}, ${duration(SPAN_MS[type])}: ${format(s.min)} to ${format(s.max)}`;
    return html`<div class="evidence">${sparkline(s.v.map((v) => (v === null ? v : v - s.min)), s.max - s.min || 1, words)}<small class="quiet">${words}</small></div>`;
  });
}

/** The host's charts around the time. */
function numbers(insight) {
  const at = Date.parse(insight.createdAt);
  const id = insight.affectedInstances?.[0];
  if (!id) return nothing;
  return html`<a href=${link('host', id, { from: at - 3600000, to: Math.min(at + 600000, Date.now()), more: (insight.metricsAnalyzed ?? []).slice(0, 4).join(',') })}>the numbers</a>`;
}

const card = (i, chosen) => html`<li class="card insight ${i.id === chosen ? 'chosen' : ''}" id="insight-${i.id}">
  <div class="chart-head"><h2>${i.title}</h2>${badge(levelOfSeverity(i.severity), `${i.type}, ${i.severity}`)}
    ${mayOperate() ? html`<button type="button" class="small" aria-label="Dismiss ${i.title}" @click=${() => dismiss(i.id)}>Dismiss</button>` : nothing}</div>
  <p>${i.description}</p>${evidenceView(i)}
  ${i.recommendations ? html`<p><b>Next:</b> ${i.recommendations}</p>` : nothing}
  <p class="quiet">${(i.affectedInstances ?? []).map((id) => html`${hostLink(id)} `)} ${(i.metricsAnalyzed ?? []).join(', ')} · ${sureness(i.confidenceScore)} · <span title=${exactly(i.createdAt)}>${when(i.createdAt)}</span> · ${numbers(i)}</p></li>`;

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
  return html`<section class="card summary" aria-label="Summary">${s.summary.split('\n').filter(Boolean).map((line) => (HEAD.test(line) ? html`<h2>${line}</h2>` : html`<p>${line}</p>`))}
    <p class="quiet">as of ${exactly(s.generatedAt)}</p></section>`;
}

export const insightsPage = {
  title: () => 'Insights',
  open(at, isOther) {
    if (!isOther) return;
    evidence.clear();
    load();
  },
  tick() {
    if (Date.now() - page.askedAt > ASK_MS) load();
  },
  noticed: load,
  view: () => html`<h1>Insights</h1>${page.error ? failed(page.error) : nothing}${summaryView()}
    ${tabs('Kind of insight', TABS, here().query.type ?? '', (key) => amend({ type: key || null }))}${listView()}`,
};
