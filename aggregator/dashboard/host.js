// SPDX-License-Identifier: MIT
// The page of one host. History is asked once per range; live samples are appended while the range is short enough to
// show single seconds, else the newest steps are asked again. Range, zoom and pause stand in the address.

import { html, nothing } from './lit-html.js';
import { get } from './api.js';
import { Chart } from './charts.js';
import { bytes, bytesRate, duration, forInput, fromInput, moment, percent, plain, several, zone } from './format.js';
import { Filesystems } from './filesystems.js';
import { Marks } from './marks.js';
import { Processes } from './processes.js';
import { amend, here } from './router.js';
import { draw, isLost, levelOf, report, serverNow, state } from './state.js';
import { BANDS, METRICS, SPECS, isCustom, specOf } from './specs.js';
import { Series, last } from './series.js';
import { Cores } from './strips.js';
import { badge, empty, when, wordOfStatus } from './ui.js';

export const RANGES = [['5m', 300], ['15m', 900], ['1h', 3600], ['6h', 21600], ['24h', 86400], ['7d', 604800], ['30d', 2592000], ['1y', 31536000]];
const LIVE_SECONDS_MAX = 900;
const POINTS = 800;
const CUSTOM_MAX = 12;
const CATCH_UP_MS = 12000;

const page = {
  id: '',
  series: null,
  catalog: null,
  charts: [],
  more: [],
  latest: new Map(), // newest values in long ranges, out of live samples
  generation: 0, // answers to questions about an earlier host or range are thrown away
  hostOffset: 0, // the host's clock less the browser's, ms
  error: '',
  gaps: [],
  refreshedAt: 0,
  isCustomRange: false,
};

const marks = new Marks(() => { redrawCharts(); draw(); });
const processes = new Processes(draw);
const filesystems = new Filesystems(draw);
const cores = new Cores();

// --- the range ---

/** Seconds from the address: what is fixed, or null when it moves along with now. */
function fixedRange() {
  const { from, to } = here().query;
  return from && to && Number(to) > Number(from) ? [Number(from) / 1000, Number(to) / 1000] : null;
}

const rangeSeconds = () => (RANGES.find(([name]) => name === here().query.range) ?? RANGES[0])[1];
const isLive = () => fixedRange() === null;
const showsSeconds = () => isLive() && rangeSeconds() <= LIVE_SECONDS_MAX;

function view() {
  const fixed = fixedRange();
  if (fixed) return fixed;
  const now = (Date.now() + page.hostOffset) / 1000;
  const newest = page.series?.newest() ?? now;
  const isFresh = Math.abs(now - newest) < Math.max(3, (2 * (page.series?.stepMs ?? 1000)) / 1000);
  const end = isFresh ? newest : Math.max(now, newest);
  return [end - rangeSeconds(), end];
}

const setFixed = ([from, to]) => amend({ from: Math.round(from * 1000), to: Math.round(to * 1000) }, false);
const setLive = (range) => amend({ from: null, to: null, ...(range && { range }) }, false);
const pause = () => (isLive() ? setFixed(view()) : setLive());

function move(part, zoom = 1) {
  const [from, to] = view();
  const length = (to - from) * zoom;
  const middle = (from + to) / 2 + part * (to - from);
  const end = Math.min(middle + length / 2, (serverNow() + 1000) / 1000);
  setFixed([end - Math.max(10, length), end]);
}

// --- what is asked ---

function ask(metrics, fold, points = POINTS) {
  const fixed = fixedRange();
  const range = fixed ? { from: Math.round(fixed[0] * 1000), to: Math.round(fixed[1] * 1000) } : { from: `-${rangeSeconds() + 10}s` };
  return get('/api/v1/query', { instance: page.id, metric: metrics.join(','), ...range, step: 'auto', points, ...(fold && { fold }) });
}

/** A host with very many devices has too many series for fine steps: then they are coarser. */
async function askAll() {
  const wanted = [...METRICS, ...page.more.map((m) => m.metric)];
  for (let points = POINTS; ; points = Math.floor(points / 3)) {
    try {
      return await ask(wanted, '', points);
    } catch (error) {
      if (error.status !== 400 || points < 40) throw error;
    }
  }
}

