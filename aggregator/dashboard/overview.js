// SPDX-License-Identifier: MIT
// The first page: is anything wrong, where, since when. Of many hosts only the rows that are in view exist.

import { html, nothing } from './lit-html.js';
import { get } from './api.js';
import { addView } from './add.js';
import { bytesRate, plain, several } from './format.js';
import { directionOf, groupings, IN, matches, OUT, rates, rowsOf, sorted } from './hosts.js';
import { amend, here, link } from './router.js';
import { draw, levelOf, LEVELS, newest, serverNow, state } from './state.js';
import { badge, empty, hostLink, levelOfSeverity, meter, shape, sparkline, when, wordOfStatus } from './ui.js';

const SPARK_MS = 60000;
const SPARK_POINTS = 60;
const RATE_MS = 15000;
const MARGIN_ROWS = 8;
const HEADS = [
  ['state', 'State'], ['name', 'Host'], ['cpu', 'CPU'], ['memory', 'Memory'], ['disk', 'Disk'], ['load', 'Load'], ['in', 'In'],
  ['out', 'Out'], ['', 'CPU, 30 min'], ['seen', 'Seen'],
];

const sparks = new Map();
let sparksAt = 0, ratesAt = 0;
let predictions = [];
let arrangement = {};
let held = null; // the order of the rows while somebody points at them

// --- one question for all small lines ---

async function loadSparks() {
  sparksAt = Date.now();
  const answer = await get('/api/v1/query', { metric: 'cpu_usage', agg: 'avg', by: 'instance', from: '-30m', step: 'auto', points: SPARK_POINTS });
  sparks.clear();
  for (const s of answer.series) sparks.set(s.group?.instance ?? s.instance, s.v);
}

async function loadRates() {
  ratesAt = Date.now();
  const answer = await get('/api/v1/query', { metric: IN.trim() + ',' + OUT.trim(), agg: 'sum', by: 'instance', from: '-1m', step: '30s' });
  rates.clear();
  for (const s of answer.series) rates.set(`${s.group?.instance ?? s.instance} ${s.metric}`, s.v.findLast((v) => v !== null));
  state.version++;
}

async function loadPredictions() {
  const answer = await get('/insights/predictions', { limit: 20 });
  predictions = answer.insights ?? answer.predictions ?? [];
}

function refresh() {
  if (document.hidden || state.hosts.length === 0) return;
  if (Date.now() - ratesAt > RATE_MS) loadRates().then(draw, () => {});
  if (Date.now() - sparksAt < SPARK_MS) return;
  loadSparks().then(draw, () => {});
  loadPredictions().then(draw, () => {});
}

// --- what needs attention ---

function attention() {
  const items = state.alerts.filter((a) => a.status === 'active').map((a) => ({
    level: levelOfSeverity(a.severity), word: a.severity, host: a.instanceId, text: a.message, since: Date.parse(a.createdAt),
    address: link('alerts', a.id),
  }));
  for (const h of state.hosts) {
    if ((h.status !== 'unhealthy' && h.status !== 'degraded') || h.alerts.length) continue; // an alert says more
    items.push({ level: h.status === 'unhealthy' ? 'critical' : 'warn', word: wordOfStatus(h.status), host: h.id,
      text: 'no samples arrive', since: h.last_seen_ms, address: link('host', h.id) });
  }
  for (const p of predictions) {
    const [host, metric] = [p.affectedInstances?.[0], p.metricsAnalyzed?.[0]];
    // What is likely enough has an alert already.
    if (p.severity === 'low' || state.alerts.some((a) => a.instanceId === host && a.metricName === metric && a.alertType.startsWith('forecast'))) continue;
    items.push({ level: 'warn', word: 'forecast', host, text: p.title, since: Date.parse(p.createdAt), address: link('insights', p.id) });
  }
  return items.sort((a, b) => LEVELS[a.level] - LEVELS[b.level] || b.since - a.since);
}

