// SPDX-License-Identifier: MIT
// An alert explained: the words that the aggregator has for it, and the numbers around it.

import { html, nothing } from './lit-html.js';
import { get } from './api.js';
import { Chart } from './charts.js';
import { formatOf } from './format.js';
import { go, here, link } from './router.js';
import { draw, serverNow, state } from './state.js';
import { Series } from './series.js';
import { specOf } from './specs.js';
import { badge, command, exactly, failed, hostLink, levelOfSeverity, loading, sparkline, table, when } from './ui.js';

const BEFORE_MS = 1800000;
const AFTER_MS = 600000;
const POINTS = 600;

const now = { id: '', alert: null, words: null, told: null, chart: null, series: null, why: '', error: null };

export function forget() {
  now.chart?.drop();
  Object.assign(now, { id: '', alert: null, words: null, told: null, chart: null, series: null, why: '', error: null });
}

/** The series that an alert is about, out of what its host measures. */
async function metricOf(alert) {
  const catalog = await get('/api/v1/series', { instance: alert.instanceId });
  const name = alert.metricName || alert.alertType;
  const match = catalog.series.find((s) => s.metric === name) ?? catalog.series.find((s) => s.metric.startsWith(name.split('_')[0] + '_') && s.unit === 'percent');
  return { catalog, match };
}

async function loadChart(alert) {
  const { catalog, match } = await metricOf(alert);
  if (now.id !== alert.id) return;
  if (!match) {
    now.why = 'No series of this host bears the name of this alert.';
    return;
  }
  const from = Date.parse(alert.createdAt) - BEFORE_MS;
  const to = Math.min(serverNow(), (alert.resolvedAt ? Date.parse(alert.resolvedAt) : serverNow()) + AFTER_MS);
  const answer = await get('/api/v1/query', { instance: alert.instanceId, metric: match.metric, from, to: Math.round(to), step: 'auto', points: POINTS });
  if (now.id !== alert.id) return;
  const series = new Series(catalog);
  series.load(answer);
  const span = { from: Date.parse(alert.createdAt) / 1000, to: alert.resolvedAt ? Date.parse(alert.resolvedAt) / 1000 : Infinity, level: levelOfSeverity(alert.severity), metric: match.metric };
  const range = [from / 1000, to / 1000];
  now.chart = new Chart(specOf(match.metric, match.unit, match.kind), {
    range: () => range, marks: () => ({ alerts: [span], moments: [], anomalies: [] }), gaps: () => series.gaps(...range), isCatchingUp: () => false,
    onZoom: (a, b) => go(link('host', alert.instanceId, { from: Math.round(a * 1000), to: Math.round(b * 1000) })), onReset: () => {}, onCursor: () => {},
  });
  now.series = series;
  draw();
  requestAnimationFrame(() => now.chart?.update(series));
}

export async function explain(id) {
  if (id === now.id) return;
  forget();
  now.id = id;
  try {
    const [words, told] = await Promise.all([get('/insights/explain-alert/' + encodeURIComponent(id)), get(`/api/v1/alerts/${encodeURIComponent(id)}/explanation`)]);
    if (now.id !== id) return;
    Object.assign(now, { alert: words.alert, words, told });
    draw();
    await loadChart(words.alert);
  } catch (error) {
    if (now.id === id) now.error = error;
  }
  draw();
}

/** [words, body] of what was told. */
function paragraphs() {
  const { told } = now;
  const steps = html`<ol>${told.actions.map((a) => html`<li>${a.what}${a.command ? command(a.command) : nothing}</li>`)}</ol>`;
  return [
    ['What it means', told.meaning], ['Likely cause', told.causes], ['Seen before', told.similar.text],
    ['What to do', told.actions.length ? steps : nothing], ['How urgent', `${told.urgency.level} of 10: ${told.urgency.reason}`],
  ].filter(([, body]) => body && body !== nothing);
}

/** What moved then, beside the series of the alert. */
function movedView() {
  const moved = now.told.evidence.filter((e) => !e.is_own);
  if (moved.length === 0) return nothing;
  return html`<h3>What moved then</h3>${table(['what', 'from and to', 'a value a minute'], moved.map((e) => {
    const format = formatOf(e.unit, e.is_rate ? 'counter' : 'gauge');
    return html`<tr><th scope="row">${e.metric} ${Object.values(e.tags).join(' ')}</th><td>${format(e.before)} → ${format(e.during)}</td>
      <td>${sparkline(e.v, e.v.reduce((m, v) => (v > m ? v : m), 1e-9), `${e.metric}, a value a minute`)}</td></tr>`;
  }))}`;
}

function evidenceView(alert) {
  const from = Date.parse(alert.createdAt) - BEFORE_MS;
  const to = Math.round(Math.min(serverNow(), (alert.resolvedAt ? Date.parse(alert.resolvedAt) : serverNow()) + AFTER_MS));
  return html`${now.chart ? now.chart.card : now.why ? html`<p class="quiet">${now.why}</p>` : loading}
    <p><a href=${link('host', alert.instanceId, { from, to })}>All numbers of ${state.byId.get(alert.instanceId)?.name ?? alert.instanceId} at that time</a></p>`;
}

export function explanationView() {
  const { alert, error } = now;
  const close = html`<button type="button" class="small" @click=${() => go(link('alerts', '', here().query))}>Close (Esc)</button>`;
  if (error) return html`<aside class="card explain" aria-label="Explanation">${failed(error)}${close}</aside>`;
  if (!alert) return html`<aside class="card explain" aria-label="Explanation">${loading}</aside>`;
  return html`<aside class="card explain" aria-label="Explanation">
    <div class="chart-head"><h2>${alert.message}</h2>${close}</div>
    <p>${badge(alert.status === 'resolved' ? 'ok' : levelOfSeverity(alert.severity), `${alert.severity}, ${alert.status}`)} ${hostLink(alert.instanceId)}
      <span class="quiet">since ${when(alert.createdAt)} (${exactly(alert.createdAt)})${alert.resolvedAt ? `, resolved ${exactly(alert.resolvedAt)}` : ''}</span></p>
    ${paragraphs().map(([head, body]) => html`<h3>${head}</h3><div>${body}</div>`)}
    <h3>The numbers</h3>${evidenceView(alert)}${movedView()}</aside>`;
}

addEventListener('theme', () => { now.chart?.recolor(); if (now.series) now.chart?.update(now.series); });