async function load() {
  const generation = ++page.generation;
  page.refreshedAt = Date.now();
  page.isLoading = true;
  if (!page.catalog || page.catalog.id !== page.id) {
    const catalog = await get('/api/v1/series', { instance: page.id });
    if (generation !== page.generation) return;
    page.catalog = catalog;
    chooseCustom();
    makeCharts();
  }
  const answer = await askAll();
  if (generation !== page.generation) return;
  page.series ??= new Series(page.catalog);
  page.series.load(answer);
  page.error = '';
  if (answer.step_ms > 2 * Math.max(1000, page.catalog.interval_ms ?? 1000)) {
    const points = answer.t.length;
    const [least, most] = await Promise.all([ask(BANDS, 'min', points), ask(BANDS, 'max', points)]);
    if (generation !== page.generation) return;
    page.series.loadBands(least, most);
  }
  page.isLoading = false;
  update();
}

function refresh() {
  if (!page.id) return; // it was left meanwhile
  load().catch((error) => {
    page.isLoading = false;
    if (error.status === 404) page.error = 'No host of that id is known here.';
    else report(error);
    draw();
  });
}

function refreshSoon() {
  clearTimeout(page.soon);
  page.soon = setTimeout(refresh, 2000);
}

/** Metrics of applications, first come first shown; any other can be asked for in the address (more=metric,metric). */
function chooseCustom() {
  const kinds = new Map();
  for (const s of page.catalog.series) if (!kinds.has(s.metric)) kinds.set(s.metric, { metric: s.metric, unit: s.unit, kind: s.kind });
  const asked = (here().query.more ?? '').split(',').filter((m) => kinds.has(m));
  const custom = [...kinds.keys()].filter(isCustom).slice(0, CUSTOM_MAX);
  page.kinds = kinds;
  page.more = [...new Set([...custom, ...asked])].map((m) => kinds.get(m));
}

function makeCharts() {
  page.charts.forEach((chart) => chart.drop());
  const hooks = {
    range: view, marks: () => marks, gaps: () => page.gaps, isCatchingUp: () => Boolean(state.byId.get(page.id)?.facts?.metadata?.catchingUp),
    onZoom: (a, b) => setFixed([a, b]), onReset: () => setLive(),
    onCursor: (seconds) => processes.point(page.id, seconds, isLive() ? null : view()[1]),
  };
  const specs = [...SPECS, ...page.more.map((m) => specOf(m.metric, m.unit, m.kind))];
  page.charts = specs.map((spec) => new Chart(spec, hooks));
}

function update() {
  if (!page.series) return;
  const [from, to] = view();
  page.gaps = page.series.gaps(from, to);
  marks.find(page.series);
  page.charts.forEach((chart) => chart.update(page.series));
  draw();
}

const redrawCharts = () => page.charts.forEach((chart) => chart.plot?.redraw(false));

// --- what comes live ---

function onSamples(message) {
  if (message.instance !== page.id || !page.series) return;
  if (message.series.some((id) => !page.series.knows(id))) {
    page.catalog = null;
    page.series = null;
    refresh();
    return;
  }
  const newestMs = message.t[message.t.length - 1];
  page.hostOffset = newestMs - Date.now();
  if (!showsSeconds()) {
    message.series.forEach((id, i) => {
      const s = page.series.byId.get(id);
      const v = page.series.value(s, newestMs, message.v[i][message.t.length - 1]);
      if (v !== null) page.latest.set(s.key, v);
    });
    return;
  }
  if (!page.series.append(message)) refreshSoon();
  page.series.trim(page.series.newest() - rangeSeconds() - 30);
  if (!document.hidden) update();
}

function care() {
  if (!page.series) return;
  const age = Date.now() - page.refreshedAt;
  if (isLive() && !page.isLoading && age > (showsSeconds() ? 60000 : Math.max(10000, page.series.stepMs))) refresh();
  processes.care(page.id, isLive() ? null : view()[1]);
  marks.load(page.id, view()).catch(() => {});
  cores.load(page.id, view()).catch(() => {});
  filesystems.load(page.id).catch(() => {});
  if (showsSeconds() && Date.now() + page.hostOffset > (page.series.newest() + 3) * 1000) update(); // silence moves on, too
}

// --- what is shown ---

const newest = (metric, tag = '') => page.latest.get(metric + '|' + tag) ?? last(page.series?.column(metric, tag));

function sum(metric) {
  const values = page.series.tags(metric).map((tag) => newest(metric, tag)).filter((v) => v !== null);
  return values.length ? values.reduce((a, b) => a + b, 0) : null;
}

