// SPDX-License-Identifier: MIT
// Vultr's own client (tools/deps vultr) reads what the aggregator reads: FOLDER BASE KEY PER_PAGE ID...
// Prints {servers: all pages of them, pages, bandwidth: {ID: answer}, refused: what it says of a wrong key,
// examples: the answers that the client's own tests are given}.
const Module = require("module");
const path = require("path");

const [folder, baseUrl, apiKey, perPage, ...ids] = process.argv.slice(2);
let examples;

// The client's one dependency is a fetch, which Node has; its tests hand their examples to a runner.
const load = Module._load;
Module._load = function (request, parent, isMain) {
    if (request === "node-fetch") return fetch;
    if (request === "../util" && parent.filename.endsWith(".test.js"))
        return { createTestSuite: (_name, _parameters, answers) => (examples = answers) };
    return load.call(this, request, parent, isMain);
};

function good(answer) {
    if (answer instanceof Error) throw answer;
    return answer;
}

async function main() {
    const vultr = require(path.join(folder, "dist/index.js"));
    const client = vultr.initialize({ apiKey, baseUrl });
    const servers = [];
    let pages = 0;
    for (let cursor = ""; ; ) {
        const page = good(await client.instances.listInstances({ per_page: perPage, ...(cursor && { cursor }) }));
        servers.push(...page.instances);
        pages++;
        cursor = page.meta.links.next;
        if (!cursor) break;
        if (pages > 1000) throw new Error("there is no end of pages");
    }
    const bandwidth = {};
    for (const id of ids)
        bandwidth[id] = good(await client.instances.getInstanceBandwidth({ "instance-id": id, date_range: 31 }));
    const stranger = vultr.initialize({ apiKey: "wrong", baseUrl });
    const refused = String(await stranger.instances.listInstances({ per_page: "1" }));
    require(path.join(folder, "test/api/instances.test.js"));
    const { listInstances, getInstanceBandwidth } = examples;
    console.log(JSON.stringify({ servers, pages, bandwidth, refused, examples: { listInstances, getInstanceBandwidth } }));
}

main().catch(e => {
    console.error(String(e));
    process.exit(1);
});
