// SPDX-License-Identifier: MIT
// What is drawn of a host, in reading order.

import { bytes, bytesRate, percent, plain } from './format.js';

/** Every metric that a chart or tile needs; one query fetches them all. */
export const METRICS = [
  'cpu_usage', 'cpu_seconds', 'memory_usage_percent', 'memory_total_bytes', 'memory_available_bytes', 'memory_free_bytes',
  'load_average_1min', 'load_average_5min', 'load_average_15min', 'disk_read_bytes', 'disk_written_bytes',
  'disk_usage_percent', 'disk_used_bytes', 'disk_available_bytes', 'network_rx_bytes', 'network_tx_bytes',
  'swap_total_bytes', 'swap_free_bytes', 'uptime',
];

const MODES = [
  ['user', ['user']],
  ['system', ['system']],
  ['waiting for disk', ['iowait']],
  ['stolen by host', ['steal']],
  ['interrupts', ['irq', 'softirq']],
  ['low priority', ['nice']],
];

/** Column of f(a, b, ...) where all inputs have a value. */
function combine(f, ...columns) {
  if (columns.some((c) => !c)) return undefined;
  return columns[0].map((_, i) => {
    const values = columns.map((c) => c[i]);
    return values.some((v) => v === null || v === undefined) ? null : f(...values);
  });
}

function cpuLines(series, colors) {
  // All modes together are the time of all CPUs: that is the hundred percent.
  const all = series.tags('cpu_seconds').map((tag) => series.column('cpu_seconds', tag));
  const total = combine((...v) => v.reduce((a, b) => a + b, 0), ...all);
  return MODES.map(([name, modes], i) => {
    const parts = modes.map((mode) => series.column('cpu_seconds', 'mode=' + mode)).filter(Boolean);
    if (!total || parts.length === 0) return { name };
    const share = (sum, ...v) => (sum > 0 ? (100 * v.reduce((a, b) => a + b, 0)) / sum : null);
    return { name, color: colors[i], values: combine(share, total, ...parts) };
  });
}

function memoryLines(series, colors) {
  const total = series.column('memory_total_bytes');
  const available = series.column('memory_available_bytes');
  const free = series.column('memory_free_bytes');
  return [
    { name: 'used', color: colors[0], values: combine((t, a) => t - a, total, available) },
    { name: 'cache', color: colors[5], values: combine((a, f) => Math.max(0, a - f), available, free) },
  ];
}

function loadLines(series, colors) {
  return [['1 min', 'load_average_1min'], ['5 min', 'load_average_5min'], ['15 min', 'load_average_15min']].map(([name, metric], i) => ({
    name, color: colors[[0, 2, 1][i]], values: series.column(metric),
  }));
}

/** Two directions for each device or interface: one grows up, the other down. */
function mirrorLines(series, colors, up, down) {
  const lines = [];
  series.tags(up.metric).slice(0, 6).forEach((tag, i) => {
    const name = tag.slice(tag.indexOf('=') + 1);
    lines.push({ name: `${name} ${up.word}`, color: colors[i], values: series.column(up.metric, tag) });
    lines.push({ name: `${name} ${down.word}`, color: colors[i], values: series.column(down.metric, tag), down: true });
  });
  return lines;
}

export const SPECS = [
  { id: 'cpu', title: 'CPU', unit: '% of all CPUs', kind: 'stack', format: percent, lines: cpuLines, max: () => 100, fixed: true },
  {
    id: 'memory', title: 'Memory', unit: 'of what the kernel manages', kind: 'stack', format: bytes, binary: true, lines: memoryLines, fixed: true,
    max: (series) => Math.max(0, ...(series.column('memory_total_bytes') ?? []).filter((v) => v !== null)) || null,
  },
  {
    id: 'network', title: 'Network', unit: 'received ↑  sent ↓', kind: 'mirror', format: bytesRate, binary: true, least: 1024,
    lines: (series, colors) => mirrorLines(series, colors, { metric: 'network_rx_bytes', word: '↑ in' }, { metric: 'network_tx_bytes', word: '↓ out' }),
    empty: 'No network interface is watched on this host.',
  },
  {
    id: 'disk', title: 'Disk I/O', unit: 'read ↑  written ↓', kind: 'mirror', format: bytesRate, binary: true, least: 4096,
    lines: (series, colors) => mirrorLines(series, colors, { metric: 'disk_read_bytes', word: '↑ read' }, { metric: 'disk_written_bytes', word: '↓ written' }),
    empty: 'No block device is watched on this host.',
  },
  { id: 'load', title: 'Load', unit: 'runnable and waiting threads', kind: 'lines', format: plain, lines: loadLines, least: 1 },
];
