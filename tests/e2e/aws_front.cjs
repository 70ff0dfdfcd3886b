// SPDX-License-Identifier: MIT
// AWS as an aggregator meets it: node aws_front.cjs FOLDER PORT STATE.json [DYNAMODB_PORT KINESIS_PORT]
//
// Every request is signed again with the signer of AWS' own clients. What is signed rightly is taken (SNS) or handed
// to the stand-ins behind (DynamoDB, Kinesis), with the faults that STATE.json asks for; it is read again for each
// request, so that a proof changes it as it likes:
//   keys {id: {secret, token?, expired?}}   who may call        clock_s   how far AWS' clock is ahead of ours
//   faults {name: permille}                 see FAULTS          metadata  what the instance metadata answers, or null
//   answer {status, body}                   to all, in place of anything
// One line of JSON on standard output for each request.
const [folder, port, stateFile, dynamodbPort, kinesisPort] = process.argv.slice(2);
const { SignatureV4 } = require(`${folder}/node_modules/@smithy/signature-v4`);
const { Sha256 } = require(`${folder}/node_modules/@aws-crypto/sha256-js`);
const fs = require("fs");
const http = require("http");

const SKEW_MAX_MS = 300000;
let state = {};

function readState() {
    try {
        state = JSON.parse(fs.readFileSync(stateFile, "utf8"));
    } catch { /* it is being written */ }
}

const say = line => process.stdout.write(JSON.stringify(line) + "\n");
const clock = () => Date.now() + 1000 * (state.clock_s || 0);
const chance = name => Math.random() * 1000 < ((state.faults || {})[name] || 0);

// --- who calls ---

function refusalOf(request, service, body) {
    const given = request.headers.authorization || "";
    const [, id, region, names] = /Credential=([^/]+)\/\d+\/([^/]+)\/[^,]+, *SignedHeaders=([^,]+)/.exec(given) || [];
    const date = request.headers["x-amz-date"], token = request.headers["x-amz-security-token"];
    if (!names || !date) return { code: "MissingAuthenticationTokenException" };
    const key = (state.keys || {})[id];
    if (!key) return { code: service === "sns" ? "InvalidClientTokenId" : "UnrecognizedClientException" };
    if (key.expired) return { code: service === "sns" ? "ExpiredToken" : "ExpiredTokenException" };
    if ((key.token || undefined) !== token) return { code: "UnrecognizedClientException" };
    const when = new Date(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, "$1-$2-$3T$4:$5:$6Z"));
    return { id, key, token, region, names: names.split(";"), when };
}

async function isSigned(request, caller, service, body) {
    const headers = {};
    for (const name of caller.names) headers[name] = request.headers[name];
    const signer = new SignatureV4({
        credentials: { accessKeyId: caller.id, secretAccessKey: caller.key.secret, sessionToken: caller.token },
        region: caller.region, service, sha256: Sha256, applyChecksum: false,
    });
    const again = await signer.sign(
        { method: request.method, protocol: "http:", hostname: "127.0.0.1", path: request.url, query: {}, headers, body },
        { signingDate: caller.when, signableHeaders: new Set(caller.names) });
    return again.headers.authorization === request.headers.authorization;
}

// The code of why it is refused, "" when it is not.
async function judge(request, service, body) {
    const caller = refusalOf(request, service, body);
    if (caller.code) return caller.code;
    const wrong = service === "sns" ? "SignatureDoesNotMatch" : "InvalidSignatureException";
    for (const name of ["host", "x-amz-date", ...(service === "sns" ? [] : ["x-amz-target", "content-type"])])
        if (!caller.names.includes(name)) return wrong;
    if (!await isSigned(request, caller, service, body)) return wrong;
    return Math.abs(clock() - caller.when) > SKEW_MAX_MS ? (service === "sns" ? "SignatureDoesNotMatch" : wrong) : "";
}

// --- answers ---

function send(response, status, body, type, more = {}) {
    response.sendDate = false;
    response.writeHead(status, { "Content-Type": type, Date: new Date(clock()).toUTCString(), ...more });
    response.end(body);
}

function refuse(response, service, code, status = 400) {
    if (service === "sns")
        send(response, 403, `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`, "text/xml");
    else
        send(response, status, JSON.stringify({ __type: `com.amazonaws.${service}#${code}`, message: "no" }), "application/x-amz-json-1.0");
}

function metadata(request, response) {
    const m = state.metadata;
    const path = request.url.replace("/latest/", "");
    if (!m) return send(response, 404, "", "text/plain");
    if (path === "api/token")
        return request.method === "PUT" ? send(response, 200, "metadata-token", "text/plain") : send(response, 405, "", "text/plain");
    if (request.headers["x-aws-ec2-metadata-token"] !== "metadata-token") return send(response, 401, "", "text/plain");
    if (path === "meta-data/placement/region") return send(response, 200, m.region, "text/plain");
    if (path === "meta-data/iam/security-credentials/") return send(response, 200, "the-role", "text/plain");
    if (path === "meta-data/iam/security-credentials/the-role")
        return send(response, 200, JSON.stringify({ Code: "Success", ...m.keys }), "text/plain");
    return send(response, 404, "", "text/plain");
}