const tile = (name, value, detail) => html`<div class="tile"><small>${name}</small><b>${value}</b><span>${detail}</span></div>`;

function tilesView(host) {
  const total = newest('memory_total_bytes');
  const available = newest('memory_available_bytes');
  const swapTotal = newest('swap_total_bytes');
  const swapFree = newest('swap_free_bytes');
  const uptime = newest('uptime');
  const isOld = !isLive();
  return html`<div class="tiles" aria-label=${isOld ? 'Values at the end of the range' : 'Newest values'} role="group">
    ${tile('CPU', percent(newest('cpu_usage')), `load ${plain(newest('load_average_1min'))}${host.facts?.metadata?.cpuCount ? ` on ${several(host.facts.metadata.cpuCount, 'CPU')}` : ''}`)}
    ${tile('Memory', percent(newest('memory_usage_percent')), total === null ? '' : `${bytes(total - available)} of ${bytes(total)}`)}
    ${swapTotal > 0 ? tile('Swap', percent((100 * (swapTotal - swapFree)) / swapTotal), `of ${bytes(swapTotal)}`) : nothing}
    ${tile('Network in', bytesRate(sum('network_rx_bytes')), 'out ' + bytesRate(sum('network_tx_bytes')))}
    ${tile('Disk read', bytesRate(sum('disk_read_bytes')), 'written ' + bytesRate(sum('disk_written_bytes')))}
    ${newest('network_month_tx_bytes') === null ? nothing : tile('Sent this month', bytes(newest('network_month_tx_bytes')), 'received ' + bytes(newest('network_month_rx_bytes')))}
    ${uptime === null ? nothing : tile('Up', duration(uptime * 1000), 'since it was started')}</div>`;
}

function headView(host) {
  const f = host.facts;
  const m = f?.metadata ?? {};
  const parts = [
    m.os, m.kernel && `Linux ${m.kernel}`, m.architecture, m.cpuCount && several(m.cpuCount, 'CPU'),
    m.memoryBytes && bytes(m.memoryBytes), f && [f.provider, f.region, f.type].filter((w) => w && w !== 'other' && w !== 'unknown').join(' · '),
    m.ipAddress, m.agentVersion && `agent ${m.agentVersion}`, Math.abs(host.skew_ms) > 2000 && `clock off by ${duration(Math.abs(host.skew_ms))}`,
  ].filter(Boolean);
  const level = levelOf(host);
  return html`<div class="host-head"><div><h1 id="host-name">${host.name}</h1>
    <p class="facts">${isLost() ? badge('stale', `no connection; was ${wordOfStatus(host.status)}`) : badge(host.status === 'healthy' ? 'ok' : level, wordOfStatus(host.status))}
      <span>${host.status === 'healthy' ? 'newest sample' : 'last heard'} ${host.last_seen_ms ? when(Math.min(host.last_seen_ms, serverNow())) : 'never'}</span>
      ${parts.map((p) => html`<span>${p}</span>`)}</p>
    ${m.catchingUp ? html`<p class="quiet">History still comes in: ${m.historySamples} samples so far, ${m.historyLeft} left; hatched stretches fill by themselves.</p>` : nothing}</div></div>`;
}

function toolbarView() {
  const fixed = fixedRange();
  const [from, to] = view();
  const chosen = here().query.range ?? '5m';
  const apply = (event) => {
    event.preventDefault();
    const a = fromInput(event.target.from.value), b = fromInput(event.target.to.value);
    if (b > a) setFixed([a / 1000, b / 1000]);
  };
  return html`<div class="toolbar">
    <div class="range" role="group" aria-label="Time range">${RANGES.map(([name]) => html`
      <button type="button" aria-pressed=${String(!fixed && chosen === name)} @click=${() => setLive(name)}>${name}</button>`)}
      <button type="button" aria-expanded=${String(page.isCustomRange)} aria-pressed=${String(Boolean(fixed))} @click=${() => { page.isCustomRange = !page.isCustomRange; draw(); }}>custom</button></div>
    <button type="button" @click=${pause} aria-pressed=${String(!isLive())}>${isLive() ? '∥ Pause' : '▶ Live'}</button>
    <span class="steps" role="group" aria-label="Move in time"><button type="button" aria-label="Earlier" @click=${() => move(-0.5)}>←</button><button type="button" aria-label="Later" @click=${() => move(0.5)}>→</button>
      <button type="button" aria-label="Show less time" @click=${() => move(0, 0.5)}>+</button><button type="button" aria-label="Show more time" @click=${() => move(0, 2)}>−</button></span>
    <span class="quiet shown">${moment(from * 1000)} to ${moment(to * 1000)} ${zone(to * 1000)}${resolutionWords()}</span>
    ${page.isCustomRange ? html`<form class="inline custom" @submit=${apply}>
      <label>from <input type="datetime-local" name="from" .value=${forInput(from * 1000)} required></label>
      <label>to <input type="datetime-local" name="to" .value=${forInput(to * 1000)} required></label>
      <button type="submit" class="primary">Show</button><span class="quiet">in ${zone()}</span></form>` : nothing}</div>`;
}

