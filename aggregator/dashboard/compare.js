// SPDX-License-Identifier: MIT
// One metric of up to six hosts, or of one host now and a day or a week ago.

import { html, nothing } from './lit-html.js';
import { get } from './api.js';
import { Chart } from './charts.js';
import { amend, here, link } from './router.js';
import { draw, newest, state } from './state.js';
import { formatOf } from './format.js';
import { empty, failed, loading, nameOf } from './ui.js';

const RANGES = [['15m', 900], ['1h', 3600], ['6h', 21600], ['24h', 86400], ['7d', 604800], ['30d', 2592000]];
const SHIFTS = [['', 'the hosts below'], ['1d', 'a day before', 86400], ['7d', 'a week before', 604800]];
const HOSTS_MAX = 6;
const POINTS = 600;
const ASK_MS = 10000;

const page = { chart: null, series: null, catalog: null, catalogOf: '', error: null, askedAt: 0, asked: 0, key: '' };

const isKnown = (id) => state.byId.has(id);
const seconds = () => (RANGES.find(([name]) => name === (here().query.range ?? '1h')) ?? RANGES[1])[1];
const metric = () => here().query.metric ?? 'cpu_usage';
const shift = () => (SHIFTS.find(([key]) => key === (here().query.against ?? '')) ?? SHIFTS[0])[2] ?? 0;

/** Hosts of the address; without any, the busiest. */
function hosts() {
  const chosen = (here().query.hosts ?? '').split(',').filter(isKnown);
  const list = chosen.length ? chosen : [...state.hosts].sort((a, b) => (newest(b, 'cpu_usage') ?? -1) - (newest(a, 'cpu_usage') ?? -1)).slice(0, 3).map((h) => h.id);
  return shift() ? list.slice(0, 1) : list.slice(0, HOSTS_MAX);
}

const tagsOf = (s) => (s.tag ? ' ' + s.tag.split(',').map((t) => t.slice(t.indexOf('=') + 1)).join(' ') : '');

/** Columns of one host; `back` seconds earlier, moved to now. */
async function ask(id, to, back) {
  const from = to - seconds() * 1000;
  const answer = await get('/api/v1/query', { instance: id, metric: metric(), from: from - back * 1000, to: to - back * 1000, step: 'auto', points: POINTS });
  return { times: answer.t.map((ms) => ms / 1000 + back), stepMs: answer.step_ms, list: answer.series };
}

async function load() {
  const asked = ++page.asked;
  page.askedAt = Date.now();
  try {
    const to = Math.floor(Date.now() + state.offset);
    const wanted = hosts();
    if (wanted.length === 0) return;
    if (page.catalogOf !== wanted[0]) {
      page.catalog = await get('/api/v1/series', { instance: wanted[0] });
      page.catalogOf = wanted[0];
    }
    const questions = shift() ? [[wanted[0], 0, 'now'], [wanted[0], shift(), SHIFTS.find(([, , s]) => s === shift())[1]]] : wanted.map((id) => [id, 0, nameOf(id)]);
    const answers = await Promise.all(questions.map(([id, back]) => ask(id, to, back)));
    if (asked !== page.asked) return;
    join(questions, answers);
    page.error = null;
  } catch (error) {
    if (asked === page.asked) page.error = error;
  }
  draw();
}

/** All on the time axis of the first; steps of the others fall on the nearest of its. */
function join(questions, answers) {
  const { times, stepMs } = answers[0];
  const step = stepMs / 1000;
  const lines = [];
  answers.forEach((answer, q) => answer.list.forEach((s) => {
    if (lines.length >= HOSTS_MAX) return;
    const values = times.map(() => null);
    answer.times.forEach((t, i) => {
      const at = Math.round((t - times[0]) / step);
      if (at >= 0 && at < values.length) values[at] = s.v[i];
    });
    lines.push({ name: questions[q][2] + tagsOf(s), values, unit: s.unit, kind: s.kind });
  }));
  const range = [times[0], times.at(-1)];
  const key = JSON.stringify([lines.map((l) => l.name), metric()]);
  page.series = { times, lines, leastGap: 2 * step };
  page.range = range;
  if (key !== page.key) {
    page.chart?.drop();
    const unit = lines[0]?.unit ?? '', kind = lines[0]?.kind;
    page.chart = new Chart({
      id: 'compare', title: metric(), unit: kind === 'counter' ? `${unit} a second` : unit, kind: 'lines', format: formatOf(unit, kind), metric: metric(),
      lines: (series, colors) => series.lines.map((l, i) => ({ ...l, color: colors[i] })), empty: 'None of these hosts has this metric in this range.',
    }, {
      range: () => page.range, marks: () => ({ alerts: [], moments: [], anomalies: [] }), gaps: () => [], isCatchingUp: () => false, onReset: () => {}, onCursor: () => {},
      onZoom: (a, b) => { location.hash = link('host', hosts()[0], { from: Math.round(a * 1000), to: Math.round(b * 1000), more: metric() }); },
    });
  }
  page.key = key;
  const { chart } = page;
  requestAnimationFrame(() => chart.update(page.series));
}

function chooseView() {
  const { query } = here();
  const chosen = hosts();
  const metrics = [...new Set((page.catalog?.series ?? []).map((s) => s.metric))].sort();
  const setHost = (event) => amend({ hosts: [...new Set([...(shift() ? [] : chosen), event.target.value])].filter(Boolean).slice(-HOSTS_MAX).join(',') });
  const leave = (id) => amend({ hosts: chosen.filter((other) => other !== id).join(',') });
  const others = state.hosts.filter((h) => !chosen.includes(h.id)).sort((a, b) => a.name.localeCompare(b.name));
  return html`<div class="controls">
    <label>Metric <select @change=${(event) => amend({ metric: event.target.value })}>${(metrics.length ? metrics : [metric()]).map((m) => html`<option ?selected=${m === metric()}>${m}</option>`)}</select></label>
    <label>Range <select @change=${(event) => amend({ range: event.target.value })}>${RANGES.map(([name]) => html`<option ?selected=${name === (query.range ?? '1h')}>${name}</option>`)}</select></label>
    <label>Against <select @change=${(event) => amend({ against: event.target.value || null })}>${SHIFTS.map(([key, words]) => html`<option value=${key} ?selected=${key === (query.against ?? '')}>${words}</option>`)}</select></label>
    <label>${shift() ? 'Host' : 'Add host'} <select @change=${setHost}><option value="">choose …</option>${others.slice(0, 500).map((h) => html`<option value=${h.id}>${h.name}</option>`)}</select></label></div>
  <ul class="chips" aria-label="Hosts that are compared">${chosen.map((id) => html`<li><a href=${link('host', id)}>${nameOf(id)}</a>
    ${chosen.length > 1 ? html`<button type="button" aria-label="Take ${nameOf(id)} out" @click=${() => leave(id)}>×</button>` : nothing}</li>`)}</ul>`;
}

export const comparePage = {
  title: () => 'Compare',
  open: load,
  close() {
    page.chart?.drop();
    Object.assign(page, { chart: null, key: '', catalogOf: '' });
  },
  tick() {
    if (Date.now() - page.askedAt > ASK_MS) load();
  },
  view() {
    if (state.hosts.length === 0) return html`<h1>Compare</h1>${empty('No host reports yet', 'There is nothing to compare.')}`;
    return html`<h1>Compare</h1>${chooseView()}${page.error ? failed(page.error) : nothing}${page.chart ? html`<div class="charts one">${page.chart.card}</div>` : loading}`;
  },
};

addEventListener('theme', () => { page.chart?.recolor(); if (page.series) page.chart?.update(page.series); });