function ask(service, request, body) {
    return new Promise((resolve, reject) => {
        const headers = { ...request.headers, "content-length": Buffer.byteLength(body) };
        const call = http.request({ host: "127.0.0.1", port: service === "dynamodb" ? dynamodbPort : kinesisPort, method: "POST", path: "/", headers }, answer => {
            const parts = [];
            answer.on("data", part => parts.push(part));
            answer.on("end", () => resolve({ status: answer.statusCode, body: Buffer.concat(parts).toString() }));
        });
        call.on("error", reject);
        call.end(body);
    });
}

// Holds back every other operation, as a throttled table or shard does: what goes on, and how the answer becomes.
function holdBack(operation, body) {
    const asked = JSON.parse(body);
    if (operation === "BatchWriteItem") {
        const held = {};
        for (const [table, list] of Object.entries(asked.RequestItems)) {
            held[table] = list.filter((_, i) => i % 2 === 1);
            asked.RequestItems[table] = list.filter((_, i) => i % 2 === 0);
            if (held[table].length === 0) delete held[table];
        }
        return [asked, answer => ({ ...answer, UnprocessedItems: held })];
    }
    const records = asked.Records;
    asked.Records = records.filter((_, i) => i % 2 === 0);
    return [asked, answer => ({
        FailedRecordCount: Math.floor(records.length / 2),
        Records: records.map((_, i) => i % 2 === 0 ? answer.Records[i / 2]
            : { ErrorCode: "ProvisionedThroughputExceededException", ErrorMessage: "Rate exceeded for shard" }),
    })];
}

// FAULTS: throttled (400), busy (429), broken (500), html (502), slow (2.5 s), unheard (reset before it is taken),
// lost (reset after), partly (every other item or record is held back).
async function serve(service, operation, request, body, response) {
    if (chance("throttled")) return refuse(response, service, "ProvisionedThroughputExceededException");
    if (chance("busy")) return send(response, 429, "", "text/plain", { "Retry-After": "1" });
    if (chance("broken")) return refuse(response, service, "InternalServerError", 500);
    if (chance("html")) return send(response, 502, "<html>Bad gateway</html>", "text/html");
    if (chance("unheard")) return request.socket.destroy();
    if (chance("slow")) await new Promise(done => setTimeout(done, 2500));
    const isPartly = ["BatchWriteItem", "PutRecords"].includes(operation) && chance("partly");
    const [asked, merge] = isPartly ? holdBack(operation, body) : [null, null];
    let answer;
    try {
        answer = await ask(service, request, asked ? JSON.stringify(asked) : body);
    } catch {
        return request.socket.destroy(); // what is behind has died
    }
    if (chance("lost")) return request.socket.destroy();
    if (merge && answer.status === 200) answer.body = JSON.stringify(merge(JSON.parse(answer.body)));
    return send(response, answer.status, answer.body, "application/x-amz-json-1.0");
}

http.createServer((request, response) => {
    const parts = [];
    request.on("data", part => parts.push(part));
    request.on("end", async () => {
        readState();
        if (request.url.startsWith("/latest/")) return metadata(request, response);
        const body = Buffer.concat(parts).toString();
        const [target, operation] = (request.headers["x-amz-target"] || "").split(".");
        const service = target.startsWith("DynamoDB") ? "dynamodb" : target.startsWith("Kinesis") ? "kinesis" : "sns";
        if (state.answer) return send(response, state.answer.status, state.answer.body, "text/html");
        const code = await judge(request, service, body);
        const fields = service === "sns" ? Object.fromEntries(new URLSearchParams(body)) : undefined;
        say({ service, operation, good: code === "", code, fields, size: body.length });
        if (code !== "") return refuse(response, service, code);
        if (service !== "sns") return serve(service, operation, request, body, response);
        const ordered = fields.TopicArn?.endsWith(".fifo"), named = fields.MessageDeduplicationId !== undefined;
        if (ordered ? !named || !fields.MessageGroupId : named)
            return send(response, 400, `<ErrorResponse><Error><Type>Sender</Type><Code>InvalidParameter</Code><Message>MessageGroupId, MessageDeduplicationId</Message></Error></ErrorResponse>`, "text/xml");
        if (chance("busy")) return send(response, 429, "", "text/plain", { "Retry-After": "1" });
        return send(response, 200, '<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>', "text/xml");
    });
}).listen(Number(port), "127.0.0.1");