function attentionView() {
  const items = attention();
  if (items.length === 0) return nothing;
  return html`<section class="card attention" aria-labelledby="attention-head">
    <h2 id="attention-head">Needs attention</h2>
    <ul>${items.slice(0, 8).map((i) => html`<li>${badge(i.level, i.word)} ${i.host ? hostLink(i.host) : nothing}
      <a class="what" href=${i.address}>${i.text}</a> <span class="quiet">${when(i.since)}</span></li>`)}</ul>
    ${items.length > 8 ? html`<p><a href="#/alerts">and ${items.length - 8} more</a></p>` : nothing}</section>`;
}

// --- the table ---

const cell = (label, content, more = '') => html`<td class="cell ${more}" data-label=${label}>${content}</td>`;

function hostRow(host, index) {
  const level = levelOf(host);
  const f = host.facts;
  const place = f ? [f.provider, f.region].filter((w) => w && w !== 'other' && w !== 'unknown').join(' · ') : '';
  const open = host.alerts.filter((a) => a.status === 'active').length;
  const word = open ? several(open, 'alert') : wordOfStatus(host.status);
  return html`<tr class="host-row ${level}" aria-rowindex=${index + 2} data-id=${host.id}>
    <td class="cell first">${shape(level, word)}<span class="word">${word}</span></td>
    <th scope="row" class="cell who">${hostLink(host.id)}${place ? html`<small>${place}</small>` : nothing}</th>
    ${cell('CPU', meter('CPU', newest(host, 'cpu_usage')))}
    ${cell('Memory', meter('Mem', newest(host, 'memory_usage_percent')))}
    ${cell('Disk', meter('Disk', newest(host, 'disk_usage_percent')))}
    ${cell('Load', plain(newest(host, 'load_average_1min')), 'number')}
    ${cell('In', bytesRate(rates.get(host.id + IN)), 'number')}
    ${cell('Out', bytesRate(rates.get(host.id + OUT)), 'number')}
    ${cell('CPU, 30 min', sparkline(sparks.get(host.id), 100, 'CPU of the last half hour'), 'line')}
    ${cell('Seen', host.last_seen_ms ? when(Math.min(host.last_seen_ms, serverNow())) : html`<span class="quiet">never</span>`, 'number seen')}</tr>`;
}

const COUNT_WORDS = { critical: 'critical', warn: 'warning', stale: 'no news', ok: 'ok' };
const countsView = (counts) => Object.keys(COUNT_WORDS).filter((l) => counts[l]).map((l) => badge(l, `${counts[l]} ${COUNT_WORDS[l]}`));

const groupRow = (row, index) => html`<tr class="group-row" aria-rowindex=${index + 2}><th scope="rowgroup" colspan=${HEADS.length}>
  <b>${row.group}</b> <span class="quiet">${several(row.size, 'host')}, ${Math.round((100 * row.counts.ok) / row.size)} % ok</span> ${countsView(row.counts)}</th></tr>`;

const rowHeight = () => Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row')) || 46;

/** First and behind-the-last row that are in view, or near it. */
function viewed(count) {
  const body = document.getElementById('rows');
  const height = rowHeight();
  const top = body ? body.getBoundingClientRect().top : 300;
  // In strides, so that most steps of scrolling change no row.
  const first = Math.max(0, Math.floor((-top / height - MARGIN_ROWS / 2) / MARGIN_ROWS) * MARGIN_ROWS);
  return [Math.min(first, count), Math.min(count, first + Math.ceil(innerHeight / height) + 2 * MARGIN_ROWS), height];
}

function headCell([key, words], sort, isTurned) {
  if (!key) return html`<th scope="col" class="line">${words}</th>`;
  const direction = directionOf(sort, isTurned) > 0 ? 'ascending' : 'descending';
  const turn = () => amend({ sort: key === 'state' ? null : key, turned: key === sort && !isTurned ? '1' : null });
  return html`<th scope="col" class=${key} aria-sort=${key === sort ? direction : 'none'}><button type="button" @click=${turn}>${words}${
    key === sort ? html`<span aria-hidden="true"> ${direction === 'ascending' ? '↑' : '↓'}</span>` : nothing}</button></th>`;
}

