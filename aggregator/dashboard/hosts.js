// SPDX-License-Identifier: MIT
// Which hosts the overview shows, in which order and groups. Pure functions.

import { LEVELS, levelOf, newest } from './state.js';

const tagValue = (host, key) => host.facts?.metadata?.tags?.[key] ?? host.facts?.metadata?.told?.[key];

/** Bytes a second of all interfaces; the keys are id and metric. */
export const rates = new Map();
export const IN = ' network_rx_bytes';
export const OUT = ' network_tx_bytes';

/** What a host is sorted by; the first word is the key in the address. */
export const COLUMNS = {
  state: (h) => LEVELS[levelOf(h)],
  name: (h) => h.name.toLowerCase(),
  cpu: (h) => newest(h, 'cpu_usage'),
  memory: (h) => newest(h, 'memory_usage_percent'),
  disk: (h) => newest(h, 'disk_usage_percent'),
  load: (h) => newest(h, 'load_average_1min'),
  in: (h) => rates.get(h.id + IN),
  out: (h) => rates.get(h.id + OUT),
  seen: (h) => h.last_seen_ms,
  alerts: (h) => h.alerts.length,
};
const HIGH_FIRST = new Set(['cpu', 'memory', 'disk', 'load', 'in', 'out', 'alerts']);

export const directionOf = (sort, isTurned) => (HIGH_FIRST.has(sort) !== isTurned ? -1 : 1);

/** Words are all to be found in name, id, provider, region, type, address or state; "state:warn" only there. */
export function matches(host, words) {
  const f = host.facts;
  const level = levelOf(host);
  const text = [host.name, host.id, f?.provider, f?.region, f?.type, f?.metadata?.ipAddress, level].join(' ').toLowerCase();
  return words.every((word) => {
    const at = word.indexOf(':');
    if (at <= 0) return text.includes(word);
    const [key, value] = [word.slice(0, at), word.slice(at + 1)];
    const known = { state: level, provider: f?.provider, region: f?.region, type: f?.type }[key] ?? tagValue(host, key);
    return String(known ?? '').toLowerCase().startsWith(value);
  });
}

export function sorted(hosts, sort, isTurned) {
  const value = COLUMNS[sort] ?? COLUMNS.state;
  const direction = directionOf(sort, isTurned);
  const keyed = hosts.map((host) => ({ host, key: value(host), name: host.name }));
  keyed.sort((a, b) => {
    if (a.key === undefined || b.key === undefined) return (a.key === undefined) - (b.key === undefined) || a.name.localeCompare(b.name);
    const order = a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
    return direction * order || a.name.localeCompare(b.name) || (a.host.id < b.host.id ? -1 : 1);
  });
  return keyed.map((k) => k.host);
}

/** What hosts can be grouped by: provider, region, type and keys of tags that some host has. */
export function groupings(hosts) {
  const keys = new Set(['provider', 'region', 'type']);
  for (const host of hosts) {
    for (const from of [host.facts?.metadata?.tags, host.facts?.metadata?.told]) {
      for (const [key, v] of Object.entries(from ?? {})) if (typeof v === 'string' && v.length < 64) keys.add(key);
    }
  }
  return [...keys];
}

export function health(hosts) {
  const counts = { ok: 0, warn: 0, critical: 0, stale: 0 };
  for (const host of hosts) counts[levelOf(host)]++;
  return counts;
}

/** Rows of the table: hosts, and before each group its head { group, counts, hosts }. */
export function rowsOf(hosts, by) {
  if (!by) return hosts.map((host) => ({ host }));
  const groups = new Map();
  for (const host of hosts) {
    const name = String(host.facts?.[by] ?? tagValue(host, by) ?? '(none)');
    if (!groups.has(name)) groups.set(name, []);
    groups.get(name).push(host);
  }
  const heads = [...groups].map(([group, members]) => ({ group, members, counts: health(members) }));
  heads.sort((a, b) => b.counts.critical - a.counts.critical || b.counts.warn - a.counts.warn || a.group.localeCompare(b.group));
  return heads.flatMap(({ group, members, counts }) => [{ group, counts, size: members.length }, ...members.map((host) => ({ host }))]);
}