function resolutionWords() {
  if (!page.series) return '';
  const { stepMs, resolution } = page.series;
  const step = stepMs <= 1000 ? '' : `, steps of ${duration(stepMs)}`;
  const words = { '1m': ', kept by the minute only', '1h': ', kept by the hour only' };
  return step + (words[resolution] ?? '');
}

function moreView() {
  const others = [...(page.kinds?.keys() ?? [])].filter((m) => !METRICS.includes(m) && !page.more.some((k) => k.metric === m)).sort();
  const add = (event) => {
    if (!event.target.value) return;
    const asked = (here().query.more ?? '').split(',').filter(Boolean);
    amend({ more: [...asked, event.target.value].join(',') });
    event.target.value = '';
  };
  return html`<section class="card chart more"><div class="chart-head"><h2>Another metric</h2></div>
    <label>Chart of <select @change=${add}><option value="">choose …</option>${others.map((m) => html`<option>${m}</option>`)}</select></label>
    <p class="quiet">This host has ${page.kinds?.size ?? 0} metrics. Keys: ← → move, + − zoom, p pause, l live, n note; drag across a chart to zoom, double-click to go back. Grey is a time without samples.</p></section>`;
}

function chartsView() {
  if (!page.series) return html`<p class="quiet loading" role="status">Loading …</p>`;
  const nodes = page.charts.map((c) => c.card);
  return html`<div class="charts ${page.isLoading ? 'loading' : ''}">${nodes[0]}<div class="stack">${cores.view()}${processes.view()}</div>${nodes.slice(1, 5)}${filesystems.view(page.series)}${nodes.slice(5)}${moreView()}</div>`;
}

const KEYS = {
  ArrowLeft: () => move(-0.5), ArrowRight: () => move(0.5), '+': () => move(0, 0.5), '-': () => move(0, 2), p: pause, l: () => setLive(),
  n: (event) => { event.preventDefault(); marks.write(); },
};

export const hostPage = {
  title: () => state.byId.get(page.id)?.name ?? 'Host',
  open(at) {
    if (at.id !== page.id) {
      page.id = at.id;
      page.series = page.catalog = null;
      page.latest.clear();
      page.charts.forEach((chart) => chart.drop());
      page.charts = [];
      for (const part of [marks, processes, filesystems, cores]) part.clear();
    } else if (page.catalog && at.query.more) {
      const before = page.more.length;
      chooseCustom();
      if (page.more.length !== before) makeCharts();
    }
    page.charts.forEach((chart) => chart.rescale());
    refresh();
    marks.load(page.id, view(), true).catch(() => {});
    cores.load(page.id, view(), true).catch(() => {});
    processes.askedAt = 0;
  },
  close() {
    page.generation++;
    page.charts.forEach((chart) => chart.drop());
    page.charts = [];
    page.id = '';
  },
  samples: onSamples,
  missed() {
    refresh();
    setTimeout(refresh, CATCH_UP_MS); // agents have sent what they kept
  },
  alerted() {
    marks.askedAt = 0;
  },
  tick: care,
  key(event) {
    KEYS[event.key]?.(event);
  },
  view() {
    const host = state.byId.get(page.id);
    if (page.error || !host) return empty('No such host', page.error || 'No host of that id is known here.', html`<p><a href="#/">All hosts</a></p>`);
    const range = view();
    return html`<article class="host">${headView(host)}${page.series ? tilesView(host) : nothing}${toolbarView()}${marks.view(page.id, range, range[1])}${chartsView()}</article>`;
  },
};

/** Colours or the zone have changed: charts are made anew. */
addEventListener('theme', () => {
  page.charts.forEach((chart) => chart.recolor());
  cores.paint();
  update();
});
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => dispatchEvent(new Event('theme')));