const hold = () => { held = held ?? 'next'; };
const letGo = () => { held = null; };

/** While the pointer or the focus is in the table no row moves away below it. */
function orderOf(hosts, key) {
  const order = held?.key === key ? held.ids.map((id) => state.byId.get(id)).filter(Boolean) : null;
  if (order && order.length === hosts.length) return order;
  if (held) held = { key, ids: hosts.map((h) => h.id) };
  return hosts;
}

/** What only changes with the hosts or the address: made once for each, not for each frame of scrolling. */
function arranged() {
  const { query } = here();
  const key = JSON.stringify(query);
  const made = `${state.version} ${key}`;
  if (arrangement.made === made) return arrangement;
  const words = [query.q ?? '', query.state ? 'state:' + query.state : ''].join(' ').toLowerCase().split(/\s+/).filter(Boolean);
  const found = words.length ? state.hosts.filter((h) => matches(h, words)) : state.hosts;
  const hosts = orderOf(sorted(found, query.sort ?? 'state', Boolean(query.turned)), key);
  arrangement = { made, rows: rowsOf(hosts, query.by), keys: groupings(state.hosts) };
  return arrangement;
}

function tableView() {
  const { query } = here();
  const sort = query.sort ?? 'state';
  const { rows } = arranged();
  const [from, to, height] = viewed(rows.length);
  return html`${controlsView(query)}
    ${rows.length === 0 ? empty('No host matches', 'Change the search above.') : html`
    <table class="hosts" aria-rowcount=${rows.length + 1} aria-label="Hosts" @pointerenter=${hold} @pointerleave=${letGo} @focusin=${hold} @focusout=${letGo}>
      <thead><tr aria-rowindex="1">${HEADS.map((head) => headCell(head, sort, Boolean(query.turned)))}</tr></thead>
      <tbody id="rows"><tr class="gap" aria-hidden="true"><td colspan=${HEADS.length} height=${from * height}></td></tr>
        ${rows.slice(from, to).map((row, i) => (row.host ? hostRow(row.host, from + i) : groupRow(row, from + i)))}
        <tr class="gap" aria-hidden="true"><td colspan=${HEADS.length} height=${(rows.length - to) * height}></td></tr></tbody></table>`}`;
}

function controlsView(query) {
  const onSearch = (event) => amend({ q: event.target.value.trim() || null });
  return html`<div class="controls">
    <label class="search"><span class="unseen">Search hosts</span><input id="search" type="search" placeholder="Search  ( / )  name, region, state:warn" .value=${query.q ?? ''} @input=${onSearch}></label>
    <label>Group by <select @change=${(event) => amend({ by: event.target.value || null })}>
      <option value="" ?selected=${!query.by}>nothing</option>
      ${arranged().keys.map((key) => html`<option value=${key} ?selected=${query.by === key}>${key}</option>`)}</select></label></div>`;
}

function countersView() {
  const { query } = here();
  return html`<div class="counters" role="group" aria-label="Hosts by state">${Object.entries(COUNT_WORDS).map(([level, word]) => html`
    <button type="button" class="counter ${level}" aria-pressed=${String(query.state === level)} @click=${() => amend({ state: query.state === level ? null : level })}>
      <b>${state.levels[level]}</b> ${badge(level, word)}</button>`)}</div>`;
}

const onScroll = () => { if (state.hosts.length > 20) draw(); };

export const overviewPage = {
  title: () => 'Overview',
  open(at, isOther) {
    held = null;
    if (!isOther) return;
    addEventListener('scroll', onScroll, { passive: true });
    addEventListener('resize', onScroll);
    sparksAt = Date.now() - SPARK_MS + 1000;
  },
  close() {
    removeEventListener('scroll', onScroll);
    removeEventListener('resize', onScroll);
  },
  tick: refresh,
  view() {
    if (state.hosts.length === 0) return addView(true);
    return html`<h1 aria-live="polite" class="sentence" id="state">${state.summary}</h1>
      ${countersView()}${attentionView()}<section class="card hosts-card" aria-label="All hosts">${tableView()}</section>`;
  },
};
