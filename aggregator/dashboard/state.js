// SPDX-License-Identifier: MIT
// What the whole page knows: hosts with their newest values, facts, open alerts, the connection. Pages read it; they are
// told by `draw` that something has changed.

import { get } from './api.js';

const POLL_MS = 5000;
const POLL_MANY_MS = 10000;
const MANY = 150;
const SLOW_MS = 30000;
const LIST_METRICS = 'cpu_usage,memory_usage_percent,disk_usage_percent,load_average_1min';

export const state = {
  hosts: [], // of /api/v1/live, each with `rate`, `facts`, `alerts`
  byId: new Map(),
  alerts: [], // open ones
  version: 0, // grows when hosts or alerts have changed
  summary: 'Hosts', // how they are, and levels: how many of them
  levels: {},
  self: null,
  who: null,
  offset: 0, // the aggregator's clock less the browser's, ms
  answeredAt: 0,
  error: '',
  needsToken: false,
  live: { open: false, retryAt: 0 },
};

const facts = new Map();
const listeners = [];
let isDrawn = true;

export const serverNow = () => Date.now() + state.offset;
export const pollMs = () => (state.hosts.length > MANY ? POLL_MANY_MS : POLL_MS);
export const mayOperate = () => ['operator', 'local', 'admin'].includes(state.who?.role);
export const isAdmin = () => state.who?.role === 'admin';
/** Nothing has come for a while: what is shown is what was. */
export const isLost = () => Boolean(state.error) || (!state.live.open && state.live.retryAt > 0);
export const onDraw = (listener) => listeners.push(listener);

/** Draws once, with the next frame; many changes are one drawing. */
export function draw() {
  if (!isDrawn) return;
  isDrawn = false;
  const paint = () => {
    isDrawn = true;
    listeners.forEach((listener) => listener());
  };
  if (document.hidden) setTimeout(paint, 200);
  else requestAnimationFrame(paint);
}

export function report(error) {
  if (error.status === 401) state.needsToken = true;
  else state.error = error.status ? `${error.status}: ${error.message}` : 'no connection';
  draw();
}

/** Newest value of a series of a host; undefined when there is none. With several, the highest. */
export function newest(host, metric) {
  let most;
  for (const s of host.series) if (s.metric === metric && s.v !== undefined && !(s.v <= most)) most = s.v;
  return most;
}

function takeHosts(hosts) {
  state.byId = new Map();
  for (const host of hosts) {
    host.facts = facts.get(host.id);
    state.byId.set(host.id, host);
  }
  state.hosts = hosts;
  giveAlerts();
}

/** To the hosts that they are of. */
function giveAlerts() {
  for (const host of state.hosts) host.alerts = [];
  for (const alert of state.alerts) state.byId.get(alert.instanceId)?.alerts.push(alert);
}

async function pollHosts() {
  const answer = await get('/api/v1/live', { metric: LIST_METRICS });
  // Hosts that measure none of these are hosts all the same.
  const seen = new Set(answer.instances.map((i) => i.id));
  const silent = [...facts.values()].filter((f) => !seen.has(f.id)).map((f) => ({
    id: f.id, name: f.name, status: f.status, connected: false, series: [], interval_ms: 0, skew_ms: 0,
    last_seen_ms: Date.parse(f.lastHealthCheck) || 0, last_sample_ms: 0,
  }));
  state.offset = answer.now_ms - Date.now();
  state.answeredAt = Date.now();
  state.error = '';
  state.needsToken = false;
  takeHosts([...answer.instances, ...silent]);
}

export async function pollFacts() {
  let key, list = [];
  do {
    const answer = await get('/instances', key ? { limit: 1000, lastEvaluatedKey: key } : { limit: 1000 });
    list = list.concat(answer.instances);
    key = answer.lastEvaluatedKey;
  } while (key);
  facts.clear();
  for (const f of list) facts.set(f.id, f);
  for (const host of state.hosts) host.facts = facts.get(host.id);
}

export async function pollAlerts() {
  const lists = await Promise.all(['active', 'acknowledged'].map((status) => get('/alerts', { status, limit: 500 })));
  state.alerts = lists.flatMap((answer) => answer.alerts);
  giveAlerts();
}

async function pollSelf() {
  state.self = await get('/api/v1/self');
}

/** Runs for ever, one question of a kind at a time. */
function keepAsking(question, pause) {
  const ask = async () => {
    try {
      await question();
      state.version++;
      draw();
    } catch (error) {
      report(error);
    }
    setTimeout(ask, pause());
  };
  ask();
}

export async function begin() {
  await pollFacts().catch(report);
  keepAsking(pollHosts, pollMs);
  keepAsking(pollAlerts, () => POLL_MS);
  keepAsking(async () => Object.assign(state, await get('/insights/quick-summary')), () => 2 * POLL_MS);
  keepAsking(pollSelf, () => SLOW_MS);
  setTimeout(() => keepAsking(pollFacts, () => SLOW_MS), SLOW_MS);
}

// --- how a host is ---

export const LEVELS = { critical: 0, warn: 1, stale: 2, ok: 3 };

/** critical, warn, stale or ok: of its connection and of its open alerts, the worse. */
export function levelOf(host) {
  const severe = (a) => a.status === 'active' && ['critical', 'high'].includes(a.severity);
  if (host.status === 'unhealthy' || host.alerts.some(severe)) return 'critical';
  if (host.status === 'degraded' || host.alerts[0]) return 'warn';
  return host.status === 'healthy' ? 'ok' : 'stale';
}
