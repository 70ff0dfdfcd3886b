// SPDX-License-Identifier: MIT
// Sends a few metrics with OpenTelemetry's own exporter: node otlp_sender.js FOLDER URL proto|json none|gzip HOST
const [folder, url, form, compression, host] = process.argv.slice(2);
const from = (name) => require(require.resolve(name, {paths: [folder]}));
const {MeterProvider, PeriodicExportingMetricReader} = from('@opentelemetry/sdk-metrics');
const {resourceFromAttributes} = from('@opentelemetry/resources');
const {OTLPMetricExporter} = from(`@opentelemetry/exporter-metrics-otlp-${form === 'proto' ? 'proto' : 'http'}`);

async function main() {
    const exporter = new OTLPMetricExporter({url, compression});
    const reader = new PeriodicExportingMetricReader({exporter, exportIntervalMillis: 3600000});
    const provider = new MeterProvider({
        resource: resourceFromAttributes({'host.name': host, 'service.name': 'shop', 'cloud.provider': 'aws',
            'cloud.region': 'eu-west-1'}),
        readers: [reader],
    });
    const meter = provider.getMeter('e2e');
    const orders = meter.createCounter('orders', {unit: '{order}'});
    const queue = meter.createUpDownCounter('queue.length');
    const latency = meter.createHistogram('latency', {unit: 'ms', advice: {explicitBucketBoundaries: [5, 50]}});
    meter.createObservableGauge('temperature', {unit: 'Cel'}).addCallback((r) => r.observe(21.375, {room: 7}));
    for (let i = 1; i <= 5; i++) {
        orders.add(i, {kind: 'book'});
        queue.add(i % 2 === 0 ? -1 : 2);
        latency.record(i * 4, {ok: true});
        await provider.forceFlush(); // rejects when the export fails
    }
    await provider.shutdown();
}

main().catch((e) => {
    console.error(e);
    process.exit(1);
});
